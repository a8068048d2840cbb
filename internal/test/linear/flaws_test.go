package linear

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

type record = session.Record[Log]

// flawed is a store with some methods replaced.
type flawed struct {
	Store
	load   func(context.Context, session.ID) (record, error)
	save   func(context.Context, *record) error
	touch  func(context.Context, session.ID, session.Revision, time.Time) error
	delete func(context.Context, session.ID, session.Revision) error
}

func (f *flawed) Load(ctx context.Context, id session.ID) (record, error) { return f.load(ctx, id) }

func (f *flawed) Save(ctx context.Context, rec *record) error { return f.save(ctx, rec) }

func (f *flawed) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return f.touch(ctx, id, rev, expires)
}

func (f *flawed) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return f.delete(ctx, id, rev)
}

// memory keeps the records that a flawed store has loaded.
type memory struct {
	mu   sync.Mutex
	recs map[session.ID]record
}

func (m *memory) keep(rec record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recs[rec.ID] = rec
}

// revive stores a record again, with the given expiry.
func (m *memory) revive(ctx context.Context, store Store, id session.ID, expires time.Time) error {
	m.mu.Lock()
	rec := m.recs[id]
	m.mu.Unlock()
	rec.Revision, rec.Expires = 0, expires
	return store.Save(ctx, &rec)
}

// flaws are the flaws of stores that the checker must find.
var flaws = map[string]func(f *flawed, m *memory){
	"Save does not compare": func(f *flawed, _ *memory) {
		f.save = func(ctx context.Context, rec *record) error {
			if stored, err := f.Store.Load(ctx, rec.ID); err == nil {
				rec.Revision = stored.Revision
			}
			return f.Store.Save(ctx, rec)
		}
	},
	"Save recreates": func(f *flawed, _ *memory) {
		f.save = func(ctx context.Context, rec *record) error {
			err := f.Store.Save(ctx, rec)
			if errors.Is(err, session.ErrNotFound) {
				rec.Revision = 0
				err = f.Store.Save(ctx, rec)
			}
			return err
		}
	},
	"Save forgets": func(f *flawed, _ *memory) {
		var n atomic.Int64
		f.save = func(ctx context.Context, rec *record) error {
			if n.Add(1)%20 == 0 && rec.Revision != 0 {
				return nil
			}
			return f.Store.Save(ctx, rec)
		}
	},
	"Touch revives": func(f *flawed, m *memory) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			err := f.Store.Touch(ctx, id, rev, expires)
			if errors.Is(err, session.ErrNotFound) {
				err = m.revive(ctx, f.Store, id, expires)
			}
			return err
		}
	},
	"Touch writes the loaded value": func(f *flawed, m *memory) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			if err := f.Store.Delete(ctx, id, 0); err != nil {
				return err
			}
			return m.revive(ctx, f.Store, id, expires)
		}
	},
	"Save keeps the secrets": func(f *flawed, _ *memory) {
		f.save = func(ctx context.Context, rec *record) error {
			written := *rec
			if stored, err := f.Store.Load(ctx, rec.ID); err == nil {
				written.Secrets = stored.Secrets
			}
			err := f.Store.Save(ctx, &written)
			if err == nil {
				rec.Revision = written.Revision
			}
			return err
		}
	},
	"Save keeps one secret": func(f *flawed, _ *memory) {
		f.save = func(ctx context.Context, rec *record) error {
			written := *rec
			data, err := rec.Secrets.AppendBinary(nil)
			if err != nil {
				return err
			}
			if written.Secrets, err = session.ParseSecrets(data[:min(len(data), 45)]); err != nil {
				return err
			}
			if err = f.Store.Save(ctx, &written); err == nil {
				rec.Revision = written.Revision
			}
			return err
		}
	},
	"Delete does nothing": func(f *flawed, _ *memory) {
		f.delete = func(context.Context, session.ID, session.Revision) error { return nil }
	},
	"Delete does not compare": func(f *flawed, _ *memory) {
		f.delete = func(ctx context.Context, id session.ID, _ session.Revision) error { return f.Store.Delete(ctx, id, 0) }
	},
	"Delete says that the session is absent": func(f *flawed, _ *memory) {
		f.delete = func(context.Context, session.ID, session.Revision) error { return session.ErrNotFound }
	},
	"Load returns an earlier record": func(f *flawed, m *memory) {
		n := 0
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.Store.Load(ctx, id)
			m.mu.Lock()
			defer m.mu.Unlock()
			if n++; n%10 == 0 && m.recs[id].Revision != 0 {
				return m.recs[id], nil
			}
			if err == nil {
				m.recs[id] = rec
			}
			return rec, err
		}
	},
}

// flawedBy returns a store with one flaw.
func flawedBy(flaw func(*flawed, *memory)) func(Store) Store {
	return func(s Store) Store {
		f := &flawed{Store: s, save: s.Save, touch: s.Touch, delete: s.Delete}
		m := &memory{recs: make(map[session.ID]record)}
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := s.Load(ctx, id)
			if err == nil {
				m.keep(rec)
			}
			return rec, err
		}
		flaw(f, m)
		return f
	}
}

const maxHistories = 4000 // within which the checker must find a flaw

func TestTheCheckerFindsFlawedStores(t *testing.T) {
	for name, flaw := range flaws {
		t.Run(name, func(t *testing.T) { wantFound(t, flawedBy(flaw), nil) })
	}
}

func TestTheCheckerFindsFlawedLogIns(t *testing.T) {
	for name, logIn := range map[string]func(*session.Session[Log], func(*Log)){
		"LogIn is an Update":             (*session.Session[Log]).Update,
		"LogIn fails if another renewed": func(s *session.Session[Log], edit func(*Log)) { s.Renew(); s.Update(edit) },
		"LogIn empties the session":      func(s *session.Session[Log], edit func(*Log)) { s.Clear(); s.LogIn(edit) },
	} {
		t.Run(name, func(t *testing.T) { wantFound(t, nil, logIn) })
	}
}

func wantFound(t *testing.T, flaw func(Store) Store, logIn func(*session.Session[Log], func(*Log))) {
	t.Helper()
	for seed := range uint64(maxHistories) {
		if !explained(inBubble(t, seed, flaw, logIn)) {
			t.Logf("found in history %d", seed+1)
			return
		}
	}
	t.Errorf("not found in %d histories", maxHistories)
}
