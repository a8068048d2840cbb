package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Cart struct {
	Customer string
	Items    []string
}

func (c Cart) SessionOwner() string { return c.Customer }

func ExampleNewStore() {
	t, ctx := new(testing.T), context.Background() // the test's own

	store := sessiontest.NewStore[Cart](t)
	token := store.Seed(Cart{Customer: "ada"})
	store.Fail(sessiontest.OpSave, errors.New("disk full"))

	cart, err := session.Load(ctx, store, nil, token)
	if err != nil {
		fmt.Println(err)
		return
	}
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	fmt.Println(cart.Commit(ctx))

	for _, call := range store.Calls() {
		fmt.Println(call.Op, call.Err)
	}
	// Output:
	// session: store unavailable: disk full
	// Load <nil>
	// Save disk full
}

func ExampleStore_Before() {
	t, ctx := new(testing.T), context.Background() // the test's own

	store := sessiontest.NewStore[Cart](t)
	token := store.Seed(Cart{Customer: "ada"})
	store.Before(func(c sessiontest.Call) {
		if c.Op == sessiontest.OpSave { // another request logs out meanwhile
			store.Direct().Delete(ctx, c.ID)
		}
	})

	cart, err := session.Load(ctx, store, nil, token)
	if err != nil {
		fmt.Println(err)
		return
	}
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	fmt.Println(errors.Is(cart.Commit(ctx), session.ErrGone))
	// Output: true
}

func ExampleEqual() {
	t := new(testing.T) // the test's own

	cart := session.New(memstore.New[Cart](nil), nil)
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	sessiontest.Equal(t, cart, Cart{Items: []string{"tea"}})

	fmt.Println(t.Failed())
	// Output: false
}
