package session_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A txStore is a store with transactions. A transaction that finds that another one
// has changed the same row cannot be committed.
type txStore struct {
	mu       sync.Mutex
	rows     map[session.ID]txRow
	revision session.Revision
}

type txRow struct {
	rec       session.Record[state]
	successor session.ID
}

func newTxStore() *txStore { return &txStore{rows: map[session.ID]txRow{}} }

// A tx is a transaction on a txStore.
type tx struct {
	store   *txStore
	read    map[session.ID]session.Revision
	written map[session.ID]txRow
	over    bool
	kept    bool
	outcome error // of Committed
	told    []func(context.Context)
}

func (s *txStore) begin() *tx {
	return &tx{store: s, read: map[session.ID]session.Revision{}, written: map[session.ID]txRow{}}
}

func (x *tx) Joined() bool                            { return len(x.written) > 0 }
func (x *tx) Open() bool                              { return !x.over }
func (x *tx) Committed(context.Context) (bool, error) { return x.kept, x.outcome }
func (x *tx) AtEnd(finish func(context.Context))      { x.told = append(x.told, finish) }

func (x *tx) rollback() { x.over = true }

func (x *tx) commit() error {
	x.over = true
	for id, rev := range x.read {
		if x.store.rows[id].rec.Revision != rev {
			return errors.New("another transaction was first")
		}
	}
	maps.Copy(x.store.rows, x.written)
	x.kept = true
	return nil
}

func (x *tx) tell(ctx context.Context) {
	for _, finish := range x.told {
		finish(ctx)
	}
}

// do carries out a method on the row as ctx's transaction sees it.
func (s *txStore) do(ctx context.Context, id session.ID, method func(row txRow, put func(txRow)) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[id]
	put := func(row txRow) { s.rows[id] = row }
	if x, ok := session.TransactionOf(ctx).(*tx); ok {
		if _, read := x.read[id]; !read {
			x.read[id] = row.rec.Revision
		}
		if own, ok := x.written[id]; ok {
			row = own
		}
		put = func(row txRow) { x.written[id] = row }
	}
	if !row.successor.IsZero() {
		return &session.RetiredError{ID: id, Successor: row.successor}
	}
	return method(row, put)
}

func (s *txStore) next() session.Revision { s.revision++; return s.revision }

func (s *txStore) Load(ctx context.Context, id session.ID) (rec session.Record[state], err error) {
	err = s.do(ctx, id, func(row txRow, _ func(txRow)) error {
		if row.rec.ID.IsZero() {
			return session.ErrNotFound
		}
		rec = row.rec
		return nil
	})
	return rec, err
}

func (s *txStore) Save(ctx context.Context, rec *session.Record[state]) error {
	return s.do(ctx, rec.ID, func(row txRow, put func(txRow)) error {
		switch {
		case row.rec.ID.IsZero() && rec.Revision != 0:
			return session.ErrNotFound
		case row.rec.ID.IsZero():
		case row.rec.Revision != rec.Revision:
			return session.ErrConflict
		}
		rec.Revision = s.next()
		put(txRow{rec: *rec})
		return nil
	})
}

func (s *txStore) Touch(ctx context.Context, id session.ID, expires time.Time) error {
	return s.do(ctx, id, func(row txRow, put func(txRow)) error {
		if row.rec.ID.IsZero() {
			return session.ErrNotFound
		}
		row.rec.Expires = expires
		put(row)
		return nil
	})
}

func (s *txStore) Retire(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, _ time.Time) error {
	return s.do(ctx, id, func(row txRow, put func(txRow)) error {
		switch {
		case row.rec.ID.IsZero():
			return session.ErrNotFound
		case row.rec.Revision != rev:
			return session.ErrConflict
		}
		put(txRow{rec: session.Record[state]{Revision: s.next()}, successor: successor})
		return nil
	})
}

func (s *txStore) Delete(ctx context.Context, id session.ID) error {
	return s.do(ctx, id, func(row txRow, put func(txRow)) error {
		if row.rec.ID.IsZero() {
			return session.ErrNotFound
		}
		put(txRow{rec: session.Record[state]{Revision: s.next()}})
		return nil
	})
}

func (s *txStore) Exists(ctx context.Context, id session.ID) (bool, error) {
	_, err := s.Load(ctx, id)
	return err == nil, nil
}
