package sqlserver_test

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A line fails the next writing statement, before it happens or after.
type line struct{ before, after error }

type lossyDriver struct {
	driver.Driver
	line *line
}

type lossyConn struct {
	driver.Conn
	line *line
}

type lossyStmt struct {
	driver.Stmt
	line *line
}

func (d lossyDriver) Open(name string) (driver.Conn, error) {
	conn, err := d.Driver.Open(name)
	return lossyConn{conn, d.line}, err
}

func (c lossyConn) Prepare(query string) (driver.Stmt, error) {
	stmt, err := c.Conn.Prepare(query)
	return lossyStmt{stmt, c.line}, err
}

func (s lossyStmt) Exec(args []driver.Value) (result driver.Result, err error) {
	err = s.line.fail(func() error {
		//lint:ignore SA1019 the wrapped driver has it, and the interface is the smaller one
		result, err = s.Stmt.Exec(args)
		return err
	})
	return result, err
}

func (l *line) fail(statement func() error) error {
	before, after := l.before, l.after
	l.before, l.after = nil, nil
	if before != nil {
		return before
	}
	return cmp.Or(statement(), after)
}

var badLine = new(line)

func init() { sql.Register("lossy", lossyDriver{new(sqlite.Driver), badLine}) }

// A write whose reply is lost is recognised by its revision. One that did not happen
// is not taken for done.
func TestLostReplies(t *testing.T) {
	db, err := sql.Open("lossy", "file:"+filepath.Join(t.TempDir(), "sessions.db")+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(60000)")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	s, err := sqlstore.New(db, sqlstore.SQLite, codec.MessagePack[cart](), &sqlstore.Options{CreateTable: true})
	must(t, err)
	locked := errLocked(t)
	ctx := t.Context()
	at := time.Now().UTC().Truncate(time.Millisecond)
	record := func() session.Record[cart] {
		id := session.NewID()
		return session.Record[cart]{ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Created: at, Renewed: at, Deadline: at.Add(time.Hour), Expires: at.Add(time.Hour)}
	}
	saved := func() session.Record[cart] {
		rec := record()
		must(t, s.Save(ctx, &rec))
		return rec
	}
	for name, test := range map[string]struct {
		write func(rec *session.Record[cart]) error
		rec   func() session.Record[cart]
		done  error // of a write whose reply is lost
	}{
		"create":  {func(rec *session.Record[cart]) error { return s.Save(ctx, rec) }, record, nil},
		"replace": {func(rec *session.Record[cart]) error { return s.Save(ctx, rec) }, saved, nil},
		"delete":  {func(rec *session.Record[cart]) error { return s.Delete(ctx, rec.ID, rec.Revision) }, saved, session.ErrUnavailable},
		"touch": {func(rec *session.Record[cart]) error {
			return s.Touch(ctx, rec.ID, rec.Revision, at.Add(time.Minute))
		}, saved, session.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			rec := test.rec()
			badLine.before = errLost
			if err := test.write(&rec); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errLost) {
				t.Errorf("not sent: got %v", err)
			}
			badLine.after = errLost
			if err := test.write(&rec); !errors.Is(err, test.done) {
				t.Errorf("reply lost: got %v, want %v", err, test.done)
			}
			if name == "create" || name == "replace" { // the revision is known: a further write follows
				must(t, s.Save(ctx, &rec))
			}
			badLine.before = locked
			rec = test.rec()
			must(t, test.write(&rec)) // sent again
		})
	}
}

// errLocked returns the driver's error for a lock.
func errLocked(t *testing.T) error {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "locked.db")+"?_txlock=immediate")
	must(t, err)
	defer db.Close()
	tx, err := db.Begin()
	must(t, err)
	defer tx.Rollback()
	_, err = db.Begin()
	if err == nil {
		t.Fatal("two transactions write")
	}
	return err
}
