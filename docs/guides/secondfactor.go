package guides

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// A Login is the session of a site with a second factor.
type Login struct {
	User    string  // empty before both factors were shown
	Pending Pending // after the password
}

// Pending is a log-in that lacks its second factor. It grants nothing.
type Pending struct {
	User  string
	Until time.Time
	Tries int
}

// SessionOwner makes the sessions of one user findable.
func (l Login) SessionOwner() string { return l.User }

// Factors check what visitors type.
type Factors struct {
	Password func(user, password string) bool
	Code     func(user, code string) bool
}

const (
	codeTime  = 5 * time.Minute
	codeTries = 3
)

// password takes the first factor. It logs no user in.
func (f *Factors) password(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	user := r.PostFormValue("user")
	if !f.Password(user, r.PostFormValue("password")) {
		http.Error(w, "The name or the password is wrong.", http.StatusUnprocessableEntity)
		return
	}
	pending := Pending{User: user, Until: time.Now().Add(codeTime)}
	login.Update(func(l *Login) { l.User, l.Pending = "", pending })
	login.Renew() // a token from before must not see the second step
	fmt.Fprint(w, "the code, please")
}

// code takes the second factor. The try is counted and saved before the code is checked,
// so that parallel requests have no more tries than others.
func (f *Factors) code(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	var pending Pending
	login.Update(func(l *Login) {
		pending = l.Pending
		if l.Pending.Tries++; l.Pending.Tries >= codeTries || time.Now().After(l.Pending.Until) {
			l.Pending = Pending{}
		}
	})
	if err := login.Commit(r.Context()); err != nil {
		sessions.Fail[Login](w, r, err)
		return
	}
	if pending.User == "" || time.Now().After(pending.Until) || !f.Code(pending.User, r.PostFormValue("code")) {
		http.Error(w, "That was wrong, or too late.", http.StatusUnprocessableEntity)
		return
	}
	login.LogIn(func(l *Login) { *l = Login{User: pending.User} })
	fmt.Fprint(w, "welcome")
}

// sensitive wants both factors of the last few minutes.
func (f *Factors) sensitive(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	if login.Value().User == "" || time.Since(login.LoggedIn()) > fresh {
		http.Redirect(w, r, "/login?next=/sensitive", http.StatusSeeOther)
		return
	}
	fmt.Fprint(w, "the secret of "+login.Value().User)
}

// Handler mounts the pages.
func (f *Factors) Handler(logins *sessions.Manager[Login]) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the password, please") })
	mux.Handle("POST /login", sessions.Handle(f.password))
	mux.Handle("POST /code", sessions.Handle(f.code))
	mux.Handle("GET /sensitive", sessions.Handle(f.sensitive))
	return http.NewCrossOriginProtection().Handler(logins.Handler(mux))
}
