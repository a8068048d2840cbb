package main

import (
	"net/url"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
)

// open returns a client of a new shop, the store of its sessions, and the orders that
// it ships.
func open(tb testing.TB) (*sessiontest.Client, *sessiontest.Store[Cart], *[]Order) {
	tb.Helper()
	store := sessiontest.NewStore[Cart](tb)
	carts, err := sessions.New(store, options())
	if err != nil {
		tb.Fatal(err)
	}
	s := newShop(carts)
	shipped := new([]Order)
	s.ship = func(o Order) { *shipped = append(*shipped, o) }
	return sessiontest.NewClient(tb, s.handler()), store, shipped
}

// review puts tea into the cart, logs in, and goes as far as the review of the order.
func review(c *sessiontest.Client, customer string) *sessiontest.Page {
	c.Post("/cart", url.Values{"sku": {"tea"}})
	logInAs(c, customer)
	c.Get("/checkout").At(stepDelivery)
	return c.Submit("Continue", url.Values{"name": {customer}, "street": {"Quay 1"}, "city": {"20457 Harbour"}}).At(stepReview)
}

func logInAs(c *sessiontest.Client, customer string) *sessiontest.Page {
	c.Get("/login")
	return c.Submit("Log in", url.Values{"name": {customer}, "password": {password}}).At("/")
}

// placeOrder sends the form of the review.
func placeOrder(c *sessiontest.Client) *sessiontest.Page {
	return c.Post(stepReview, url.Values{"payment": {"door"}, "total": {"890"}})
}
