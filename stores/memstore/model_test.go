package memstore_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A model is a store that is too simple to be wrong.
type model map[session.ID]*modelled

type modelled struct {
	rec     session.Record[int]
	retired *session.RetiredError // nil if the session is live
}

func (m model) find(id session.ID) *modelled {
	if e := m[id]; e != nil && !e.rec.Expired(time.Now()) {
		return e
	}
	return nil
}

func (m model) save(rec session.Record[int]) error {
	e := m.find(rec.ID)
	switch {
	case e != nil && e.retired != nil:
		return session.ErrGone
	case rec.Expired(time.Now()):
		return session.ErrNotFound
	case e == nil && rec.Revision != 0:
		return session.ErrNotFound
	case e != nil && rec.Revision == 0:
		return session.ErrExists
	case e != nil && e.rec.Revision != rec.Revision:
		return session.ErrConflict
	}
	return nil
}

func (m model) touch(id session.ID, expires time.Time) error {
	e := m.find(id)
	switch {
	case e == nil:
		return session.ErrNotFound
	case e.retired != nil:
		return session.ErrGone
	case !expires.After(time.Now()):
		return session.ErrNotFound
	}
	if !e.rec.Deadline.IsZero() && expires.After(e.rec.Deadline) {
		expires = e.rec.Deadline
	}
	e.rec.Expires = expires
	return nil
}

func (m model) retire(id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
	e := m.find(id)
	switch {
	case e == nil:
		return session.ErrNotFound
	case e.retired != nil && e.retired.Successor == successor:
		return nil
	case e.retired != nil:
		return session.ErrGone
	case e.rec.Revision != rev:
		return session.ErrConflict
	}
	m[id] = &modelled{session.Record[int]{ID: id, Expires: until}, &session.RetiredError{ID: id, Successor: successor}}
	return nil
}

func (m model) delete(id session.ID) error {
	switch e := m.find(id); {
	case e == nil:
		return session.ErrNotFound
	case e.retired != nil:
		return session.ErrGone
	}
	delete(m, id)
	return nil
}

// live returns the records of an owner, or all of them.
func (m model) live(owner string) map[session.ID]session.Record[int] {
	found := make(map[session.ID]session.Record[int])
	for id := range m {
		if e := m.find(id); e != nil && e.retired == nil && (owner == "" || e.rec.Owner == owner) {
			found[id] = e.rec
		}
	}
	return found
}

// TestAgainstModel does the same random things to a store and to a model.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				bound := int(seed%2) * 1000 // which is more than there are, or none
				w := walk{t, memstore.New[int](&memstore.Options{MaxSessions: bound}), make(model), rand.New(rand.NewPCG(seed, 0)), randomIDs(600)}
				for i := range 5000 {
					w.step()
					if i%500 == 0 {
						w.compare()
					}
				}
			})
		})
	}
}

type walk struct {
	t     *testing.T
	store *memstore.Store[int]
	model model
	*rand.Rand
	ids []session.ID
}

func (w *walk) step() {
	ctx, id := w.t.Context(), w.ids[w.IntN(len(w.ids))]
	at := time.Now().Add(time.Duration(w.IntN(2000)-100) * time.Second).UTC()
	var rec session.Record[int]
	if e := w.model.find(id); e != nil && w.IntN(10) > 0 {
		rec = e.rec
	}
	switch w.IntN(7) {
	case 0, 1:
		rec.ID, rec.Expires, rec.Value, rec.Owner = id, at, w.Int(), strconv.Itoa(w.IntN(5))
		rec.Deadline = []time.Time{{}, at.Add(time.Hour), at.Add(-time.Minute)}[w.IntN(3)]
		want := w.model.save(rec)
		w.same("Save", w.store.Save(ctx, &rec), want)
		if want == nil {
			w.model[id] = &modelled{rec: rec}
		}
	case 2:
		w.same("Touch", w.store.Touch(ctx, id, at), w.model.touch(id, at))
	case 3:
		successor := w.ids[w.IntN(2)]
		w.same("Retire", w.store.Retire(ctx, id, rec.Revision, successor, at), w.model.retire(id, rec.Revision, successor, at))
	case 4:
		w.same("Delete", w.store.Delete(ctx, id), w.model.delete(id))
	case 5:
		w.look(id)
	case 6:
		time.Sleep(time.Duration(w.IntN(5)) * time.Second)
	}
}

// look compares what Load and Exists say of an ID.
func (w *walk) look(id session.ID) {
	w.t.Helper()
	rec, err := w.store.Load(w.t.Context(), id)
	live, _ := w.store.Exists(w.t.Context(), id)
	switch e := w.model.find(id); {
	case e == nil:
		w.same("Load", err, session.ErrNotFound)
	case e.retired != nil:
		if got, ok := err.(*session.RetiredError); !ok || *got != *e.retired {
			w.t.Fatalf("Load returned %v, want %v", err, e.retired)
		}
	case err != nil || !cmp.Equal(rec, e.rec):
		w.t.Fatalf("Load returned %v and error %v, want %v", rec, err, e.rec)
	}
	if live != (err == nil) {
		w.t.Fatalf("Exists returned %v, Load %v", live, err)
	}
}

func (w *walk) same(call string, got, want error) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("%s returned %v, want %v", call, got, want)
	}
}

func (w *walk) compare() {
	w.t.Helper()
	if err := w.store.Check(); err != nil {
		w.t.Fatal(err)
	}
	for owner := range 5 {
		name := strconv.Itoa(owner)
		found := make(map[session.ID]session.Record[int])
		for rec := range w.store.ByOwner(w.t.Context(), name) {
			found[rec.ID] = rec
		}
		w.equal(found, w.model.live(name))
	}
	found := make(map[session.ID]session.Record[int])
	for rec := range w.store.All(w.t.Context()) {
		found[rec.ID] = rec
	}
	w.equal(found, w.model.live(""))
	if n := w.store.Len(); n < len(found) {
		w.t.Errorf("Len returned %d, less than the %d that live", n, len(found))
	}
}

func (w *walk) equal(got, want map[session.ID]session.Record[int]) {
	w.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("the store differs from the model (-want +got):\n%s", diff)
	}
}
