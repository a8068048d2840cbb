package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

var openRules = []rule{
	{
		name:        "open",
		explanation: "Open returns the record as Load does, at the first call and at others, if accepts takes its secrets.",
		try: func(t *trial) {
			rec := t.live()
			t.wantOpened(rec)
			t.wantStored(rec)
			t.wantOpened(rec)
		},
	},
	{
		name:        "open-refused",
		explanation: "If accepts refuses the record's secrets, Open returns the record without its value, and no copy.",
		try: func(t *trial) {
			rec := t.live()
			for range 2 {
				t.wantRefused(rec)
				t.wantOpened(rec)
			}
		},
	},
	{
		name:        "open-refused-copy",
		explanation: "If accepts refuses a copy's secrets, Open asks the server, and accepts again.",
		try: func(t *trial) {
			rec := t.live()
			const tries = 10 // a store may let go of a copy at any time
			for range tries {
				if _, copied, err := t.store.Open(t.Context(), rec.ID, all); !copied {
					t.ok("Open", err)
					continue
				}
				asked := 0
				got, copied, err := t.store.Open(t.Context(), rec.ID, func(session.Secrets) bool { asked++; return asked > 1 })
				t.ok("Open", err)
				if copied {
					t.Fatalf("Open returned a copy that accepts refused")
				}
				if asked > 1 {
					t.sameOpened(rec, got)
					return
				}
			}
			if _, copied, _ := t.store.Open(t.Context(), rec.ID, all); copied {
				t.Fatalf("Open did not ask for a record whose copy accepts refused")
			}
		},
	},
	{
		name:        "open-decodes",
		explanation: "Open does not decode a value if accepts refuses its secrets.",
		alone:       true,
		needs:       needsDecoded,
		try: func(t *trial) {
			rec := t.live()
			before := t.options.Decoded()
			t.load(rec.ID)
			if t.options.Decoded() == before {
				t.Fatalf("Options.Decoded did not count what Load decoded")
			}
			other := t.live()
			for _, rec := range []record{rec, other} { // of which there may be copies, and not
				before = t.options.Decoded()
				t.wantRefused(rec)
				if n := t.options.Decoded() - before; n > 0 {
					t.Fatalf("Open decoded %d values that accepts had refused", n)
				}
			}
		},
	},
	{
		name:        "open-own-writes",
		explanation: "Open sees the effects of the store's own calls that have returned.",
		try: func(t *trial) {
			rec := t.live()
			for range 3 {
				t.wantOpened(rec)
				rec.Value.Visits++
				rec.Secrets = newSecrets()
				t.save(&rec)
				t.wantOpened(rec)
				t.touch(&rec, rec.Expires.Add(-time.Second))
				t.wantOpened(rec)
			}
			other := t.live()
			t.wantOpened(other)
			t.end(rec)
			t.wantUnopened(rec.ID)
			t.ok("Delete", t.store.Delete(t.Context(), other.ID, 0))
			t.wantUnopened(other.ID)
		},
	},
	{
		name:        "open-absent",
		explanation: "Open returns ErrNotFound while the ID is absent, and the record when it was created.",
		try: func(t *trial) {
			rec := draft()
			t.wantUnopened(rec.ID)
			t.save(&rec)
			t.wantOpened(rec)
		},
	},
	{
		name:        "open-expires",
		explanation: "Open returns no copy of a record that has expired, or whose deadline has passed.",
		try: func(t *trial) {
			expires, ends := t.shortLived(), draft()
			ends.Deadline = t.soon()
			t.save(&ends)
			for _, id := range []session.ID{expires.ID, ends.ID} {
				for range 2 {
					_, _, err := t.store.Open(t.Context(), id, all)
					t.ok("Open", err)
				}
			}
			t.pass()
			t.wantUnopened(expires.ID)
			t.wantUnopened(ends.ID)
		},
	},
	{
		name:        "context-open",
		explanation: "Open returns an error that says nothing of the ID when ctx is done.",
		try: func(t *trial) {
			rec := t.live()
			for range 2 {
				_, _, err := t.store.Open(t.cancelled(), rec.ID, all)
				t.gaveUp("Open", err)
				t.wantOpened(rec)
			}
		},
	},
	{
		name:        "race-open",
		explanation: "Open sees the effects of the store's own calls that have returned, also when it began to load before.",
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
			t.wantOpened(t.load(rec.ID))
		},
	},
}

// all accepts any secrets.
func all(session.Secrets) bool { return true }

// wantOpened checks that Open returns want, and again, when it may have a copy.
func (t *trial) wantOpened(want record) {
	t.Helper()
	for range 2 {
		var asked []session.Secrets
		got, _, err := t.store.Open(t.Context(), want.ID, func(s session.Secrets) bool {
			asked = append(asked, s)
			return true
		})
		t.ok("Open", err)
		if n := len(asked); n == 0 || asked[n-1] != want.Secrets {
			t.Fatalf("Open has asked %d times about secrets, and not about the record's at last", n)
		}
		t.sameOpened(want, got)
	}
}

func (t *trial) sameOpened(want, got record) {
	t.Helper()
	if diff := difference(want, got); diff != "" {
		t.Fatalf("Open did not return the record as it should be (-want +got):\n%s", diff)
	}
}

// wantRefused checks what Open returns if accepts refuses.
func (t *trial) wantRefused(rec record) {
	t.Helper()
	asked := false
	got, copied, err := t.store.Open(t.Context(), rec.ID, func(s session.Secrets) bool {
		asked = asked || s == rec.Secrets
		return false
	})
	t.ok("Open", err)
	if !asked || copied {
		t.Fatalf("Open has asked about the record's secrets: %v; it returned a copy: %v", asked, copied)
	}
	rec.Value = Profile{}
	t.sameOpened(rec, got)
}

// wantUnopened checks that Open finds nothing.
func (t *trial) wantUnopened(id session.ID) {
	t.Helper()
	for range 2 {
		_, _, err := t.store.Open(t.Context(), id, all)
		t.refused("Open", err, session.ErrNotFound)
	}
}

// countWritten saves a record with one number after the other, each time when a load
// begins, until ctx is done. Written is the last one whose Save has returned.
func (t *trial) countWritten(ctx context.Context, rec record, written *atomic.Int64, loads <-chan bool) error {
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

// watchWritten checks that Open returns no less than was written before, until
// ctx is done. It tells of loads that begin when somebody waits for one.
func (t *trial) watchWritten(ctx context.Context, id session.ID, written *atomic.Int64, loads chan<- bool) error {
	for ctx.Err() == nil {
		least := written.Load()
		select {
		case loads <- true:
		default:
		}
		rec, _, err := t.store.Open(t.Context(), id, all)
		if err != nil {
			return err
		}
		if got := int64(rec.Value.Visits); got < least {
			return fmt.Errorf("the record number %d from Open, though number %d was saved before", got, least)
		}
	}
	return nil
}
