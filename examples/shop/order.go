package main

import "unicode/utf8"

// A Checkout is how far the visitor has come in buying the cart's items. Its
// steps are pages that fill it in; it is part of the session, so that a visitor
// can go back, look at something else, and go on.
type Checkout struct {
	Delivery Delivery
	Payment  string
}

// A Delivery is filled in by the first step.
type Delivery struct {
	Name   string
	Street string
	City   string
	Sent   bool // the form was sent, so that missing fields can be named
}

// The pages of the checkout.
const (
	stepDelivery = "/checkout/delivery"
	stepReview   = "/checkout/review"
)

// payments are the ways to pay.
var payments = []struct{ Value, Label string }{
	{"invoice", "Invoice, in fourteen days"},
	{"door", "Card or cash at the door"},
	{"bank", "Bank transfer in advance"},
}

// An Order is a cart that was bought.
type Order struct {
	Number   string
	Customer string
	Lines    []Line
	Total    Price
	Delivery Delivery
	Payment  string
}

// nextStep returns the page where the checkout goes on. No step can be skipped,
// since each asks it where the visitor belongs.
func (c Cart) nextStep() string {
	switch {
	case c.Count() == 0:
		return "/cart"
	case c.Customer == "":
		return loginPage("/checkout")
	case !c.Checkout.Delivery.complete():
		return stepDelivery
	}
	return stepReview
}

// placeOrder empties the cart into an order, and reports whether that could be
// done. Seen is the total that the customer has agreed to.
func (c *Cart) placeOrder(number, payment string, agreed Price) (Order, bool) {
	if c.nextStep() != stepReview {
		return Order{}, false
	}
	if !canPayBy(payment) {
		c.warn("Please choose how you would like to pay.")
		return Order{}, false
	}
	c.Checkout.Payment = payment
	if c.Total() != agreed {
		c.warn("Your cart has changed meanwhile. Please look at it again.")
		return Order{}, false
	}
	order := Order{number, c.Customer, c.Lines(), c.Total(), c.Checkout.Delivery, payment}
	c.Items, c.Checkout = nil, Checkout{}
	c.notify("Thank you, %s! Your order %s is on its way.", c.Customer, number)
	return order, true
}

func canPayBy(payment string) bool {
	for _, p := range payments {
		if p.Value == payment {
			return true
		}
	}
	return false
}

func (d Delivery) complete() bool { return d.Sent && len(d.Problems()) == 0 }

// Problems returns the fault of each field, once the form was sent.
func (d Delivery) Problems() map[string]string {
	problems := map[string]string{}
	check := func(field, value, missing string) {
		switch {
		case !d.Sent:
		case value == "":
			problems[field] = missing
		case !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxField:
			problems[field] = "This does not fit on a label."
		}
	}
	check("Name", d.Name, "Who is the parcel for?")
	check("Street", d.Street, "Which street and number?")
	check("City", d.City, "Which town, and its postcode?")
	return problems
}

// maxField is how many characters fit on a line of an address label.
const maxField = 60
