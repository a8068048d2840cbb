package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// home lists the devices on which the user is logged in.
func (s *site) home(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	user := login.Value().User
	if user == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	var devices []device
	for rec, err := range s.logins.ByOwner(r.Context(), user) {
		if _, unreadable := errors.AsType[*sessions.DecodeError](err); unreadable {
			continue // such a session gives access to nothing
		}
		if err != nil {
			sessions.Fail[Login](w, r, err)
			return
		}
		devices = append(devices, device{rec, s.logins.LastUsed(rec), rec.ID == login.ID()})
	}
	show(w, http.StatusOK, "home", devices)
}

// A device is a session as its owner sees it.
type device struct {
	sessions.Record[Login]
	Used time.Time
	This bool // the one that asks
}

// endDevice logs the user out on one other device. The ID in the form is right however
// often the user has logged in there since the page was shown.
func (s *site) endDevice(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	id, err := sessions.ParseID(r.PostFormValue("id"))
	if err == nil {
		err = s.logins.Revoke(r.Context(), login.Value().User, id, sessions.ReasonRevoked)
	}
	if err != nil && !errors.Is(err, sessions.ErrNotFound) { // else it has ended already
		sessions.Fail[Login](w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// endOtherDevices logs the user out everywhere else.
func (s *site) endOtherDevices(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	if _, err := s.logins.RevokeAll(r.Context(), login.Value().User, sessions.ReasonRevoked, login.ID()); err != nil {
		sessions.Fail[Login](w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
