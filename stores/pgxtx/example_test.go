package pgxtx_test

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/pgxtx"
)

// The order is stored and the cart empty, or neither.
func ExampleJoin() {
	type Cart = struct{ Items []string }
	_ = func(ctx context.Context, pool *pgxpool.Pool, cart *session.Session[Cart]) error {
		tx, err := pool.Begin(ctx)
		if err != nil {
			return err
		}
		t := pgxtx.Join(tx)
		defer t.Rollback()
		var items []string
		cart.Update(func(c *Cart) { items, c.Items = c.Items, nil })
		if err := cart.Commit(t.Context(ctx)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO orders (items) VALUES ($1)", items); err != nil {
			return err
		}
		return t.End(tx.Commit(ctx))
	}
}
