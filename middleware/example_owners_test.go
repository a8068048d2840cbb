package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Login is the session of a customer, in one of the customer's browsers.
type Login struct{ Customer, Browser string }

func (l Login) SessionOwner() string { return l.Customer }

// logIn returns the session of a new log-in.
func logIn(logins *middleware.Manager[Login], customer, browser string) *session.Session[Login] {
	ctx := context.Background()
	login, err := logins.Open(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	login.LogIn(func(l *Login) { *l = Login{customer, browser} })
	if err := login.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	return login
}

func newLogins() *middleware.Manager[Login] {
	logins, err := middleware.New(memstore.New[Login](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	return logins
}

// A page "your active sessions" marks the one that it is shown in.
func ExampleManager_ByOwner() {
	logins := newLogins()
	current := logIn(logins, "ada", "Firefox")
	logIn(logins, "ada", "a phone")
	logIn(logins, "charles", "Safari")

	var lines []string
	for rec, err := range logins.ByOwner(context.Background(), "ada") {
		var unreadable *session.DecodeError
		switch {
		case errors.As(err, &unreadable):
			lines = append(lines, "unknown browser") // which can be ended, by unreadable.ID
		case err != nil:
			log.Fatal(err)
		case rec.ID == current.ID():
			lines = append(lines, rec.Value.Browser+" (this one)")
		default:
			lines = append(lines, rec.Value.Browser)
		}
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, ", "))
	// Output: Firefox (this one), a phone
}

// A button "end this session" sends the session's ID. It ends only sessions of the
// visitor who sends it.
func ExampleManager_Revoke() {
	logins := newLogins()
	ada, charles := logIn(logins, "ada", "Firefox"), logIn(logins, "charles", "Safari")

	end := func(r *http.Request, login *session.Session[Login]) error {
		id, err := session.ParseID(r.FormValue("id"))
		if err != nil {
			return err
		}
		return logins.Revoke(r.Context(), login.Value().Customer, id, session.ReasonRevoked)
	}
	for _, login := range []*session.Session[Login]{charles, ada} {
		r, err := http.NewRequest("POST", "/end?id="+ada.ID().String(), nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(login.Value().Customer, end(r, login))
	}
	// Output:
	// charles session: not found
	// ada <nil>
}

// A new password ends the sessions of all other browsers. The session at hand gets
// another token before that: its ID after the commit is the one to keep.
func ExampleManager_RevokeAll() {
	logins := newLogins()
	ctx := context.Background()
	current := logIn(logins, "ada", "Firefox")
	logIn(logins, "ada", "a phone")
	logIn(logins, "ada", "a library's computer")

	current.Renew()
	if err := current.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	ended, err := logins.RevokeAll(ctx, "ada", session.ReasonRevoked, current.ID())
	fmt.Println(ended, err)
	// Output: 2 <nil>
}

// A report counts the sessions of all customers.
func ExampleManager_All() {
	logins := newLogins()
	logIn(logins, "ada", "Firefox")
	logIn(logins, "ada", "a phone")
	logIn(logins, "charles", "Safari")

	count := map[string]int{}
	for rec, err := range logins.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		count[rec.Owner]++
	}
	fmt.Println(count)
	// Output: map[ada:2 charles:1]
}

// Staff is the session of an employee.
type Staff struct{ User, Role string }

func (s Staff) SessionOwner() string { return s.User }

// A role is taken away from all sessions of an employee, at once.
func ExampleManager_UpdateOwner() {
	staff, err := middleware.New(memstore.New[Staff](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for range 2 {
		s, err := staff.Open(ctx, "")
		if err != nil {
			log.Fatal(err)
		}
		s.LogIn(func(v *Staff) { *v = Staff{"ada", "editor"} })
		if err := s.Commit(ctx); err != nil {
			log.Fatal(err)
		}
	}

	changed, err := staff.UpdateOwner(ctx, "ada", func(v *Staff) { v.Role = "reader" })
	fmt.Println(changed, err)
	// Output: 2 <nil>
}

// A list of devices tells when each was last used.
func ExampleManager_LastUsed() {
	logins := newLogins()
	logIn(logins, "ada", "Firefox")

	for rec, err := range logins.ByOwner(context.Background(), "ada") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s, used %v ago\n", rec.Value.Browser, time.Since(logins.LastUsed(rec)).Round(time.Minute))
	}
	// Output: Firefox, used 0s ago
}
