package sessiontest

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

var (
	errDown = errors.New("sessiontest: the store is down")
	errLost = errors.New("sessiontest: the store's reply is lost")
)

// Down makes each later call fail without being carried out, as if the store was not
// there, until [Store.Up].
func (s *Store[T]) Down() { s.every(func(f *fault) { f.fail = errDown }) }

// Slow makes each later call wait for d, until [Store.Up].
func (s *Store[T]) Slow(d time.Duration) { s.every(func(f *fault) { f.delay = d }) }

// LoseReplies makes each later call fail although it is carried out, until
// [Store.Up].
func (s *Store[T]) LoseReplies() { s.every(func(f *fault) { f.lose = errLost }) }

// Up ends all faults, by Down, Slow and LoseReplies as well as by [Store.Fail],
// [Store.Delay], [Store.LoseReply] and [Store.Corrupt].
func (s *Store[T]) Up() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.byOp, s.faults.unreadable = nil, nil
}

func (s *Store[T]) every(edit func(*fault)) {
	for _, op := range ops {
		s.faults.change(op, edit)
	}
}

// ChangeMeanwhile lets another request change the next session that is committed,
// just before the commit writes it. The test fails if none is committed.
func (s *Store[T]) ChangeMeanwhile(edit func(*T)) {
	s.meanwhile("ChangeMeanwhile", func(ctx context.Context, rec session.Record[T]) error {
		edit(&rec.Value)
		rec.Owner = ownerOf(&rec.Value)
		return s.mem.Save(ctx, &rec)
	})
}

// EndMeanwhile is [Store.ChangeMeanwhile] for a request that ends the session: by a
// log-out, for example.
func (s *Store[T]) EndMeanwhile() {
	s.meanwhile("EndMeanwhile", func(ctx context.Context, rec session.Record[T]) error {
		return s.mem.Delete(ctx, rec.ID, rec.Revision)
	})
}

// RenewMeanwhile is [Store.ChangeMeanwhile] for a request that ends all tokens of the
// session by a new one: by a log-in, for example.
func (s *Store[T]) RenewMeanwhile() {
	s.meanwhile("RenewMeanwhile", func(ctx context.Context, rec session.Record[T]) (err error) {
		rec.Renewed = millis(time.Now(), time.Time{})
		if rec.Secrets, err = renewed(rec.ID, rec.Secrets); err != nil {
			return err
		}
		return s.mem.Save(ctx, &rec)
	})
}

// meanwhile lets another request act before the next call that writes to a stored
// session.
func (s *Store[T]) meanwhile(name string, act func(context.Context, session.Record[T]) error) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	done := false
	s.faults.meanwhile = func(c Call) bool {
		rec, err := s.mem.Load(context.Background(), c.ID)
		if err != nil {
			return false
		}
		done = true
		rec.Value = *copyOf(&rec.Value)
		if err := act(context.Background(), rec); err != nil && s.tb != nil {
			s.tb.Errorf("sessiontest: %s: %v", name, err)
		}
		return true
	}
	if s.tb == nil {
		return
	}
	s.tb.Cleanup(func() {
		if !done {
			s.tb.Errorf("sessiontest: %s: no session was changed after that", name)
		}
	})
}

// another lets the other request act that a Meanwhile method asked for.
func (f *faults) another(c Call) {
	if c.Op != OpSave && c.Op != OpDelete {
		return
	}
	f.mu.Lock()
	act := f.meanwhile
	f.meanwhile = nil
	f.mu.Unlock()
	if act != nil && !act(c) {
		f.mu.Lock()
		f.meanwhile = act
		f.mu.Unlock()
	}
}
