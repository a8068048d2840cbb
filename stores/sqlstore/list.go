package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"slices"

	"github.com/seed48429006/sessions/session"
)

// ByOwner yields the live records of an owner, as [session.Indexer] says. It reads
// pages of 100 rows in the order of the primary key.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		if owner == "" {
			return
		}
		s.pages(ctx, s.byOwner, []any{ownerHash(owner)}, func(rec session.Record[T], err error) bool {
			return err == nil && rec.Owner != owner || yield(rec, err)
		})
	}
}

// All yields all live records, as [session.Lister] says, in pages of 100 rows in
// the order of the primary key. In a transaction on MySQL it locks them, as all reads do.
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) { s.pages(ctx, s.all, nil, yield) }
}

// A row is one of a list.
type row struct {
	id      session.ID
	record  []byte
	expires int64
}

func (r *row) scan(rows *sql.Rows) error {
	var id []byte
	err := rows.Scan(&id, &r.record, &r.expires)
	copy(r.id[:], id)
	return err
}

// pages yields the records of a list. No query is open while the caller has one.
func (s *Store[T]) pages(ctx context.Context, query string, args []any, yield func(session.Record[T], error) bool) {
	last := []byte{}
	for {
		if err := alive(ctx); err != nil {
			yield(session.Record[T]{}, err)
			return
		}
		var page []row
		err := s.query(ctx, func() { page = nil }, func(rows *sql.Rows) error {
			var r row
			err := r.scan(rows)
			page = append(page, r)
			return err
		}, query, append([]any{last}, args...)...)
		if err != nil {
			yield(session.Record[T]{}, session.StoreError(err))
			return
		}
		for _, r := range page {
			if err := alive(ctx); err != nil {
				yield(session.Record[T]{}, err)
				return
			}
			if !yield(s.decode(r, anySecrets)) {
				return
			}
		}
		if len(page) < pageSize {
			return
		}
		last = page[len(page)-1].id[:]
	}
}

// Revisions returns the revisions of records, as [session.Poller] says. It is one SELECT
// for 100 of them.
func (s *Store[T]) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	found := make(map[session.ID]session.Revision, len(ids))
	err := s.revisionsOf(ctx, nil, ids, func(id session.ID, rev session.Revision, live bool) {
		if live {
			found[id] = rev
		}
	})
	if err != nil {
		return nil, session.StoreError(err)
	}
	revs := make([]session.Revision, len(ids))
	for i, id := range ids {
		revs[i] = found[id]
	}
	return revs, nil
}

// revisionsOf calls found for each row of some sessions, in a transaction if tx is not
// nil. A row may have ended.
func (s *statements) revisionsOf(ctx context.Context, tx Tx, ids []session.ID, found func(id session.ID, rev session.Revision, live bool)) error {
	for batch := range slices.Chunk(ids, pollSize) {
		if err := ctx.Err(); err != nil {
			return err
		}
		args := make([]any, len(batch))
		for i := range batch {
			args[i] = batch[i][:]
		}
		text, args := s.among(s.revisions, args)
		scan := func(rows *sql.Rows) error {
			var id []byte
			var rev, left int64
			err := rows.Scan(&id, &rev, &left)
			if len(id) == len(session.ID{}) {
				found(session.ID(id), session.Revision(rev), left > 0)
			}
			return err
		}
		var err error
		if tx != nil {
			err = each(ctx, tx, scan, text, args)
		} else {
			err = s.query(ctx, func() {}, scan, text, args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
