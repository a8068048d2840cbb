package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// A fake is a driver without a database. Each of its statements calls do, and writes one
// row or reads the row.
type fake struct {
	do     func(statement string)
	row    []driver.Value // nil if there is none
	opened atomic.Int32   // connections
}

// database returns a database of the driver, which the test closes.
func (f *fake) database(t *testing.T) *sql.DB {
	db := sql.OpenDB(f)
	t.Cleanup(func() { db.Close() })
	return db
}

func (f *fake) Connect(context.Context) (driver.Conn, error) { return f.Open("") }
func (f *fake) Driver() driver.Driver                        { return f }

func (f *fake) Open(string) (driver.Conn, error) {
	f.opened.Add(1)
	return fakeConn{f}, nil
}

type fakeConn struct{ *fake }

func (c fakeConn) Prepare(text string) (driver.Stmt, error) { return fakeStmt{c.fake, text}, nil }
func (c fakeConn) Begin() (driver.Tx, error)                { return fakeTx{}, nil }
func (c fakeConn) Close() error                             { return nil }

type fakeTx struct{}

func (fakeTx) Commit() error   { return nil }
func (fakeTx) Rollback() error { return nil }

type fakeStmt struct {
	*fake
	text string
}

func (s fakeStmt) Close() error  { return nil }
func (s fakeStmt) NumInput() int { return -1 }

func (s fakeStmt) Exec([]driver.Value) (driver.Result, error) {
	s.do(s.text)
	return driver.RowsAffected(1), nil
}

func (s fakeStmt) Query([]driver.Value) (driver.Rows, error) {
	s.do(s.text)
	switch {
	case strings.Contains(s.text, "SELECT *"): // a table that is as it must be
		return &fakeRows{columns: []string{"id", "revision", "owner", "ends", "deadline", "expires", "record"}}, nil
	case strings.Contains(s.text, "pragma_index_list"):
		return &fakeRows{[]string{"name"}, [][]driver.Value{{"id"}, {"owner"}, {"ends"}}}, nil
	case s.row == nil:
		return new(fakeRows), nil
	}
	return &fakeRows{make([]string, len(s.row)), [][]driver.Value{s.row}}, nil
}

type fakeRows struct {
	columns []string
	rows    [][]driver.Value
}

func (r *fakeRows) Columns() []string { return r.columns }
func (r *fakeRows) Close() error      { return nil }

func (r *fakeRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}
