package main

import (
	"fmt"
	"strings"
)

// Cart1 is the value of sessions in release 1: a product is as often in the list as
// the visitor wants it.
type Cart1 struct {
	Items []string
}

// SessionType names the type in stored records in place of its Go name. Release 1 has the
// same name for its type.
func (Cart1) SessionType() string { return "cart" }

func (c *Cart1) add(item string) { c.Items = append(c.Items, item) }

func (c Cart1) String() string { return strings.Join(c.Items, ", ") }

// Cart is the value of sessions in release 2.
type Cart struct {
	Items []Item
}

// An Item is a product in the cart.
type Item struct {
	Name  string
	Count int
}

// SessionType names the type in stored records.
func (Cart) SessionType() string { return "cart" }

func (c *Cart) add(name string) {
	for i := range c.Items {
		if c.Items[i].Name == name {
			c.Items[i].Count++
			return
		}
	}
	c.Items = append(c.Items, Item{name, 1})
}

func (c Cart) String() string {
	var items []string
	for _, item := range c.Items {
		items = append(items, fmt.Sprintf("%d × %s", item.Count, item.Name))
	}
	return strings.Join(items, ", ")
}

// upgrade makes a cart of one that release 1 has stored. An error would end the
// session.
func upgrade(old Cart1) (Cart, error) {
	var c Cart
	for _, item := range old.Items {
		c.add(item)
	}
	return c, nil
}
