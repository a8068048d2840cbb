// Package heldback changes sessions late, and may.
package heldback

import (
	"fmt"
	"net/http"

	"github.com/seed48429006/sessions"
)

type Cart struct{ Count int }

var options = sessions.Options{HoldBack: 1 << 16}

func late(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	fmt.Fprintln(w, "Welcome")
	cart.Update(func(c *Cart) { c.Count++ })
}
