package sqlserver_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/pgxtx"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// The functions of the guide "Sessions in your own transaction".

// An Order is a row of the application's own.
type Order struct {
	Customer string
	Items    string
}

func orderByGorm(ctx context.Context, db *gorm.DB, cart *sessions.Session[cart]) error {
	var t *sqlstore.Transaction
	err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		t = sqlstore.Join(tx.Statement.ConnPool)
		order := take(cart)
		if err := cart.Commit(t.Context(ctx)); err != nil {
			return err
		}
		return tx.Create(&order).Error
	})
	if t == nil { // it did not begin
		return err
	}
	return t.End(err)
}

func orderByBun(ctx context.Context, db *bun.DB, cart *sessions.Session[cart]) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	t := sqlstore.Join(tx.Tx) // bun.Tx itself reads ? and $1 in its own way
	defer t.Rollback()
	order := take(cart)
	if err := cart.Commit(t.Context(ctx)); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&order).Exec(ctx); err != nil {
		return err
	}
	return t.End(tx.Commit())
}

func orderBySqlx(ctx context.Context, db *sqlx.DB, cart *sessions.Session[cart]) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	t := sqlstore.Join(tx)
	defer t.Rollback()
	order := take(cart)
	if err := cart.Commit(t.Context(ctx)); err != nil {
		return err
	}
	if _, err := tx.NamedExecContext(ctx, "INSERT INTO orders (customer, items) VALUES (:customer, :items)", order); err != nil {
		return err
	}
	return t.End(tx.Commit())
}

func orderBySqlc(ctx context.Context, pool *pgxpool.Pool, cart *sessions.Session[cart]) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return err
	}
	t := pgxtx.Join(tx)
	defer t.Rollback()
	order := take(cart)
	if err := cart.Commit(t.Context(ctx)); err != nil {
		return err
	}
	if err := NewQueries(tx).InsertOrder(ctx, order); err != nil {
		return err
	}
	return t.End(tx.Commit(ctx))
}

// What sqlc generates for pgx/v5, but for its names.

type DBTX interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

func NewQueries(db DBTX) *Queries { return &Queries{db: db} }

type Queries struct{ db DBTX }

const insertOrder1 = `INSERT INTO orders (customer, items) VALUES ($1, $2)`

func (q *Queries) InsertOrder(ctx context.Context, arg Order) error {
	_, err := q.db.Exec(ctx, insertOrder1, arg.Customer, arg.Items)
	return err
}

// take takes the order out of the cart.
func take(s *sessions.Session[cart]) (order Order) {
	s.Update(func(c *cart) {
		order = Order{Customer: c.Customer}
		for _, item := range c.Items {
			order.Items += item
		}
		c.Items = nil
	})
	return order
}

// With each library, the order is stored and the cart empty, or neither.
func TestTransactionsOfOtherLibraries(t *testing.T) {
	source := sqlserver.Find("PostgreSQL by pgx").Source(t)
	pool, err := pgxpool.New(t.Context(), source)
	must(t, err)
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	s, o := newStore(t, db, "sessions"), newOrders(t, db)
	byGorm, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), &gorm.Config{Logger: logger.Discard})
	must(t, err)
	byBun, bySqlx := bun.NewDB(db, pgdialect.New()), sqlx.NewDb(db, "pgx")
	for name, order := range map[string]func(context.Context, *sessions.Session[cart]) error{
		"gorm": func(ctx context.Context, s *sessions.Session[cart]) error { return orderByGorm(ctx, byGorm, s) },
		"bun":  func(ctx context.Context, s *sessions.Session[cart]) error { return orderByBun(ctx, byBun, s) },
		"sqlx": func(ctx context.Context, s *sessions.Session[cart]) error { return orderBySqlx(ctx, bySqlx, s) },
		"sqlc": func(ctx context.Context, s *sessions.Session[cart]) error { return orderBySqlc(ctx, pool, s) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.Exec("DELETE FROM orders")
			must(t, err)
			token := created(t, s, cart{name, []string{"tea"}})
			visit := loaded(t, s, token)
			_, err = db.Exec("ALTER TABLE orders ADD CONSTRAINT refused CHECK (items = '')")
			must(t, err)
			if err := order(t.Context(), visit); err == nil || errors.Is(err, session.ErrUnavailable) {
				t.Errorf("an order that is refused: got %v", err)
			}
			asBefore(t, s, visit, token)
			_, err = db.Exec("ALTER TABLE orders DROP CONSTRAINT refused")
			must(t, err)
			must(t, order(t.Context(), visit))
			if got, left := o.all(t), loaded(t, s, token).Value().Items; len(got) != 1 || len(left) != 0 || len(visit.Value().Items) != 0 {
				t.Errorf("ordered %q, left %q", got, left)
			}
		})
	}
}
