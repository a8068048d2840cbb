package guides

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"

	"github.com/seed48429006/sessions"
)

// A Form is the session of a visitor who sends forms.
type Form struct {
	User  string
	CSRF  string // of this session; empty before the first form
	Saved int
}

// SessionOwner makes the sessions of one user findable.
func (f Form) SessionOwner() string { return f.User }

// newCSRF gives the session its token, the first time. Two tabs that open at once get the
// same one.
func newCSRF(form *sessions.Session[Form]) {
	fresh := rand.Text()
	form.Update(func(f *Form) {
		if f.CSRF == "" {
			f.CSRF = fresh
		}
	})
}

// checkCSRF refuses requests without the session's token.
func checkCSRF(next func(http.ResponseWriter, *http.Request, *sessions.Session[Form])) http.Handler {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, form *sessions.Session[Form]) {
		want, got := form.Value().CSRF, r.PostFormValue("csrf")
		if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 0 {
			http.Error(w, "This form is out of date. Nothing was done: please load it again.", http.StatusForbidden)
			return
		}
		next(w, r, form)
	})
}

// FormRoutes mounts a form and its log-in, which begins with a new token.
func FormRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /form", sessions.Handle(func(w http.ResponseWriter, r *http.Request, form *sessions.Session[Form]) {
		newCSRF(form)
		if err := form.Commit(r.Context()); err != nil { // a token that is not stored fits nothing
			sessions.Fail[Form](w, r, err)
			return
		}
		fmt.Fprintf(w, `<form method="post" action="/save"><input type="hidden" name="csrf" value="%s"><button>Save</button></form>`, form.Value().CSRF)
	}))
	mux.Handle("POST /save", checkCSRF(func(w http.ResponseWriter, r *http.Request, form *sessions.Session[Form]) {
		form.Update(func(f *Form) { f.Saved++ })
		fmt.Fprint(w, "saved")
	}))
	mux.Handle("POST /login", checkCSRF(func(w http.ResponseWriter, r *http.Request, form *sessions.Session[Form]) {
		user := r.PostFormValue("user")
		form.LogIn(func(f *Form) { *f = Form{User: user} }) // without the token from before
	}))
	return mux
}
