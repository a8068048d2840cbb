package interleave_test

import (
	"errors"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/interleave"
)

type Cart struct {
	Customer string
	Items    []string
}

func (c Cart) SessionOwner() string { return c.Customer }

func ExampleOverlap_Run() {
	_ = func(t *testing.T) {
		add := func(cart *session.Session[Cart]) {
			cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
		}
		logOut := func(cart *session.Session[Cart]) { cart.Destroy() }

		interleave.Overlap[Cart]{
			Start:    Cart{Customer: "ada"},
			Handlers: []func(*session.Session[Cart]){add, add, logOut},
		}.Run(t, func(tb testing.TB, out interleave.Outcome[Cart]) {
			if _, err := out.Load(out.Start); !errors.Is(err, session.ErrNotFound) {
				tb.Errorf("after the log-out, the session is there: %v", err)
			}
		})
	}
	// Output:
}

func ExampleOverlap() {
	_ = func(t *testing.T) {
		interleave.Overlap[Cart]{
			Start:    Cart{Items: []string{"tea"}},
			Handlers: []func(*session.Session[Cart]){func(cart *session.Session[Cart]) { cart.Renew() }},
			Faults:   []interleave.Fault{interleave.Dies, interleave.Fails},
		}.Run(t, func(tb testing.TB, out interleave.Outcome[Cart]) {
			client := out.Start
			if renewal := out.Results[0]; renewal.Done() {
				client = renewal.Token
			}
			if rec, err := out.Load(client); err != nil || len(rec.Value.Items) != 1 {
				tb.Errorf("the client has lost its session: %v", err)
			}
		})
	}
	// Output:
}
