package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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

	cart, err := session.Load(ctx, store, nil, token, time.Time{})
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

func ExampleRequest() {
	addItem := func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = append(c.Items, r.FormValue("sku")) })
	}
	_ = func(t *testing.T) {
		r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items?sku=tea", nil), Cart{Customer: "ada"})
		addItem(httptest.NewRecorder(), r, cart)
		sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []string{"tea"}})
	}
	// Output:
}

func ExampleStore_SeedRecord() {
	t, ctx := new(testing.T), context.Background() // the test's own

	store := sessiontest.NewStore[Cart](t)
	token := store.SeedRecord(session.Record[Cart]{
		Created: time.Now().Add(-23 * time.Hour),
		Value:   Cart{Customer: "ada"},
	})

	rec, err := store.Load(ctx, token.ID())
	fmt.Println(rec.Owner, rec.Deadline.Sub(rec.Created), err)
	// Output: ada 24h0m0s <nil>
}

func ExampleStore_LoseReply() {
	t, ctx := new(testing.T), context.Background() // the test's own

	store := sessiontest.NewStore[Cart](t)
	store.LoseReply(sessiontest.OpSave, io.ErrUnexpectedEOF)

	cart := session.New(store, nil)
	cart.Set(Cart{Items: []string{"tea"}})
	fmt.Println(cart.Commit(ctx))
	fmt.Println(len(store.Saved()), "session is stored")
	// Output:
	// session: store unavailable: unexpected EOF
	// 1 session is stored
}

func ExampleStore_Delay() {
	t := new(testing.T) // the test's own
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()

	store := sessiontest.NewStore[Cart](t)
	token := store.Seed(Cart{Customer: "ada"})
	store.Delay(sessiontest.OpLoad, time.Hour)

	_, err := session.Load(ctx, store, nil, token, time.Time{})
	fmt.Println(err)
	// Output: session: store unavailable: context deadline exceeded
}

func ExampleStore_Before() {
	t, ctx := new(testing.T), context.Background() // the test's own

	store := sessiontest.NewStore[Cart](t)
	token := store.Seed(Cart{Customer: "ada"})
	store.Before(func(c sessiontest.Call) {
		if c.Op == sessiontest.OpSave { // another request logs out meanwhile
			store.Direct().Delete(ctx, c.ID, 0)
		}
	})

	cart, err := session.Load(ctx, store, nil, token, time.Time{})
	if err != nil {
		fmt.Println(err)
		return
	}
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	fmt.Println(errors.Is(cart.Commit(ctx), session.ErrGone))
	// Output: true
}

func ExampleStore_After() {
	t, ctx := new(testing.T), context.Background() // the test's own

	store := sessiontest.NewStore[Cart](t)
	store.Fail(sessiontest.OpSave, errors.New("disk full"))
	store.After(func(c sessiontest.Call) { // the second attempt succeeds
		store.Fail(sessiontest.OpSave, nil)
	})

	cart := session.New(store, nil)
	cart.Set(Cart{Items: []string{"tea"}})
	fmt.Println(cart.Commit(ctx))
	fmt.Println(cart.Commit(ctx))
	// Output:
	// session: store unavailable: disk full
	// <nil>
}

func ExampleEqual() {
	t := new(testing.T) // the test's own

	cart := session.New(memstore.New[Cart](nil), nil)
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	sessiontest.Equal(t, cart, Cart{Items: []string{"tea"}})

	fmt.Println(t.Failed())
	// Output: false
}
