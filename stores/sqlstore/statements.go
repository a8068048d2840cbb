package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pageSize   = 100 // rows of one page of a list
	pollSize   = 100 // sessions that one statement asks about
	pruneBatch = 64  // rows that one statement deletes because they have ended

	usualRecord = 1024 // bytes that a record seldom exceeds

	// maxRetries is how often a statement is sent again that the database rolled
	// back because of others.
	maxRetries = 8
)

// statements are those of one store. Each is prepared when it is first used.
//
// A row is live if it has a record and has not ended, and retired if it has a
// successor and has not ended. Otherwise its ID is absent. The times ends and
// deadline are on the database's clock. The time expires is the record's own.
type statements struct {
	load, why, exists, live, insert, revive, replace, touch, retire, delete, prune, byOwner, all statement
}

const (
	isLive    = " AND record IS NOT NULL AND ends > {now}"
	ofID      = " WHERE id = ?"
	insertRow = "INSERT INTO {table} (id, revision, owner, ends, deadline, expires, record) VALUES (?, ?, ?, {now} + ?, {now} + ?, ?, ?)"
	setRow    = "UPDATE {table} SET revision = ?, owner = ?, ends = {now} + ?, deadline = {now} + ?, expires = ?, record = ?, successor = NULL"
	someRows  = "SELECT id, record, expires FROM {table} WHERE ends > {now} AND id > ?"
)

func (s *Store[T]) prepare(d Dialect, table string) {
	g := grammars[d]
	var writes turns
	if d == SQLite {
		writes = newTurns()
	}
	make := func(template string) statement {
		text := g.statement(table, template)
		return statement{db: s.db, text: text, within: text, turns: writes}
	}
	s.load = make("SELECT record, successor, expires FROM {table}" + ofID + " AND ends > {now}")
	s.why = make("SELECT revision, successor FROM {table}" + ofID + " AND ends > {now}")
	for _, read := range []*statement{&s.load, &s.why} {
		read.within = read.text + g.lock
	}
	s.exists = make("SELECT 1 FROM {table}" + ofID + isLive)
	s.live = make("SELECT id FROM {table} WHERE id IN (?" + strings.Repeat(", ?", pollSize-1) + ")" + isLive)
	s.insert = make(insertRow + g.insert)
	if g.insert == "" {
		s.revive = make(setRow + ofID + " AND ends <= {now}")
	}
	s.replace = make(setRow + ofID + " AND revision = ?" + isLive)
	s.touch = make("UPDATE {table} SET ends = {least}({now} + ?, deadline), expires = ?" + ofID + isLive)
	s.retire = make("UPDATE {table} SET revision = ?, ends = {now} + ?, record = NULL, successor = ?" + ofID + " AND revision = ?" + isLive)
	s.delete = make("DELETE FROM {table}" + ofID + isLive)
	s.prune = make(g.prune)
	s.byOwner = make(someRows + " AND owner = ? ORDER BY id LIMIT {page}")
	s.all = make(someRows + " AND record IS NOT NULL ORDER BY id LIMIT {page}")
}

// A statement is prepared once. The zero statement is none.
type statement struct {
	db       *sql.DB
	text     string
	within   string // in a transaction of the application's own
	turns    turns  // of writes
	mu       sync.Mutex
	prepared atomic.Pointer[sql.Stmt]
}

// get returns the statement for a call with ctx. In a transaction it uses no other
// connection: the pool may have one only.
func (s *statement) get(ctx context.Context) (*sql.Stmt, error) {
	stmt := s.prepared.Load()
	switch t := transactionOf(ctx); {
	case t != nil && (stmt == nil || s.within != s.text):
		return t.tx.PrepareContext(ctx, s.within) // the transaction's end closes it
	case t != nil:
		return t.tx.StmtContext(ctx, stmt), nil
	case stmt != nil:
		return stmt, nil
	}
	return s.prepare(ctx)
}

func (s *statement) prepare(ctx context.Context) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.prepared.Load(); stmt != nil {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(ctx, s.text)
	if err == nil {
		s.prepared.Store(stmt)
	}
	return stmt, err
}

// run carries out a call with the statement. It runs it again if the database rolled
// it back, which is known to have done nothing. In a transaction it does not: that is
// rolled back as a whole.
func (s *statement) run(ctx context.Context, call func(*sql.Stmt) error) error {
	if t := transactionOf(ctx); t != nil {
		return t.run(ctx, s, call)
	}
	for attempt := 0; ; attempt++ {
		err := s.once(ctx, call)
		if attempt == maxRetries || !rolledBack(err) || !sleep(ctx, time.Millisecond<<attempt) {
			return err
		}
	}
}

func (s *statement) once(ctx context.Context, call func(*sql.Stmt) error) error {
	stmt, err := s.get(ctx)
	if err != nil {
		return err
	}
	return call(stmt)
}

// exec runs a statement and returns how many rows it wrote.
func (s *statement) exec(ctx context.Context, args ...any) (n int64, err error) {
	err = s.run(ctx, func(stmt *sql.Stmt) error {
		if transactionOf(ctx) == nil && s.turns.take(ctx) {
			defer s.turns.end()
		}
		result, err := stmt.ExecContext(ctx, args...)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return n, err
}

// queryRow scans the one row of a query. It reports whether there is one.
func (s *statement) queryRow(ctx context.Context, id []byte, dest ...any) (found bool, err error) {
	err = s.run(ctx, func(stmt *sql.Stmt) error {
		err := stmt.QueryRowContext(ctx, id).Scan(dest...)
		found = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return err
	})
	return found, err
}

// rolledBack reports whether the database did nothing because of other statements:
// a deadlock, a failed serialization, a lock.
func rolledBack(err error) bool {
	if err == nil {
		return false
	}
	var coded interface{ SQLState() string } // of pgx and lib/pq
	if errors.As(err, &coded) {
		return coded.SQLState() == "40001" || coded.SQLState() == "40P01"
	}
	text := err.Error()
	for _, sign := range []string{"Error 1213", "Error 1205", "Error 1020", "database is locked", "database table is locked", "SQLITE_BUSY"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// duplicate reports whether MySQL refused an insertion because the ID is present.
func duplicate(err error) bool { return err != nil && strings.Contains(err.Error(), "Error 1062") }

// sleep waits, and reports whether the context allows another attempt.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
