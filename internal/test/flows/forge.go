package flows

import (
	"fmt"
	"net/http"

	"github.com/seed48429006/sessions"
)

// A User is the value of a session.
type User struct{ Name string }

func (u User) SessionOwner() string { return u.Name }

// password opens every account but those of unknown users.
const password = "correct horse"

// newForge returns a site that hosts code, modelled on Gitea: log-in with "remember
// me", a page of settings for users alone, and log-out.
func newForge(store sessions.Store[User]) (http.Handler, error) {
	users, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(forgeHome))
	mux.Handle("GET /user/login", http.HandlerFunc(forgeLogin))
	mux.Handle("POST /user/login", sessions.Handle(forgeLogIn))
	mux.Handle("POST /user/logout", sessions.Handle(logOut))
	mux.Handle("GET /user/settings", sessions.Handle(forgeSettings))
	return http.NewCrossOriginProtection().Handler(users.Handler(mux)), nil
}

func forgeHome(w http.ResponseWriter, _ *http.Request, user *sessions.Session[User]) {
	if name := user.Value().Name; name != "" {
		fmt.Fprintf(w, `<p>Dashboard of %s</p><form method=post action=/user/logout><button>Sign Out</button></form>`, name)
		return
	}
	fmt.Fprint(w, `<a href=/user/login>Sign In</a>`)
}

func forgeLogin(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, `<form method=post><input name=user_name required><input name=password type=password required>
		<input name=remember type=checkbox><button>Sign In</button></form>`)
}

func forgeLogIn(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	name := r.PostFormValue("user_name")
	if name != "user2" || r.PostFormValue("password") != password {
		fmt.Fprint(w, `<p class=message>Username or password is incorrect.</p>`)
		forgeLogin(w, r)
		return
	}
	user.LogIn(func(u *User) { u.Name = name })
	user.Remember(r.PostFormValue("remember") != "")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	user.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func forgeSettings(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	if user.Value().Name == "" {
		http.Redirect(w, r, "/user/login", http.StatusSeeOther)
		return
	}
	fmt.Fprintf(w, "Settings of %s", user.Value().Name)
}
