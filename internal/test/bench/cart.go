package bench

import "fmt"

// A Cart is the value that every library keeps.
type Cart struct {
	Customer string
	Items    []Item
	Notices  []string
}

// An Item is one line of a [Cart].
type Item struct {
	SKU      string
	Name     string
	Quantity int
	Cents    int64
}

const customer = "customer-4711"

// Items is how many items a new cart has. Set it before anything else.
var Items = 10

// NewCart returns a cart with its items.
func NewCart() Cart {
	c := Cart{Customer: customer, Items: make([]Item, 0, Items), Notices: []string{"Welcome back!"}}
	for i := range Items {
		c.Items = append(c.Items, Item{fmt.Sprintf("SKU-%05d", i), fmt.Sprintf("A pleasant thing, number %d", i), i + 1, int64(i) * 1995})
	}
	return c
}
