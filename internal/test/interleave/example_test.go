package interleave_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/seed48429006/sessions/internal/test/interleave"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
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
				tb.Errorf("the session lives after the log-out: %v", err)
			}
		})
	}
	// Output:
}

func ExampleOverlap_faults() {
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

// A store whose Save takes two commands marks each of them. With Overlap.Fine, both
// are steps.
type indexed struct{ session.Store[Cart] }

func (s indexed) Save(ctx context.Context, rec *session.Record[Cart]) error {
	index := func() error { return nil } // send the first command
	if err := interleave.Part(ctx, "index", index); err != nil {
		return err
	}
	return interleave.Part(ctx, "write", func() error { return s.Store.Save(ctx, rec) })
}

func ExamplePart() {
	store := indexed{memstore.New[Cart](nil)}
	cart := session.New[Cart](store, nil)
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	fmt.Println(cart.Commit(context.Background())) // without an Overlap, parts just run
	// Output: <nil>
}
