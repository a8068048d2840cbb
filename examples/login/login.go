package main

import (
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// showLogin asks for the password: of a visitor who is not logged in, or again of
// one who is.
func (s *site) showLogin(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	show(w, http.StatusOK, "login", loginForm{
		Name:     login.Value().User,
		Next:     next(r.FormValue("next")),
		Remember: login.Remembered(),
	})
}

// A loginForm is the log-in page as it was filled in, without the password.
type loginForm struct {
	Name, Next        string
	Remember, Refused bool
}

// logIn checks the password. LogIn gives the session a new token, and the time in
// Session.LoggedIn. A log-in that is sent twice, by a double click, succeeds twice and
// leaves one session.
func (s *site) logIn(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	form := loginForm{
		Name:     r.PostFormValue("name"),
		Next:     next(r.PostFormValue("next")),
		Remember: r.PostFormValue("remember") != "",
	}
	if !s.accounts.check(form.Name, r.PostFormValue("password")) {
		form.Refused = true
		show(w, http.StatusUnprocessableEntity, "login", form)
		return
	}
	device := r.UserAgent()
	login.LogIn(func(l *Login) { *l = Login{User: form.Name, Device: device} })
	login.Remember(form.Remember)
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
}

func (s *site) logOut(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	login.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// secret shows a page for which the password must have been typed a short while ago.
func (s *site) secret(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	if login.Value().User == "" || time.Since(login.LoggedIn()) > fresh {
		http.Redirect(w, r, "/login?next=/secret", http.StatusSeeOther)
		return
	}
	show(w, http.StatusOK, "secret", login.Value())
}

// next returns the page to show after the log-in. It knows the pages that ask for
// one: anyone can put anything into a link.
func next(path string) string {
	if path == "/secret" {
		return path
	}
	return "/"
}
