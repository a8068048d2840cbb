package main

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seed48429006/sessions"
)

const (
	// password opens every account of this shop, in which there is nothing to
	// steal. A real shop keeps a hash of each customer's own.
	password = "demo"

	maxName = 40
)

func (s *shop) showLogin(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	next := afterLogin(r.URL.Query().Get("next"))
	if cart.Value().Customer != "" {
		redirect(w, r, next)
		return
	}
	s.askToLogIn(w, http.StatusOK, cart, loginForm{Next: next})
}

// A loginForm is the log-in page as it was filled in, without the password.
type loginForm struct {
	Next, Name string
	Remember   bool
	Refused    bool
	Days       int // for how many days the shop remembers a customer
}

func (s *shop) askToLogIn(w http.ResponseWriter, status int, cart *sessions.Session[Cart], form loginForm) {
	form.Days = int(s.carts.Options().Remember.Lifetime.Hours() / 24)
	showAs(w, status, cart, "login.html", "Log in", form)
}

// logIn makes the session the customer's. LogIn gives it a new token and ends all
// others, so that a token that an attacker planted before is worthless. The second
// click of a double click joins the session of the first one.
func (s *shop) logIn(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	form := loginForm{
		Next:     afterLogin(r.PostFormValue("next")),
		Name:     strings.TrimSpace(r.PostFormValue("name")),
		Remember: r.PostFormValue("remember") != "",
	}
	if !validName(form.Name) || r.PostFormValue("password") != password {
		// The form is answered by itself: a guess changes no session, and makes none.
		form.Refused = true
		s.askToLogIn(w, http.StatusUnprocessableEntity, cart, form)
		return
	}
	device := deviceOf(r.UserAgent())
	cart.LogIn(func(c *Cart) { c.logIn(form.Name, device) })
	cart.Remember(form.Remember)
	redirect(w, r, form.Next)
}

// logOut ends the session. The notice begins a new one, which has nothing of it.
func logOut(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	cart.Destroy()
	cart.Update(func(c *Cart) { c.notify("You are logged out. See you soon!") })
	redirect(w, r, "/")
}

func validName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName
}

// loginPage returns the path of the log-in page that leads to next.
func loginPage(next string) string {
	return "/login?" + url.Values{"next": {next}}.Encode()
}

// afterLogin returns where to go after the log-in. It knows the pages that ask
// for one: anybody can put anything into a link.
func afterLogin(next string) string {
	switch next {
	case "/checkout", "/sessions":
		return next
	}
	return "/"
}
