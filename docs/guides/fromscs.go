package guides

import (
	"context"
	"fmt"
	"net/http"

	"github.com/alexedwards/scs/v2"

	"github.com/seed48429006/sessions"
)

// MoveFromSCS gives visitors who still have a session of scs a session of this
// library, with the same data and the same absolute end. Each old session is read
// once and then ended. The handler belongs within the new manager's.
func MoveFromSCS(old *scs.SessionManager, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(old.Cookie.Name)
		if err != nil || cookie.Value == "" {
			next.ServeHTTP(w, r)
			return
		}
		account, err := sessions.Get[Account](r)
		if err == nil {
			err = moveFromSCS(r.Context(), old, cookie.Value, account)
		}
		if err != nil {
			sessions.Fail[Account](w, r, err)
			return
		}
		clearCookie(w, old.Cookie.Name, old.Cookie.Path, old.Cookie.Domain)
		next.ServeHTTP(w, r)
	})
}

func moveFromSCS(ctx context.Context, old *scs.SessionManager, token string, account *sessions.Session[Account]) error {
	ctx, err := old.Load(ctx, token)
	if err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	if len(old.Keys(ctx)) > 0 && account.IsNew() && !account.Gone() {
		account.LogIn(func(a *Account) { fillFromSCS(ctx, old, a) })
		account.SetDeadline(old.Deadline(ctx))
		if err := account.Commit(ctx); err != nil {
			return err
		}
	}
	if err := old.Destroy(ctx); err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	return nil
}

// fillFromSCS is the part that you write: one line for each key.
func fillFromSCS(ctx context.Context, old *scs.SessionManager, a *Account) {
	a.User = old.GetString(ctx, "user")
	a.Items, _ = old.Get(ctx, "items").([]string)
}

// clearCookie tells the browser to forget a cookie.
func clearCookie(w http.ResponseWriter, name, path, domain string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: path, Domain: domain, MaxAge: -1})
}
