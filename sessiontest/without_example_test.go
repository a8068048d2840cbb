package sessiontest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

func ExampleWithSession() {
	r, cart, err := sessiontest.WithSession(sessiontest.FormRequest("/items", url.Values{"sku": {"tea"}}), Cart{Customer: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	addItem := func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = append(c.Items, r.PostFormValue("sku")) })
	}
	addItem(httptest.NewRecorder(), r, cart)
	fmt.Println(cart.Value(), cart.Changes())
	// Output: {ada [tea]} [Items]
}

func ExampleDiff() {
	_, cart, err := sessiontest.WithSession(httptest.NewRequest("GET", "/", nil), Cart{Customer: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sessiontest.Diff(cart, Cart{Customer: "ada"}) == "", sessiontest.Diff(cart, Cart{Customer: "bob"}) == "")
	// Output: true false
}

func ExampleStore_TrySeed() {
	store := sessiontest.NewStore[Cart](nil)
	token, err := store.TrySeed(session.Record[Cart]{Value: Cart{Customer: "ada"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := store.Load(context.Background(), token.ID())
	fmt.Println(rec.Value.Customer, err)
	// Output: ada <nil>
}

func ExamplePeekTab() {
	ctx := context.Background()
	carts, err := middleware.New(sessiontest.NewStore[Cart](nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := browser.New(carts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		cart.Set(Cart{Customer: "ada"})
	})), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tab := b.Tab()
	if _, err := tab.Get(ctx, "/"); err != nil {
		fmt.Println(err)
		return
	}
	cart, err := sessiontest.PeekTab(ctx, tab, carts)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cart.Value().Customer)
	// Output: ada
}
