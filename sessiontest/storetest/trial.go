package storetest

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

// A trial is one rule being checked on one store. The first fault ends it: the test's
// Errorf is out of reach.
type trial struct {
	helper
	test    *testing.T
	rule    *rule
	store   store
	options *Options
	haste   haste
	over    *atomic.Bool // set when calls have overlapped for long enough
}

type helper interface{ Helper() }

// Fatalf fails the test, quotes the rule and ends the trial.
func (t *trial) Fatalf(format string, args ...any) {
	t.Helper()
	t.haste.check()
	t.test.Fatalf(format+"\nThe rule: %s", append(args, t.rule.explanation)...)
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
func newID() session.ID { return session.NewID() }

// newSecrets returns the secrets of a session that has one.
func newSecrets() session.Secrets { return session.NewSecrets(session.NewToken(newID())) }

// newOwner returns an owner of its own.
func newOwner() string { return "owner:" + newID().String() }

// draft returns a record that was never stored.
func draft() record {
	return record{
		ID:         newID(),
		Secrets:    newSecrets(),
		Owner:      newOwner(),
		Created:    after(-2 * time.Hour),
		Renewed:    after(-time.Hour),
		LoggedIn:   after(-90 * time.Minute),
		Deadline:   after(3 * time.Hour),
		Expires:    inAnHour(),
		Remembered: true,
		Value:      profile.Full(),
	}
}

// live returns a record that was just stored.
func (t *trial) live() record {
	t.Helper()
	rec := draft()
	t.save(&rec)
	return rec
}

// liveOf returns a record of owner that was just stored.
func (t *trial) liveOf(owner string) record {
	t.Helper()
	rec := draft()
	rec.Owner = owner
	t.save(&rec)
	return rec
}

// shortLived returns a record that was just stored and expires soon.
func (t *trial) shortLived() record {
	t.Helper()
	rec := draft()
	rec.Expires = t.soon()
	t.save(&rec)
	return rec
}

// deleted returns a record that was stored and deleted.
func (t *trial) deleted() record {
	t.Helper()
	rec := t.live()
	t.end(rec)
	return rec
}

// end deletes a record.
func (t *trial) end(rec record) {
	t.Helper()
	t.ok("Delete", t.store.Delete(t.Context(), rec.ID, rec.Revision))
}

// save stores rec, which must succeed. Rec gets the new revision only, even if the store
// changes more in the record that it is given.
func (t *trial) save(rec *record) {
	t.Helper()
	given := *rec
	t.ok("Save", t.store.Save(t.Context(), &given))
	rec.Revision = given.Revision
}

// touch moves the end of rec.
func (t *trial) touch(rec *record, expires time.Time) {
	t.Helper()
	t.ok("Touch", t.store.Touch(t.Context(), rec.ID, rec.Revision, expires))
	rec.Expires = expires
}

// load returns the stored record, which must be there.
func (t *trial) load(id session.ID) record {
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
func (t *trial) wantStored(want record) {
	t.Helper()
	got := t.load(want.ID)
	if len(want.Value.Photo) > 1000 { // cmp takes long for many bytes
		t.wantPhoto(want.Value.Photo, got.Value.Photo)
		got.Value.Photo = want.Value.Photo[:1]
		want.Value.Photo = want.Value.Photo[:1]
	}
	if diff := difference(want, got); diff != "" {
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

// wantAbsent checks that the ID is not live.
func (t *trial) wantAbsent(id session.ID) {
	t.Helper()
	_, err := t.store.Load(t.Context(), id)
	t.refused("Load", err, session.ErrNotFound)
	t.wantExists(id, false)
}

// difference is [cmp.Diff], which needs a comparer for Secrets and their unexported
// fields.
func difference(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b session.Secrets) bool { return a == b }))
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
func (t *trial) owned(owner string) map[session.ID]record {
	t.Helper()
	found := make(map[session.ID]record)
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
func (t *trial) wantOwned(owner string, want ...record) {
	t.Helper()
	t.sameRecords("ByOwner", byID(want), t.owned(owner))
}

// sameRecords checks what an iteration yielded. The message is short: how many records
// are missing and how many are too many, or else how a record differs.
func (t *trial) sameRecords(method string, want, got map[session.ID]record) {
	t.Helper()
	var missing, extra int
	for id := range want {
		if _, ok := got[id]; !ok {
			missing++
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			extra++
		}
	}
	switch {
	case len(got) == 0 && missing > 0:
		t.Fatalf("%s yielded nothing, want %d records", method, len(want))
	case missing > 0 || extra > 0:
		t.Fatalf("%s yielded %d records, want %d: %d are missing, %d are too many", method, len(got), len(want), missing, extra)
	}
	for id, rec := range want {
		t.sameRecord(method, rec, got[id])
	}
}

func (t *trial) sameRecord(method string, want, got record) {
	t.Helper()
	if diff := difference(want, got); diff != "" {
		t.Fatalf("%s did not yield a record as it is stored (-want +got):\n%s", method, diff)
	}
}

func byID(recs []record) map[session.ID]record {
	m := make(map[session.ID]record)
	for _, rec := range recs {
		m[rec.ID] = rec
	}
	return m
}

// all returns the records that All yields, by ID, and the IDs it could not read. Records of
// other rules may be among them.
func (t *trial) all() (found map[session.ID]record, unreadable map[session.ID]bool) {
	t.Helper()
	return t.collect(t.store.All(t.Context()))
}

func (t *trial) collect(seq records) (map[session.ID]record, map[session.ID]bool) {
	t.Helper()
	found, unreadable := make(map[session.ID]record), make(map[session.ID]bool)
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
