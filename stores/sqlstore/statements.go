package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

const (
	pageSize   = 100 // rows of one page of a list
	pollSize   = 100 // sessions that one statement asks about
	pruneBatch = 64  // rows that one statement deletes because they have ended

	patience = 20 * time.Millisecond // of groups with a statement that is under way

	usualRecord = 1024 // bytes that a record seldom exceeds

	// maxRetries is how often a statement is sent again that the database rolled
	// back because of others.
	maxRetries = 8
)

// statements are those of one store.
//
// A row is live if it has not ended. Otherwise its ID is absent. The times ends and
// deadline are on the database's clock. The time expires is the record's own.
type statements struct {
	db  *sql.DB
	own Tx // the database, for statements that commit by themselves
	*grammar
	dialect       Dialect
	table         string
	prompt        bool  // the driver returns when a context ends
	reads, writes *lane // nil: each goes by itself

	load, look, insert, revive, replace, touch, delete, deleteAny, byOwner, all, some, revisions string

	loading, inserting, replacing, turn kind
}

const (
	isLive    = " AND ends > {now}"
	ofID      = " WHERE id = ?"
	intoTable = "INSERT INTO {table}{as} (id, revision, owner, ends, deadline, expires, record) "
	setRow    = "UPDATE {table} SET revision = ?, owner = ?, ends = {now} + ?, deadline = {now} + ?, expires = ?, record = ?"
	someRows  = "SELECT id, record, expires FROM {table} WHERE ends > {now} AND id "

	replaceRows = "UPDATE {table} SET revision = rev, owner = own, ends = {now} + lasts, deadline = {now} + dies, expires = until, record = rec" +
		" FROM f WHERE id = sid AND revision = was" + isLive
	insertRows = intoTable + "SELECT sid, rev, own, {now} + lasts, {now} + dies, until, rec FROM v WHERE true"
)

func newStatements(db *sql.DB, d Dialect, table string) *statements {
	s := &statements{db: db, own: db, grammar: grammars[d], dialect: d, table: table}
	s.load = s.text("SELECT record, expires FROM {table}" + ofID + isLive)
	s.look = s.text("SELECT revision FROM {table}" + ofID + isLive)
	s.insert = s.text(intoTable + "VALUES (?, ?, ?, {now} + ?, {now} + ?, ?, ?)" + s.grammar.insert)
	s.revive = s.text(setRow + ofID + " AND ends <= {now}")
	s.replace = s.text(setRow + ofID + " AND revision = ?" + isLive)
	s.touch = s.text("UPDATE {table} SET ends = {least}({now} + ?, deadline), expires = ?" + ofID + " AND revision = ?" + isLive)
	s.deleteAny = s.text("DELETE FROM {table}" + ofID + isLive)
	s.delete = s.text("DELETE FROM {table}" + ofID + isLive + " AND revision = ?")
	s.byOwner = s.text(someRows + "> ? AND owner = ? ORDER BY id LIMIT {page}")
	s.all = s.text(someRows + "> ? ORDER BY id LIMIT {page}")
	s.some = s.text(someRows)
	s.revisions = s.text("SELECT id, revision, ends - {now} FROM {table} WHERE id ")

	s.prompt = driverOf(db)("jackc/pgx", "go-sql-driver/mysql", "modernc.org/sqlite")
	s.beginLanes()
	return s
}

func (s *statements) text(template string) string {
	as := ""
	if s.grammar.insert != "" {
		as = " AS s"
	}
	return s.statement(s.table, strings.ReplaceAll(template, "{as}", as))
}

// run carries out a call outside of lanes. It does so again if the database rolled it
// back, which is known to have done nothing. In a transaction it does not: that is
// rolled back as a whole.
func (s *statements) run(ctx context.Context, call func(Tx) error) error {
	if t := transactionOf(ctx); t != nil {
		tx := t.tx
		if !s.prompt {
			tx = hasty{tx}
		}
		return t.run(ctx, tx, call)
	}
	if !s.prompt && s.dialect != SQLite { // SQLite's own writes take turns, and its reads do not wait
		return retry(ctx, func() error { return call(hasty{s.own}) })
	}
	return retry(ctx, func() error { return call(s.own) })
}

func retry(ctx context.Context, call func() error) error {
	for attempt := 0; ; attempt++ {
		err := call()
		if attempt == maxRetries || !rolledBack(err) || !sleep(ctx, time.Millisecond<<attempt) {
			return err
		}
	}
}

// exec runs a statement and returns how many rows it wrote.
func (s *statements) exec(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = s.run(ctx, func(tx Tx) error {
		if !s.takesTurns(tx) {
			n, err = execute(ctx, tx, text, args)
			return err
		}
		j := &job{kind: &s.turn, text: text, args: args}
		if err := s.writes.do(ctx, j); err != nil {
			return err
		}
		n = j.n
		return nil
	})
	return n, err
}

// takesTurns reports whether a write goes through the lane of writes.
func (s *statements) takesTurns(tx Tx) bool { return s.turn.alone != nil && tx == s.own }

// inTurn makes a call that writes, when no other write is under way if they take turns.
// The call must leave alone what the caller reads after an error.
func (s *statements) inTurn(ctx context.Context, tx Tx, call func(context.Context) error) error {
	if !s.takesTurns(tx) {
		return call(ctx)
	}
	return s.writes.do(ctx, &job{kind: &kind{alone: func(ctx context.Context, _ *job) error { return call(ctx) }}})
}

func execute(ctx context.Context, tx Tx, text string, args []any) (int64, error) {
	result, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query calls scan for each row of a query. It may begin anew: it calls reset before. In
// a transaction it reads the latest rows.
func (s *statements) query(ctx context.Context, reset func(), scan func(*sql.Rows) error, text string, args ...any) error {
	if transactionOf(ctx) != nil {
		text += s.lock
	}
	return s.run(ctx, func(tx Tx) error {
		reset()
		return each(ctx, tx, scan, text, args)
	})
}

// each calls scan for each row of a query.
func each(ctx context.Context, tx Tx, scan func(*sql.Rows) error, text string, args []any) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	for err == nil && rows.Next() {
		err = scan(rows)
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// read reads the row of a live record. Its record is nil if there is none.
func (s *statements) read(ctx context.Context, id session.ID) (record []byte, expires int64, err error) {
	if s.reads == nil || transactionOf(ctx) != nil {
		err = s.query(ctx, func() { record = nil }, func(rows *sql.Rows) error { return rows.Scan(&record, &expires) }, s.load, id[:])
		return record, expires, err
	}
	var j *job
	err = s.run(ctx, func(Tx) error {
		j = &job{kind: &s.loading, args: []any{id[:]}}
		return s.reads.do(ctx, j)
	})
	if err != nil {
		return nil, 0, err
	}
	return j.record, j.expires, nil
}

// A hasty Tx returns when a context ends, also if the driver does not. Then a transaction
// must be rolled back.
type hasty struct{ tx Tx }

func (h hasty) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return promptly(ctx, func() (sql.Result, error) { return h.tx.ExecContext(ctx, text, args...) })
}

func (h hasty) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return promptly(ctx, func() (*sql.Rows, error) { return h.tx.QueryContext(ctx, text, args...) })
}

// promptly returns the outcome of a call, or the error of a context that ends before.
func promptly[R any](ctx context.Context, call func() (R, error)) (result R, err error) {
	type outcome struct {
		result R
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil { // of a driver; no caller could recover it
				o.err = fmt.Errorf("sqlstore: the driver panicked: %v", p)
			}
			done <- o
		}()
		o.result, o.err = call()
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return result, ctx.Err()
	}
}

// A draft is what a write stores in a row, in the order of the group's columns.
type draft struct {
	id                       session.ID
	was, rev                 int64
	owner                    any
	lasts, deadline, expires int64
	record                   []byte
}

func (d *draft) args() []any {
	return []any{d.id[:], d.was, d.rev, d.owner, d.lasts, d.deadline, d.expires, d.record}
}

// writeAlone stores a draft and waits for locks.
func (s *statements) writeAlone(ctx context.Context, d *draft) (int64, error) {
	if d.was != 0 {
		return s.exec(ctx, s.replace, append(d.args()[2:], d.id[:], d.was)...)
	}
	n, err := s.exec(ctx, s.insert, append([]any{d.id[:]}, d.args()[2:]...)...)
	if s.grammar.insert == "" && duplicate(err) {
		return s.exec(ctx, s.revive, append(d.args()[2:], d.id[:])...)
	}
	return n, err
}

// write stores a draft, together with those of others if it can. It reports whether
// others may be the reason why it did not: a lock, or a group that failed.
func (s *statements) write(ctx context.Context, d *draft) (n int64, others bool, err error) {
	if s.rows == "" || transactionOf(ctx) != nil {
		n, err = s.writeAlone(ctx, d)
		return n, err == nil, err
	}
	j := &job{kind: &s.replacing, args: d.args(), record: d.record}
	if d.was == 0 {
		j.kind = &s.inserting
	}
	if err := s.writes.do(ctx, j); err != nil {
		return 0, refused(err), err
	}
	return j.n, true, nil
}

// find returns the revision of a live record, zero if there is none.
func (s *statements) find(ctx context.Context, id session.ID) (rev session.Revision, err error) {
	var stored int64
	err = s.query(ctx, func() { stored = 0 }, func(rows *sql.Rows) error { return rows.Scan(&stored) }, s.look, id[:])
	return session.Revision(stored), err
}
