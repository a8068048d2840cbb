package guides

import (
	"cmp"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// A Visit is the session of a user, whom an administrator may stand in for.
type Visit struct {
	User  string // whose pages are shown
	Admin string // the administrator who acts as User; else empty
}

// SessionOwner returns the person at the keyboard. Logging the administrator out
// everywhere ends the visit, too, and the user's list of sessions does not show it.
func (v Visit) SessionOwner() string { return cmp.Or(v.Admin, v.User) }

// actAs shows an administrator the pages of a user.
func actAs(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	user := r.FormValue("user")
	if !isAdmin(visit.Value()) {
		http.Error(w, "only for administrators", http.StatusForbidden)
		return
	}
	visit.Update(func(v *Visit) { v.Admin, v.User = v.SessionOwner(), user })
	visit.Renew()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// actAsOneself ends that.
func actAsOneself(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	visit.Update(func(v *Visit) { v.Admin, v.User = "", v.SessionOwner() })
	visit.Renew()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// mayStepUp reports whether the user has typed a password a short while ago. While an
// administrator acts as the user, LoggedIn is the administrator's.
func mayStepUp(visit *sessions.Session[Visit]) bool {
	return visit.Value().Admin == "" && time.Since(visit.LoggedIn()) <= fresh
}

// fresh is for how long after the log-in sensitive pages open.
const fresh = 10 * time.Minute

// closeAccount wants the user themselves, and a recent log-in. The time of an
// administrator's log-in says nothing about the user.
func closeAccount(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	if !mayStepUp(visit) {
		http.Error(w, "Only the user can do this, after a log-in.", http.StatusForbidden)
		return
	}
	visit.Destroy()
}

func logInVisit(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	name := r.FormValue("user") // after checking a password
	visit.LogIn(func(v *Visit) { *v = Visit{User: name} })
}

func isAdmin(v Visit) bool { return v.SessionOwner() == "root" }
