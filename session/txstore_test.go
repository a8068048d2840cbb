package session_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A txStore is a store with transactions. A transaction that finds that another one has
// changed the same row cannot be committed.
type txStore struct {
	mu       sync.Mutex
	rows     map[session.ID]session.Record[state] // an ended one has no ID
	revision session.Revision
}

func newTxStore() *txStore { return &txStore{rows: map[session.ID]session.Record[state]{}} }

// A tx is a transaction on a txStore.
type tx struct {
	store    *txStore
	read     map[session.ID]session.Revision
	written  map[session.ID]session.Record[state]
	finishes []func(context.Context, session.Outcome)
	how      *session.Outcome // nil while it is open
	broken   error
}

func (s *txStore) begin() *tx {
	return &tx{store: s, read: map[session.ID]session.Revision{}, written: map[session.ID]session.Record[state]{}}
}

func (x *tx) Joined() bool { return len(x.written) > 0 }

func (x *tx) Err() error { return x.broken }

func (x *tx) AtEnd(finish func(context.Context, session.Outcome)) {
	if x.how != nil {
		finish(context.Background(), *x.how)
		return
	}
	x.finishes = append(x.finishes, finish)
}

func (x *tx) end(how session.Outcome) {
	x.how = &how
	for _, finish := range x.finishes {
		finish(context.Background(), how)
	}
}

func (x *tx) rollback() { x.end(session.RolledBack) }

func (x *tx) commit() error {
	for id, rev := range x.read {
		if x.store.rows[id].Revision != rev {
			x.rollback()
			return errors.New("another transaction was first")
		}
	}
	maps.Copy(x.store.rows, x.written)
	x.end(session.Committed)
	return nil
}

// do carries out a method on the row as ctx's transaction sees it.
func (s *txStore) do(ctx context.Context, id session.ID, rev session.Revision, method func(row session.Record[state], put func(session.Record[state])) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[id]
	put := func(row session.Record[state]) { s.rows[id] = row }
	if x, ok := session.TransactionOf(ctx).(*tx); ok {
		if _, read := x.read[id]; !read {
			x.read[id] = row.Revision
		}
		if own, ok := x.written[id]; ok {
			row = own
		}
		put = func(row session.Record[state]) { x.written[id] = row }
	}
	switch {
	case row.ID.IsZero():
		return session.ErrNotFound
	case rev != 0 && row.Revision != rev:
		return session.ErrConflict
	}
	return method(row, put)
}

func (s *txStore) next() session.Revision { s.revision++; return s.revision }

func (s *txStore) Load(ctx context.Context, id session.ID) (rec session.Record[state], err error) {
	err = s.do(ctx, id, 0, func(row session.Record[state], _ func(session.Record[state])) error { rec = row; return nil })
	return rec, err
}

func (s *txStore) Save(ctx context.Context, rec *session.Record[state]) error {
	written := *rec
	if rec.Revision == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		written.Revision = s.next()
		if x, ok := session.TransactionOf(ctx).(*tx); ok {
			x.written[rec.ID] = written
		} else {
			s.rows[rec.ID] = written
		}
		*rec = written
		return nil
	}
	return s.do(ctx, rec.ID, rec.Revision, func(_ session.Record[state], put func(session.Record[state])) error {
		written.Revision = s.next()
		put(written)
		*rec = written
		return nil
	})
}

func (s *txStore) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return s.do(ctx, id, rev, func(row session.Record[state], put func(session.Record[state])) error {
		row.Expires = expires
		put(row)
		return nil
	})
}

func (s *txStore) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return s.do(ctx, id, rev, func(row session.Record[state], put func(session.Record[state])) error {
		put(session.Record[state]{Revision: s.next()})
		return nil
	})
}

func (s *txStore) Exists(ctx context.Context, id session.ID) (bool, error) {
	_, err := s.Load(ctx, id)
	return err == nil, nil
}
