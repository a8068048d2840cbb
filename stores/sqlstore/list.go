package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/seed48429006/sessions/session"
)

// ByOwner yields the live records of an owner, as [session.Indexer] says. It reads
// pages of 100 rows in the order of the primary key. A session that is renewed
// meanwhile is yielded under one of its IDs at least: a caller that ends all that
// are yielded has ended it, or is told.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		if owner == "" {
			return
		}
		seen := make(map[session.ID]bool)
		for renewed := true; renewed; { // a marker stands for a record that may have come behind the iteration
			renewed = false
			more := s.pages(ctx, &s.byOwner, []any{ownerHash(owner)}, func(row row) bool {
				if seen[row.id] {
					return true
				}
				seen[row.id] = true
				if row.record == nil {
					renewed = true
					return true
				}
				rec, err := s.decode(row.record, row.id, row.expires)
				if err == nil && rec.Owner != owner {
					return true
				}
				return yield(rec, err)
			}, func(err error) { yield(session.Record[T]{}, err) })
			if !more {
				return
			}
		}
	}
}

// All yields all live records, as [session.Lister] says, in pages of 100 rows in
// the order of the primary key.
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		s.pages(ctx, &s.all, nil, func(row row) bool {
			return yield(s.decode(row.record, row.id, row.expires))
		}, func(err error) { yield(session.Record[T]{}, err) })
	}
}

// A row is one of a list. Its record is nil if it is a marker.
type row struct {
	id      session.ID
	record  []byte
	expires int64
}

// pages calls do with each row, and fail with the error that ends the iteration. It
// reports whether it came to the end. No query is open while do runs.
func (s *Store[T]) pages(ctx context.Context, query *statement, args []any, do func(row) bool, fail func(error)) bool {
	last := []byte{}
	for {
		rows, err := s.page(ctx, query, append([]any{last}, args...))
		if err != nil {
			fail(unavailable(err))
			return false
		}
		for _, r := range rows {
			if err := alive(ctx); err != nil {
				fail(err)
				return false
			}
			if !do(r) {
				return false
			}
		}
		if len(rows) < pageSize {
			return true
		}
		last = rows[len(rows)-1].id[:]
	}
}

func (s *Store[T]) page(ctx context.Context, query *statement, args []any) (page []row, err error) {
	err = query.run(ctx, func(stmt *sql.Stmt) error {
		page, err = readRows(stmt.QueryContext(ctx, args...))
		return err
	})
	return page, err
}

func readRows(rows *sql.Rows, err error) (page []row, _ error) {
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var r row
		var id []byte
		if err := rows.Scan(&id, &r.record, &r.expires); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		copy(r.id[:], id)
		page = append(page, r)
	}
	return page, errors.Join(rows.Err(), rows.Close())
}
