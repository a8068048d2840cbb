package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// rolledBack reports whether the database did nothing because of other statements:
// a deadlock, a failed serialization, a lock.
func rolledBack(err error) bool {
	if err == nil { // most often, and at no cost
		return false
	}
	switch sqlState(err) {
	case "":
		return says(err, "Error 1213", "Error 1205", "Error 1020", "Error 3101", "database is locked", "database table is locked")
	case "40001", "40P01", "55P03":
		return true
	}
	return false
}

// says reports whether an error of a driver of MySQL or SQLite is in err, and begins with
// one of the texts. The text of other errors may be a visitor's.
func says(err error, texts ...string) bool {
	switch fmt.Sprintf("%T", err) {
	case "*mysql.MySQLError", "*sqlite.Error", "sqlite3.Error", "*sqlite3.Error":
		text := strings.TrimPrefix(err.Error(), "sqlite3: ") // of ncruces
		return slices.ContainsFunc(texts, func(start string) bool { return strings.HasPrefix(text, start) })
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return says(err.Unwrap(), texts...)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(err.Unwrap(), func(err error) bool { return says(err, texts...) })
	}
	return false
}

// sqlState returns the code of an error of pgx or lib/pq, empty if it has none.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// refused reports whether an error is the database's own answer: the statement had no
// effect. A connection that broke says nothing, and the classes 08 and 57 are alike.
// PostgreSQL answers to the COMMIT of a transaction that has failed by ROLLBACK, which
// pgx and lib/pq tell by errors without a code.
func refused(err error) bool {
	if err == nil {
		return false
	}
	if text := err.Error(); strings.Contains(text, "commit unexpectedly resulted in rollback") || strings.Contains(text, "in a failed transaction") {
		return true
	}
	if code := sqlState(err); code != "" {
		return code != "40003" && !strings.HasPrefix(code, "08") && !strings.HasPrefix(code, "57")
	}
	return says(err, "")
}

// duplicate reports whether MySQL refused an insertion because the ID is present.
func duplicate(err error) bool { return says(err, "Error 1062") }

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
