package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

var cachedRules = []rule{
	{
		name:        "cached",
		explanation: "LoadCached returns the record as Load does, at the first call and at others.",
		needs:       needsCachedLoader,
		try: func(t *trial) {
			rec := t.live()
			t.wantCached(rec)
			t.wantStored(rec)
			t.wantCached(rec)
		},
	},
	{
		name:        "cached-own-writes",
		explanation: "LoadCached sees the effects of the store's own calls that have returned.",
		needs:       needsCachedLoader,
		try: func(t *trial) {
			rec := t.live()
			for range 3 {
				t.wantCached(rec)
				rec.Value.Visits++
				t.save(&rec)
				t.wantCached(rec)
				rec.Expires = rec.Expires.Add(-time.Second)
				t.touch(rec.ID, rec.Expires)
				t.wantCached(rec)
			}
			other := t.live()
			t.wantCached(other)
			t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour()))
			t.notCached(rec.ID, session.ErrGone)
			t.ok("Delete", t.store.Delete(t.Context(), other.ID))
			t.notCached(other.ID, session.ErrNotFound)
		},
	},
	{
		name:        "cached-absent",
		explanation: "LoadCached returns ErrNotFound while the ID is absent, and the record when it was created.",
		needs:       needsCachedLoader,
		try: func(t *trial) {
			rec := draft()
			t.notCached(rec.ID, session.ErrNotFound)
			t.save(&rec)
			t.wantCached(rec)
		},
	},
	{
		name:        "cached-expires",
		explanation: "LoadCached serves no copy of a record that has expired, or whose deadline has passed.",
		needs:       needsCachedLoader,
		try: func(t *trial) {
			expires, ends := t.shortLived(), draft()
			ends.Deadline = t.soon()
			t.save(&ends)
			for _, id := range []session.ID{expires.ID, ends.ID} {
				for range 2 {
					_, _, err := t.store.LoadCached(t.Context(), id)
					t.ok("LoadCached", err)
				}
			}
			t.pass()
			t.notCached(expires.ID, session.ErrNotFound)
			t.notCached(ends.ID, session.ErrNotFound)
		},
	},
	{
		name:        "context-cached",
		explanation: "LoadCached returns an error that says nothing of the ID when ctx is done.",
		needs:       needsCachedLoader,
		try: func(t *trial) {
			rec := t.live()
			for range 2 {
				_, _, err := t.store.LoadCached(t.cancelled(), rec.ID)
				t.gaveUp("LoadCached", err)
				t.wantCached(rec)
			}
		},
	},
	{
		name:        "race-cached",
		explanation: "LoadCached sees the effects of the store's own calls that have returned, also when it began to load before.",
		needs:       needsCachedLoader,
		try: func(t *trial) {
			rec := t.live()
			rec.Value.Visits = 0
			t.save(&rec)
			var written atomic.Int64
			ctx, stop := context.WithCancel(t.Context())
			loads := make(chan bool)
			t.together(4, func(i int) error {
				defer stop()
				if i == 0 {
					return t.countWritten(ctx, rec, &written, loads)
				}
				return t.watchWritten(ctx, rec.ID, &written, loads)
			}).all(t, "one of the calls", nil)
			t.wantCached(t.load(rec.ID))
		},
	},
}

// needsCachedLoader is for rules about [session.CachedLoader].
func needsCachedLoader(t *trial) bool {
	_, ok := t.own.(session.CachedLoader[Profile])
	return t.offered("a CachedLoader", ok, t.options.CachedLoader)
}

// wantCached checks that LoadCached returns want, and again, when it may have a copy.
func (t *trial) wantCached(want session.Record[Profile]) {
	t.Helper()
	for range 2 {
		got, _, err := t.store.LoadCached(t.Context(), want.ID)
		t.ok("LoadCached", err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("LoadCached did not return the record as it should be (-want +got):\n%s", diff)
		}
	}
}

func (t *trial) notCached(id session.ID, want error) {
	t.Helper()
	for range 2 {
		_, _, err := t.store.LoadCached(t.Context(), id)
		t.refused("LoadCached", err, want)
	}
}

// countWritten saves a record with one number after the other, each time when a load
// begins, until ctx is done. Written is the last one whose Save has returned.
func (t *trial) countWritten(ctx context.Context, rec session.Record[Profile], written *atomic.Int64, loads <-chan bool) error {
	for range rounds {
		select {
		case <-loads:
		case <-ctx.Done():
			return nil
		}
		rec.Value.Visits++
		if err := t.store.Save(t.Context(), &rec); err != nil {
			return err
		}
		written.Store(int64(rec.Value.Visits))
	}
	return nil
}

// watchWritten checks that LoadCached returns no less than was written before, until
// ctx is done. It tells of loads that begin when somebody waits for one.
func (t *trial) watchWritten(ctx context.Context, id session.ID, written *atomic.Int64, loads chan<- bool) error {
	for ctx.Err() == nil {
		least := written.Load()
		select {
		case loads <- true:
		default:
		}
		rec, _, err := t.store.LoadCached(t.Context(), id)
		if err != nil {
			return err
		}
		if got := int64(rec.Value.Visits); got < least {
			return fmt.Errorf("the record number %d from LoadCached, though number %d was saved before", got, least)
		}
	}
	return nil
}
