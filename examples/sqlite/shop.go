package main

import (
	"context"
	"database/sql"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

var teas = []string{"Assam", "Darjeeling", "Earl Grey"}

// A shop holds the things that handlers share.
type shop struct{ db *sql.DB }

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tea</title>
<h1>Tea</h1>
{{range .Notices}}<p role="status">{{.}}</p>{{end}}
<form method="post" action="/cart">{{range .Offer}}<button name="tea" value="{{.}}">{{.}}</button> {{end}}</form>
<p>In your cart: {{range $i, $tea := .Cart.Teas}}{{if $i}}, {{end}}{{$tea}}{{else}}nothing{{end}}.</p>
<form method="post" action="/checkout"><button>Order</button></form>
<p>Orders so far: {{.Orders}}.</p>
`))

func (s *shop) home(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	var orders int
	if err := s.db.QueryRowContext(r.Context(), "SELECT COUNT(*) FROM orders").Scan(&orders); err != nil {
		http.Error(w, "The shop is closed for a moment.", http.StatusServiceUnavailable)
		return
	}
	notices := sessions.Take(cart, func(c *Cart) *[]string { return &c.Notices })
	page.Execute(w, map[string]any{"Notices": notices, "Offer": teas, "Cart": cart.Value(), "Orders": orders})
}

func (s *shop) add(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	tea := r.PostFormValue("tea")
	if !slices.Contains(teas, tea) {
		http.Error(w, "We do not have that tea.", http.StatusUnprocessableEntity)
		return
	}
	cart.Update(func(c *Cart) { c.Teas = append(c.Teas, tea) })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// checkout empties the cart and stores the order in one transaction: both or
// neither. A second checkout at the same time waits, and finds the cart empty.
func (s *shop) checkout(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	var ordered []string
	err := sqlstore.Transact(r.Context(), s.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		cart.Update(func(c *Cart) {
			if ordered, c.Teas = c.Teas, nil; len(ordered) > 0 {
				c.Notices = append(c.Notices, fmt.Sprintf("Thank you! Teas ordered: %d.", len(ordered)))
			}
		})
		if err := cart.Commit(ctx); err != nil || len(ordered) == 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO orders (teas) VALUES (?)", strings.Join(ordered, ", "))
		return err
	})
	if err != nil {
		sessions.Fail[Cart](w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
