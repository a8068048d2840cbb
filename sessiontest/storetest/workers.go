package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

// The rules about overlapping calls let the functions in this file run at once.

// increment counts a visit. It tries as often as the others of a crowd can be first.
func (t *trial) increment(id session.ID) error {
	for range crowd {
		rec, err := t.store.Load(t.Context(), id)
		if err != nil {
			return err
		}
		rec.Value.Visits++
		runtime.Gosched() // or a quick store would see them one after the other
		if err := t.store.Save(t.Context(), &rec); !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
	return errors.New("conflicts without another write")
}

// saveNumbered saves a record that tells from others like it by i.
func (t *trial) saveNumbered(i int, rec *record) error {
	rec.Value.Visits = i
	return t.store.Save(t.Context(), rec)
}

// wantKept checks that the store has the record of a saveNumbered. It is quicker than
// wantStored, since it is called often.
func (t *trial) wantKept(want record) {
	t.Helper()
	got := t.load(want.ID)
	if got.Revision != want.Revision || got.Value.Visits != want.Value.Visits {
		t.Fatalf("the stored record is number %d with revision %d, want number %d with revision %d",
			got.Value.Visits, got.Revision, want.Value.Visits, want.Revision)
	}
	t.wantExists(want.ID, true)
}

// numbered returns rec with n written to several places, after prefix.
func numbered(rec record, prefix string, n int) record {
	text := prefix + "#" + strconv.Itoa(n)
	rec.Owner, rec.Value = text, Profile{Name: text, Visits: n, Address: Address{City: prefix}}
	return rec
}

// countUp saves numbered records, one over the other.
func (t *trial) countUp(rec record) error {
	for n := range rounds {
		rec = numbered(rec, rec.Value.Address.City, n)
		if err := t.store.Save(t.Context(), &rec); err != nil {
			return err
		}
		got, err := t.store.Load(t.Context(), rec.ID)
		if err != nil {
			return err
		}
		if got.Revision != rec.Revision {
			return fmt.Errorf("revision %d after Save had written %d", got.Revision, rec.Revision)
		}
	}
	return nil
}

// watch loads the record that countUp saves until it is done.
func (t *trial) watch(rec record, done *atomic.Bool) error {
	for last := rec.Value.Visits; !done.Load(); last = rec.Value.Visits {
		got, err := t.store.Load(t.Context(), rec.ID)
		if err != nil {
			return err
		}
		rec = got
		if diff := difference(numbered(got, got.Value.Address.City, got.Value.Visits), got); diff != "" {
			return fmt.Errorf("a mixture of two records (-want +got):\n%s", diff)
		}
		if got.Value.Visits < last {
			return fmt.Errorf("the record number %d, though number %d was there before", got.Value.Visits, last)
		}
	}
	return nil
}

// watchOwner counts how often ByOwner yields the records that stay.
func (t *trial) watchOwner(owner string, stays map[session.ID]int) error {
	for i := range rounds / 5 {
		for rec, err := range t.store.ByOwner(t.Context(), owner) {
			if err != nil {
				return err
			}
			if _, ok := stays[rec.ID]; ok {
				stays[rec.ID]++
			}
		}
		for _, n := range stays {
			if n != i+1 {
				return fmt.Errorf("a record %d times in %d iterations", n, i+1)
			}
		}
	}
	return nil
}

// comeAndGo creates and ends records of owner until done. It ends by itself: an index
// that keeps entries for ever would take ever longer.
func (t *trial) comeAndGo(owner string, done *atomic.Bool) error {
	for n := 0; n < 10*rounds && !done.Load(); n++ {
		rec := draft()
		rec.Owner = owner
		if err := t.store.Save(t.Context(), &rec); err != nil {
			return err
		}
		if err := t.store.Delete(t.Context(), rec.ID, rec.Revision); err != nil {
			return err
		}
	}
	return nil
}

// goAndComeBack gives a record another owner and the first one again, over and over.
func (t *trial) goAndComeBack(rec *record, home, away string) error {
	for range rounds {
		for _, owner := range []string{away, home} {
			rec.Owner = owner
			if err := t.store.Save(t.Context(), rec); err != nil {
				return err
			}
			runtime.Gosched() // or a quick store would not be listed in between
		}
		found := false
		for got, err := range t.store.ByOwner(t.Context(), home) {
			if err != nil {
				return err
			}
			found = found || got.ID == rec.ID
		}
		if !found {
			return errors.New("not the record whose owner came back")
		}
	}
	return nil
}

// keepListing lists the sessions of owner until done.
func (t *trial) keepListing(owner string, done *atomic.Bool) error {
	for !done.Load() {
		for _, err := range t.store.ByOwner(t.Context(), owner) {
			if err != nil {
				return err
			}
		}
		runtime.Gosched()
	}
	return nil
}
