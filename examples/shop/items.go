package main

import (
	"net/http"
	"strconv"

	"github.com/seed48429006/sessions"
)

func showProducts(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	show(w, cart, "products.html", "Lantern Lane", catalogue)
}

func showCart(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	show(w, cart, "cart.html", "Your cart", nil)
}

func addItem(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	p, ok := product(r.PostFormValue("sku"))
	if !ok {
		notFound(w, r)
		return
	}
	cart.Update(func(c *Cart) {
		c.add(p.SKU)
		c.notify("%s is in your cart.", p.Name)
	})
	redirect(w, r, "/#"+p.SKU) // the page stays where it was
}

// changeItem sets how many of a product are in the cart. The button "Remove"
// sends a quantity of its own: none.
func changeItem(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	p, ok := product(r.PathValue("sku"))
	if !ok {
		notFound(w, r)
		return
	}
	n, err := strconv.Atoi(r.PostFormValue("quantity"))
	if err != nil || n < 0 || n > maxQuantity {
		cart.Update(func(c *Cart) { c.warn("A quantity is a number up to %d.", maxQuantity) })
	} else {
		cart.Update(func(c *Cart) { c.setQuantity(p.SKU, n) })
	}
	redirect(w, r, "/cart")
}
