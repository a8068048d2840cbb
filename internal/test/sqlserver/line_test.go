package sqlserver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A cable is the line to a database. It can lose one statement.
type cable struct {
	mu   sync.Mutex
	loss *storetest.Loss
}

var errLost = errors.New("connection reset by peer")

// lose is the option of the conformance suite.
func (c *cable) lose(_ *testing.T, _ session.Store[storetest.Profile], l storetest.Loss) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loss = &l
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		lost := c.loss == nil
		c.loss = nil
		return lost
	}
}

// next returns the loss of this statement, nil if none.
func (c *cable) next() *storetest.Loss {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.loss
	if l == nil {
		return nil
	}
	if l.After--; l.After >= 0 {
		return nil
	}
	c.loss = nil
	return l
}

// send carries out a statement, or loses it.
func send[R any](c *cable, statement func() (R, error), undo func(R)) (result R, err error) {
	l := c.next()
	if l == nil {
		return statement()
	}
	if !l.Unsent {
		if lost, err := statement(); err == nil {
			undo(lost)
		}
	}
	l.Meanwhile()
	return result, errLost
}

// dialects are those of the drivers. A driver with a cable does not tell.
var dialects = map[string]sqlstore.Dialect{
	"sqlite": sqlstore.SQLite, "sqlite3": sqlstore.SQLite,
	"pgx": sqlstore.PostgreSQL, "postgres": sqlstore.PostgreSQL, "mysql": sqlstore.MySQL,
}

// openLosing opens an empty database whose statements can be lost.
func openLosing(t *testing.T, d sqlserver.Database) (*sql.DB, *cable) {
	t.Helper()
	source := d.Source(t)
	real, err := sql.Open(d.Driver, source)
	must(t, err)
	must(t, real.Close())
	c := new(cable)
	return sqlserver.Await(t, sql.OpenDB(losingConnector{real.Driver(), source, c})), c
}

// A losingConnector has connections by which statements can be lost. They can do all that
// database/sql asks of them.
type losingConnector struct {
	driver driver.Driver
	source string
	cable  *cable
}

type losingConn struct {
	driver.Conn
	cable *cable
}

type losingStmt struct {
	driver.Stmt
	cable *cable
}

// A losingDriver is none that the store knows.
type losingDriver struct{ driver.Driver }

func (c losingConnector) Driver() driver.Driver { return losingDriver{c.driver} }

func (c losingConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.source)
	if err != nil {
		return nil, err
	}
	return losingConn{conn, c.cable}, nil
}

func (c losingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return losingStmt{stmt, c.cable}, nil
}

func (c losingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c losingConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c losingConn) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !ok || v.IsValid()
}

func (c losingConn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (s losingStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return send(s.cable, func() (driver.Result, error) {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	}, func(driver.Result) {})
}

func (s losingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return send(s.cable, func() (driver.Rows, error) {
		return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	}, func(rows driver.Rows) { rows.Close() })
}
