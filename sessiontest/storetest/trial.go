package storetest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/test/profile"
	"github.com/seed48429006/sessions/session"
)

// A trial is one rule being checked on one store. The first fault ends it: the test's
// Errorf is out of reach.
type trial struct {
	helper
	*verdict
	test    *testing.T
	own     session.Store[Profile] // for the functions of the options
	store   guarded
	options *Options
	haste   haste
}

type helper interface{ Helper() }

// Fatalf fails the test, quotes the rule and ends the trial.
func (t *trial) Fatalf(format string, args ...any) {
	t.Helper()
	t.haste.check()
	t.fail(t.test, format, args...)
}

// Context returns the test's context.
func (t *trial) Context() context.Context { return t.test.Context() }

// inAnHour returns a time that a trial never reaches.
func inAnHour() time.Time { return after(time.Hour) }

// after returns the time d from now as records keep it.
func after(d time.Duration) time.Time { return time.Now().Add(d).UTC().Truncate(time.Millisecond) }

// passed returns a time that is over.
func passed() time.Time { return after(-time.Minute) }

// newID returns an ID of its own.
func newID() session.ID { return session.NewToken().ID() }

// newOwner returns an owner of its own.
func newOwner() string { return "owner:" + newID().String() }

// draft returns a record that was never stored.
func draft() session.Record[Profile] {
	return session.Record[Profile]{
		ID:       newID(),
		Owner:    newOwner(),
		Created:  after(-2 * time.Hour),
		Renewed:  after(-time.Hour),
		Deadline: after(3 * time.Hour),
		Expires:  inAnHour(),
		Persist:  true,
		Value:    profile.Full(),
	}
}

// live returns a record that was just stored.
func (t *trial) live() session.Record[Profile] {
	t.Helper()
	rec := draft()
	t.save(&rec)
	return rec
}

// liveOf returns a record of owner that was just stored.
func (t *trial) liveOf(owner string) session.Record[Profile] {
	t.Helper()
	rec := draft()
	rec.Owner = owner
	t.save(&rec)
	return rec
}

// shortLived returns a record that was just stored and expires soon.
func (t *trial) shortLived() session.Record[Profile] {
	t.Helper()
	rec := draft()
	rec.Expires = t.soon()
	t.save(&rec)
	return rec
}

// deleted returns a record that was stored and deleted.
func (t *trial) deleted() session.Record[Profile] {
	t.Helper()
	rec := t.live()
	t.ok("Delete", t.store.Delete(t.Context(), rec.ID))
	return rec
}

// retired returns a record that was stored and retired.
func (t *trial) retired() session.Record[Profile] {
	t.Helper()
	rec := t.live()
	t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour()))
	return rec
}

// save stores rec, which must succeed. Whatever the store does to the record
// that it is given, rec gets the new revision only.
func (t *trial) save(rec *session.Record[Profile]) {
	t.Helper()
	given := *rec
	t.ok("Save", t.store.Save(t.Context(), &given))
	rec.Revision = given.Revision
}

func (t *trial) touch(id session.ID, expires time.Time) {
	t.Helper()
	t.ok("Touch", t.store.Touch(t.Context(), id, expires))
}

// load returns the stored record, which must be there.
func (t *trial) load(id session.ID) session.Record[Profile] {
	t.Helper()
	rec, err := t.store.Load(t.Context(), id)
	t.ok("Load", err)
	return rec
}

func (t *trial) ok(call string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s returned an error: %v", call, err)
	}
}

// refused checks that a call returned the error that the contract names.
func (t *trial) refused(call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s returned the error %v, want %v", call, err, want)
	}
}

// wantStored checks that the store has want and nothing else under its ID.
func (t *trial) wantStored(want session.Record[Profile]) {
	t.Helper()
	got := t.load(want.ID)
	if len(want.Value.Photo) > 1000 { // cmp takes long for many bytes
		t.wantPhoto(want.Value.Photo, got.Value.Photo)
		got.Value.Photo = want.Value.Photo[:1]
		want.Value.Photo = want.Value.Photo[:1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the stored record is not as it should be (-want +got):\n%s", diff)
	}
	t.wantExists(want.ID, true)
}

func (t *trial) wantPhoto(want, got []byte) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	same := 0
	for same < min(len(want), len(got)) && want[same] == got[same] {
		same++
	}
	t.Fatalf("the stored photo has %d bytes, want %d; the first %d are right", len(got), len(want), same)
}

// wantAbsent checks that the ID is neither live nor retired.
func (t *trial) wantAbsent(id session.ID) {
	t.Helper()
	_, err := t.store.Load(t.Context(), id)
	t.refused("Load", err, session.ErrNotFound)
	t.wantExists(id, false)
}

// wantRetired checks that the ID has a marker.
func (t *trial) wantRetired(id session.ID) {
	t.Helper()
	_, err := t.store.Load(t.Context(), id)
	t.refused("Load", err, session.ErrGone)
	retired, ok := errors.AsType[*session.RetiredError](err)
	if !ok || retired.ID != id || retired.Successor != successorOf(id) {
		t.Fatalf("Load returned %#v, want a *RetiredError with the ID and its successor", err)
	}
	t.wantExists(id, false)
}

// successorOf returns the ID in favour of which the suite retires an ID.
func successorOf(id session.ID) session.ID {
	id[0] ^= 0xff
	return id
}

func (t *trial) wantExists(id session.ID, want bool) {
	t.Helper()
	got, err := t.store.Exists(t.Context(), id)
	t.ok("Exists", err)
	if got != want {
		t.Fatalf("Exists returned %v, want %v", got, want)
	}
}

// owned returns the records that ByOwner yields, by ID.
func (t *trial) owned(owner string) map[session.ID]session.Record[Profile] {
	t.Helper()
	found := make(map[session.ID]session.Record[Profile])
	for rec, err := range t.store.ByOwner(t.Context(), owner) {
		t.ok("ByOwner", err)
		if _, twice := found[rec.ID]; twice {
			t.Fatalf("ByOwner yielded one record twice")
		}
		found[rec.ID] = rec
	}
	return found
}

// wantOwned checks that ByOwner yields these records, in any order.
func (t *trial) wantOwned(owner string, want ...session.Record[Profile]) {
	t.Helper()
	if diff := cmp.Diff(byID(want), t.owned(owner)); diff != "" {
		t.Fatalf("ByOwner did not yield the owner's records (-want +got):\n%s", diff)
	}
}

func byID(recs []session.Record[Profile]) map[session.ID]session.Record[Profile] {
	m := make(map[session.ID]session.Record[Profile])
	for _, rec := range recs {
		m[rec.ID] = rec
	}
	return m
}

// all returns the records that All yields, by ID, and the IDs it could not read. Records of
// other rules may be among them.
func (t *trial) all() (found map[session.ID]session.Record[Profile], unreadable map[session.ID]bool) {
	t.Helper()
	return t.collect(t.store.All(t.Context()))
}

func (t *trial) collect(seq iter.Seq2[session.Record[Profile], error]) (map[session.ID]session.Record[Profile], map[session.ID]bool) {
	t.Helper()
	found, unreadable := make(map[session.ID]session.Record[Profile]), make(map[session.ID]bool)
	for rec, err := range seq {
		if broken, ok := errors.AsType[*session.DecodeError](err); ok {
			unreadable[broken.ID] = true
			continue
		}
		t.ok("the iteration", err)
		found[rec.ID] = rec
	}
	return found, unreadable
}

// cancelled returns a context that is done.
func (t *trial) cancelled() context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
