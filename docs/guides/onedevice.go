package guides

import (
	"errors"
	"net/http"

	"github.com/seed48429006/sessions"
)

// oneDevice lets each user log in on one device at a time.
func oneDevice() *sessions.Options {
	return &sessions.Options{MaxPerOwner: 1, AtMax: sessions.RefuseLogIn}
}

// logInOnOneDevice logs in, unless the user is logged in elsewhere.
func logInOnOneDevice(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
	user := r.PostFormValue("user") // check a password here
	account.LogIn(func(a *Account) { a.User = user })
	err := account.Commit(r.Context())
	if errors.Is(err, sessions.ErrTooManySessions) {
		account.Discard()
		http.Error(w, "You are logged in on another device. Please log out there first.", http.StatusForbidden)
		return
	}
	if err != nil {
		sessions.Fail[Account](w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
