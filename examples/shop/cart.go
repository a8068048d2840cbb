package main

import (
	"fmt"
	"slices"
)

// A Cart is the shop's memory of a visitor: the value of a session.
//
// Its methods know nothing of sessions or HTTP. Handlers give the methods with a pointer
// receiver to Session.Update. Such a method may run again, on a cart that another request
// has changed in between, so it looks only at the cart that it is given.
type Cart struct {
	Customer string // the one who is logged in; empty without a log-in
	Device   string // of the log-in, for the page "your sessions"
	Items    []Item
	Checkout Checkout
	Notices  []string // good news, to be shown once, on the next page
	Problems []string // bad news, likewise
}

// An Item is a product in the cart.
type Item struct {
	SKU      string
	Quantity int
}

// SessionOwner says whose session this is. The customer's sessions are found by
// it, and the session gets a new token whenever it changes: at log-in.
func (c Cart) SessionOwner() string { return c.Customer }

// maxQuantity is how many of one product a cart takes.
const maxQuantity = 99

// add puts one more of a product into the cart.
func (c *Cart) add(sku string) {
	c.setQuantity(sku, c.Quantity(sku)+1)
}

// Quantity returns how many of a product are in the cart.
func (c Cart) Quantity(sku string) int {
	if i := c.find(sku); i >= 0 {
		return c.Items[i].Quantity
	}
	return 0
}

// setQuantity makes it n of a product; none takes it out of the cart.
func (c *Cart) setQuantity(sku string, n int) {
	n = min(n, maxQuantity)
	switch i := c.find(sku); {
	case n > 0 && i >= 0:
		c.Items[i].Quantity = n
	case n > 0:
		c.Items = append(c.Items, Item{sku, n})
	case i >= 0:
		c.Items = slices.Delete(c.Items, i, i+1)
	}
}

func (c Cart) find(sku string) int {
	return slices.IndexFunc(c.Items, func(i Item) bool { return i.SKU == sku })
}

// logIn makes it the customer's cart. Its items stay, unless it was another
// customer's.
func (c *Cart) logIn(customer, device string) {
	if c.Customer != "" && c.Customer != customer {
		*c = Cart{}
	}
	if c.Customer != customer { // else it is the second click of a double click
		c.notify("Welcome, %s!", customer)
	}
	c.Customer, c.Device = customer, device
}

// notify leaves a notice for the next page.
func (c *Cart) notify(format string, args ...any) {
	c.Notices = appendLatest(c.Notices, fmt.Sprintf(format, args...))
}

// warn leaves a problem for the next page.
func (c *Cart) warn(format string, args ...any) {
	c.Problems = appendLatest(c.Problems, fmt.Sprintf(format, args...))
}

// maxNotices keeps notices from piling up while the visitor looks at no page.
const maxNotices = 5

func appendLatest(notices []string, text string) []string {
	notices = append(notices, text)
	return notices[max(0, len(notices)-maxNotices):]
}

// A Line is an item as it is shown and charged.
type Line struct {
	Product
	Quantity int
}

// Sum returns the price of the line.
func (l Line) Sum() Price { return l.Price * Price(l.Quantity) }

// Lines returns the items of the cart. One that the shop has stopped selling is
// left out.
func (c Cart) Lines() []Line {
	var lines []Line
	for _, item := range c.Items {
		if p, ok := product(item.SKU); ok {
			lines = append(lines, Line{p, item.Quantity})
		}
	}
	return lines
}

// Count returns how many things are in the cart.
func (c Cart) Count() int {
	n := 0
	for _, line := range c.Lines() {
		n += line.Quantity
	}
	return n
}

// Total returns the price of the cart.
func (c Cart) Total() Price {
	var total Price
	for _, line := range c.Lines() {
		total += line.Sum()
	}
	return total
}
