package sessiontest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// The test of a WebSocket: its loop ends when the session is destroyed.
func ExampleStore_Watch() {
	ctx := context.Background()
	store := sessiontest.NewStore[Cart](nil)
	carts, err := middleware.New(store, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	serve := func(cart *session.Session[Cart], messages <-chan string) error {
		ctx := carts.Watch(ctx, cart)
		for {
			select {
			case m := <-messages:
				fmt.Println(cart.Value().Customer, "says", m)
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}

	token, err := store.TrySeed(session.Record[Cart]{Value: Cart{Customer: "ada"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	cart, err := carts.Open(ctx, token.Reveal())
	if err != nil {
		fmt.Println(err)
		return
	}
	messages := make(chan string)
	ended := make(chan error)
	go func() { ended <- serve(cart, messages) }()
	messages <- "hello"
	store.Direct().Delete(ctx, token.ID(), 0) // a log-out in another tab
	fmt.Println(<-ended)
	// Output:
	// ada says hello
	// session: not found
}

// A store that does not answer ends no connection.
func ExampleStore_Revisions() {
	store := sessiontest.NewStore[Cart](nil)
	ids := []session.ID{session.NewID()} // which is absent
	revs, err := store.Revisions(context.Background(), ids)
	fmt.Println(revs, err)

	store.Fail(sessiontest.OpRevisions, errors.New("connection refused"))
	revs, err = store.Revisions(context.Background(), ids)
	fmt.Println(revs, err)
	// Output:
	// [0] <nil>
	// [] connection refused
}
