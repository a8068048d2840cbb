package guides

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"

	"github.com/seed48429006/sessions"
)

// MoveFromGorilla moves visitors who still have a session of gorilla/sessions into a
// session of this library, with the same data. Each old session is read once and then
// ended. The handler belongs within the new manager's.
//
// Name, Path and Domain of old must be as they were when the cookie was set.
func MoveFromGorilla(store gorilla.Store, old http.Cookie, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(old.Name); err != nil {
			next.ServeHTTP(w, r)
			return
		}
		account, err := sessions.Get[Account](r)
		if err == nil {
			err = moveFromGorilla(w, r, store, old, account)
		}
		if err != nil {
			sessions.Fail[Account](w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func moveFromGorilla(w http.ResponseWriter, r *http.Request, store gorilla.Store, cookie http.Cookie, account *sessions.Session[Account]) error {
	old, err := store.New(r, cookie.Name)
	var invalid securecookie.Error
	if err != nil && !(errors.As(err, &invalid) && invalid.IsDecode()) {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	if _, err := r.Cookie(cookie.Name + "_moved"); err == nil {
		slog.WarnContext(r.Context(), "the cookie of an old session came back: was it set with another Path or Domain?", "cookie", cookie.Name)
	} else if !old.IsNew && account.IsNew() && !account.Gone() {
		account.LogIn(func(a *Account) { fillFromGorilla(old, a) })
		if err := account.Commit(r.Context()); err != nil {
			return err
		}
	}
	options := *old.Options
	options.Path, options.Domain, options.MaxAge = cookie.Path, cookie.Domain, -1
	old.Options = &options
	if err := store.Save(r, w, old); err != nil { // clears the cookie; a store on the server also deletes the session
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	moved := options // a cookie that was not cleared does not log the visitor in again
	moved.Path, moved.MaxAge, moved.HttpOnly = "/", 400*86400, true
	http.SetCookie(w, gorilla.NewCookie(cookie.Name+"_moved", "1", &moved))
	return nil
}

// fillFromGorilla is the part that you write: one line for each key.
func fillFromGorilla(old *gorilla.Session, a *Account) {
	a.User, _ = old.Values["user"].(string)
	a.Items, _ = old.Values["items"].([]string)
}
