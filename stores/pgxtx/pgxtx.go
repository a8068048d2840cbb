// Package pgxtx saves sessions in transactions of pgx, and so of sqlc and other
// programs on top of its own interface.
//
//	tx, err := pool.Begin(ctx)
//	...
//	t := pgxtx.Join(tx)
//	defer t.Rollback()
//	if err := cart.Commit(t.Context(ctx)); err != nil {
//		return err
//	}
//	...
//	return t.End(tx.Commit(ctx))
//
// The store can use the same pool: make it with stdlib.OpenDBFromPool(pool). Programs
// that use pgx by database/sql need this package as little as those that use lib/pq:
// [sqlstore.Join] and [sqlstore.Transact] take their transactions.
package pgxtx

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// Join is [sqlstore.Join] for a transaction of pgx, or of a pool of pgx. It holds a few
// kilobytes until the transaction's End or Rollback is called.
//
// A transaction that another one has begun is a savepoint, in which no session can be
// saved: a Commit returns [session.ErrUnsupported].
func Join(tx pgx.Tx) *sqlstore.Transaction {
	db := sql.OpenDB(connector{tx})
	db.SetMaxOpenConns(1) // statements take turns, as in a transaction of database/sql
	t := sqlstore.Join(transaction{db, tx})
	t.AtEnd(func(context.Context, session.Outcome) { db.Close() })
	return t
}

// A transaction sends statements by database/sql, because only that can make its rows.
type transaction struct {
	*sql.DB
	tx pgx.Tx
}

func (t transaction) Rollback() error { return done(t.tx.Rollback(context.Background())) }

// done makes pgx's error for a transaction that has ended database/sql's too.
func done(err error) error {
	if errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("%w: %w", sql.ErrTxDone, err)
	}
	return err
}

// A connector is the driver of a database whose only connection is a transaction.
type connector struct{ tx pgx.Tx }

var errNested = fmt.Errorf("%w: pgxtx: a transaction within another one is a savepoint", session.ErrUnsupported)

func (c connector) Connect(context.Context) (driver.Conn, error) {
	if strings.Contains(fmt.Sprintf("%T", c.tx), "Nested") { // the type is pgx's own
		return nil, errNested
	}
	return conn(c), nil
}

func (c connector) Driver() driver.Driver { return nil }

type conn struct{ tx pgx.Tx }

var errStatementsOnly = errors.New("pgxtx: the connection takes statements only")

func (c conn) Prepare(string) (driver.Stmt, error) { return nil, errStatementsOnly }
func (c conn) Begin() (driver.Tx, error)           { return nil, errStatementsOnly }
func (c conn) Close() error                        { return nil }

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.tx.Exec(ctx, query, values(args)...)
	return driver.RowsAffected(tag.RowsAffected()), done(err)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.tx.Query(ctx, query, values(args)...)
	if err != nil {
		return nil, done(err)
	}
	return result{rows}, nil
}

func values(args []driver.NamedValue) []any {
	all := make([]any, len(args))
	for i, arg := range args {
		all[i] = arg.Value
	}
	return all
}

// A result is the rows of a query. The store's have bytes and whole numbers, which are
// the same for database/sql.
type result struct{ rows pgx.Rows }

func (r result) Columns() (names []string) {
	for _, field := range r.rows.FieldDescriptions() {
		names = append(names, field.Name)
	}
	return names
}

func (r result) Close() error {
	r.rows.Close()
	return done(r.rows.Err())
}

func (r result) Next(row []driver.Value) error {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return done(err)
		}
		return io.EOF
	}
	values, err := r.rows.Values()
	for i, value := range values {
		row[i] = value
	}
	return err
}
