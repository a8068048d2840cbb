package main

import (
	"errors"
	"net/http"
	"slices"

	"github.com/seed48429006/sessions"
)

// showSessions lists where the customer is logged in.
func (s *shop) showSessions(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	customer := cart.Value().Customer
	if customer == "" {
		redirect(w, r, loginPage("/sessions"))
		return
	}
	rows, err := s.sessionsOf(r, customer, cart.ID())
	if err != nil {
		showError(w, r, err)
		return
	}
	show(w, cart, "sessions.html", "Your sessions", rows)
}

// A sessionRow is a session as its owner sees it.
type sessionRow struct {
	sessions.Record[Cart]
	This bool // the one that asks
}

// sessionsOf returns the customer's sessions, the latest log-in first.
func (s *shop) sessionsOf(r *http.Request, customer string, this sessions.ID) ([]sessionRow, error) {
	var rows []sessionRow
	for rec, err := range s.carts.ByOwner(r.Context(), customer) {
		if _, unreadable := errors.AsType[*sessions.DecodeError](err); unreadable {
			continue // no visitor is logged in by it
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, sessionRow{rec, rec.ID == this})
	}
	slices.SortFunc(rows, func(a, b sessionRow) int { return b.LoggedIn.Compare(a.LoggedIn) })
	return rows, nil
}

// endSession ends one session of the customer. Its ID is the same as when the list was
// shown, however often the customer has logged in there since.
func (s *shop) endSession(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	id, err := sessions.ParseID(r.PostFormValue("id"))
	if err == nil && id == cart.ID() {
		logOut(w, r, cart)
		return
	}
	if err == nil {
		err = s.carts.Revoke(r.Context(), cart.Value().Customer, id, sessions.ReasonRevoked)
	}
	switch {
	case err == nil:
		cart.Update(func(c *Cart) { c.notify("That session has ended.") })
	case errors.Is(err, sessions.ErrNotFound): // also if the form has no ID at all
		cart.Update(func(c *Cart) { c.notify("You have no such session: it may have ended.") })
	default:
		showError(w, r, err)
		return
	}
	redirect(w, r, "/sessions")
}

// endOtherSessions logs the customer out everywhere else.
func (s *shop) endOtherSessions(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	customer := cart.Value().Customer
	if customer == "" {
		redirect(w, r, loginPage("/sessions"))
		return
	}
	n, err := s.carts.RevokeAll(r.Context(), customer, sessions.ReasonRevoked, cart.ID())
	if err != nil {
		showError(w, r, err)
		return
	}
	cart.Update(func(c *Cart) { c.notify("Logged out everywhere else. Sessions ended: %d.", n) })
	redirect(w, r, "/sessions")
}
