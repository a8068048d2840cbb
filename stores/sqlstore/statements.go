package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"
)

const (
	pageSize   = 100 // rows of one page of a list
	pollSize   = 100 // sessions that one statement asks about
	pruneBatch = 64  // rows that one statement deletes because they have ended

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
	make := func(template string) statement {
		return statement{db: s.db, text: g.statement(table, template)}
	}
	s.load = make("SELECT record, successor, expires FROM {table}" + ofID + " AND ends > {now}")
	s.why = make("SELECT revision, successor FROM {table}" + ofID + " AND ends > {now}")
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
	db   *sql.DB
	text string

	mu       sync.Mutex
	prepared *sql.Stmt
}

func (s *statement) get(ctx context.Context) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prepared == nil {
		stmt, err := s.db.PrepareContext(ctx, s.text)
		if err != nil {
			return nil, err
		}
		s.prepared = stmt
	}
	return s.prepared, nil
}

// exec runs a statement and returns how many rows it wrote. It runs it again if the
// database rolled it back, which is known to have done nothing.
func (s *statement) exec(ctx context.Context, args ...any) (n int64, err error) {
	for attempt := 0; ; attempt++ {
		var stmt *sql.Stmt
		if stmt, err = s.get(ctx); err == nil {
			var result sql.Result
			if result, err = stmt.ExecContext(ctx, args...); err == nil {
				return result.RowsAffected()
			}
		}
		if attempt == maxRetries || !rolledBack(err) || !sleep(ctx, time.Millisecond<<attempt) {
			return 0, err
		}
	}
}

// queryRow scans the one row of a query. It reports whether there is one.
func (s *statement) queryRow(ctx context.Context, id []byte, dest ...any) (found bool, err error) {
	for attempt := 0; ; attempt++ {
		var stmt *sql.Stmt
		if stmt, err = s.get(ctx); err == nil {
			err = stmt.QueryRowContext(ctx, id).Scan(dest...)
		}
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, sql.ErrNoRows):
			return false, nil
		case attempt == maxRetries || !rolledBack(err) || !sleep(ctx, time.Millisecond<<attempt):
			return false, err
		}
	}
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
