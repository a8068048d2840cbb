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
type model map[session.ID]*session.Record[int]

func (m model) find(id session.ID) *session.Record[int] {
	if rec := m[id]; rec != nil && !rec.Ended(time.Now()) {
		return rec
	}
	return nil
}

func (m model) save(rec session.Record[int]) error {
	stored := m.find(rec.ID)
	switch {
	case rec.Ended(time.Now()), stored == nil && rec.Revision != 0:
		return session.ErrNotFound
	case stored != nil && rec.Revision == 0:
		return session.ErrExists
	case stored != nil && stored.Revision != rec.Revision:
		return session.ErrConflict
	}
	return nil
}

func (m model) touch(id session.ID, rev session.Revision, expires time.Time) error {
	rec := m.find(id)
	switch {
	case rec == nil, !expires.After(time.Now()):
		return session.ErrNotFound
	case rec.Revision != rev:
		return session.ErrConflict
	}
	if !rec.Deadline.IsZero() && expires.After(rec.Deadline) {
		expires = rec.Deadline
	}
	rec.Expires = expires
	return nil
}

func (m model) delete(id session.ID, rev session.Revision) error {
	rec := m.find(id)
	switch {
	case rec == nil:
		return session.ErrNotFound
	case rev != 0 && rec.Revision != rev:
		return session.ErrConflict
	}
	delete(m, id)
	return nil
}

// live returns the records of an owner, or all of them.
func (m model) live(owner string) map[session.ID]session.Record[int] {
	found := make(map[session.ID]session.Record[int])
	for id := range m {
		if rec := m.find(id); rec != nil && (owner == "" || rec.Owner == owner) {
			found[id] = *rec
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
	if stored := w.model.find(id); stored != nil && w.IntN(10) > 0 {
		rec = *stored
	}
	switch w.IntN(6) {
	case 0, 1:
		rec.ID, rec.Expires, rec.Value, rec.Owner = id, at, w.Int(), strconv.Itoa(w.IntN(5))
		rec.Secrets, rec.LoggedIn = session.NewSecrets(session.NewToken(id)), at.Add(-time.Hour)
		rec.Deadline = []time.Time{{}, at.Add(time.Hour), at.Add(-time.Minute)}[w.IntN(3)]
		want := w.model.save(rec)
		w.same("Save", w.store.Save(ctx, &rec), want)
		if want == nil {
			w.model[id] = &rec
		}
	case 2:
		w.same("Touch", w.store.Touch(ctx, id, rec.Revision, at), w.model.touch(id, rec.Revision, at))
	case 3:
		w.same("Delete", w.store.Delete(ctx, id, rec.Revision), w.model.delete(id, rec.Revision))
	case 4:
		w.look(id)
	case 5:
		time.Sleep(time.Duration(w.IntN(5)) * time.Second)
	}
}

// look compares what Load and Exists say of an ID.
func (w *walk) look(id session.ID) {
	w.t.Helper()
	rec, err := w.store.Load(w.t.Context(), id)
	live, _ := w.store.Exists(w.t.Context(), id)
	switch want := w.model.find(id); {
	case want == nil:
		w.same("Load", err, session.ErrNotFound)
	case err != nil || !cmp.Equal(rec, *want, cmp.Comparer(sameSecrets)):
		w.t.Fatalf("Load returned %v and error %v, want %v", rec, err, want)
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
	if diff := cmp.Diff(want, got, cmp.Comparer(sameSecrets)); diff != "" {
		w.t.Fatalf("the store differs from the model (-want +got):\n%s", diff)
	}
}

func sameSecrets(a, b session.Secrets) bool { return a == b }
