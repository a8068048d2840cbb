package guides

import (
	"net/http"

	"github.com/seed48429006/sessions"
)

// newPassword ends the user's other sessions, and all other tokens of this one, when the
// password has changed.
func newPassword(accounts *sessions.Manager[Account]) http.HandlerFunc {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
		account.Renew()
		if _, err := accounts.RevokeAll(r.Context(), account.Value().User, "password_changed", account.ID()); err != nil {
			sessions.Fail[Account](w, r, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}

// NewPasswordPage returns the page that takes a new password.
func NewPasswordPage(accounts *sessions.Manager[Account]) http.Handler {
	return accounts.Handler(newPassword(accounts))
}
