package main

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed48429006/sessions"
)

// continueCheckout sends the visitor to the step where the checkout stands.
func continueCheckout(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	redirect(w, r, cart.Value().nextStep())
}

func showDelivery(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	switch step := cart.Value().nextStep(); step {
	case stepDelivery, stepReview:
		show(w, cart, "delivery.html", "Delivery", nil)
	default:
		redirect(w, r, step)
	}
}

// saveDelivery keeps the fields as they were typed, right or wrong. The next page
// names the wrong ones.
func saveDelivery(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	to := Delivery{Name: field("name"), Street: field("street"), City: field("city"), Sent: true}
	cart.Update(func(c *Cart) { c.Checkout.Delivery = to })
	redirect(w, r, "/checkout")
}

func showReview(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	if step := cart.Value().nextStep(); step != stepReview {
		redirect(w, r, step)
		return
	}
	show(w, cart, "review.html", "Review your order", payments)
}

// placeOrder turns the cart into an order, once however often the button is
// clicked: of requests that overlap, one finds the cart full and empties it. The
// others are run again on the cart that it left, and find nothing to order. Which
// one this is, is known when the change is saved; only then the order is shipped.
func (s *shop) placeOrder(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	payment := r.PostFormValue("payment")
	agreed, _ := strconv.Atoi(r.PostFormValue("total"))
	number := newNumber()

	var order Order
	var placed bool
	cart.Update(func(c *Cart) { order, placed = c.placeOrder(number, payment, Price(agreed)) })
	if err := cart.Commit(r.Context()); err != nil {
		// Fail drops the change: tried once more with the answer, it could empty
		// the cart while nothing is shipped.
		slog.Error("order not confirmed", "number", number, "customer", order.Customer, "error", err)
		sessions.Fail[Cart](w, r, err)
		return
	}
	if !placed {
		if cart.IsNew() { // the session in which the review was shown has ended
			cart.Update(func(c *Cart) { c.warn("Nothing was ordered: you had been logged out.") })
		}
		redirect(w, r, "/checkout")
		return
	}
	s.ship(order)
	redirect(w, r, "/")
}

// newNumber returns a number for an order that does not tell how many there are.
func newNumber() string {
	text := rand.Text()
	return text[:4] + "-" + text[4:8]
}

// logOrder stands for the warehouse.
func logOrder(o Order) {
	slog.Info("order placed", "number", o.Number, "items", len(o.Lines), "total", o.Total, "payment", o.Payment)
}
