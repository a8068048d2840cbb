package guides

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"

	"github.com/seed48429006/sessions"
)

// MoveFromGorilla gives visitors who still have a session of gorilla/sessions one of
// this library, with the same data. Each old session is read once and then ended. The
// handler belongs within the new manager's.
func MoveFromGorilla(store gorilla.Store, name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(name); err != nil {
			next.ServeHTTP(w, r)
			return
		}
		account, err := sessions.Get[Account](r)
		if err == nil {
			err = moveFromGorilla(w, r, store, name, account)
		}
		if err != nil {
			sessions.Fail[Account](w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func moveFromGorilla(w http.ResponseWriter, r *http.Request, store gorilla.Store, name string, account *sessions.Session[Account]) error {
	old, err := store.New(r, name)
	var invalid securecookie.Error
	if err != nil && !(errors.As(err, &invalid) && invalid.IsDecode()) {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	if !old.IsNew && account.IsNew() && !account.Gone() {
		account.LogIn(func(a *Account) { fillFromGorilla(old, a) })
		if err := account.Commit(r.Context()); err != nil {
			return err
		}
	}
	old.Options.MaxAge = -1 // clears the cookie; a store on the server also deletes the session
	if err := store.Save(r, w, old); err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	return nil
}

// fillFromGorilla is the part that you write: one line for each key.
func fillFromGorilla(old *gorilla.Session, a *Account) {
	a.User, _ = old.Values["user"].(string)
	a.Items, _ = old.Values["items"].([]string)
}
