package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

var pollRules = []rule{
	{
		name:        "ended",
		explanation: "Ended returns the IDs that are not live: of sessions that were deleted, retired or never stored. It returns each once, and no other.",
		needs:       needsPoller,
		try: func(t *trial) {
			live := []session.ID{t.live().ID, t.liveOf("").ID}
			gone := []session.ID{t.deleted().ID, t.retired().ID, newID(), {}}
			t.wantEnded(gone, gone...)
			t.wantEnded([]session.ID{gone[0], live[0], gone[1], gone[2], live[1], gone[3]}, gone...)
		},
	},
	{
		name:        "ended-none",
		explanation: "Ended returns no ID if all are live, or if it is asked about none.",
		needs:       needsPoller,
		try: func(t *trial) {
			t.wantEnded(nil)
			t.wantEnded([]session.ID{})
			t.wantEnded([]session.ID{t.live().ID})
			t.wantEnded([]session.ID{t.live().ID, t.live().ID})
		},
	},
	{
		name:        "ended-many",
		explanation: "Ended answers for hundreds of IDs at once.",
		needs:       needsPoller,
		try: func(t *trial) {
			var ids, gone []session.ID
			for i := range 620 {
				id := newID()
				if i%5 == 0 {
					id = t.live().ID
				} else {
					gone = append(gone, id)
				}
				ids = append(ids, id)
			}
			t.wantEnded(ids, gone...)
		},
	},
	{
		name:        "ended-at-once",
		explanation: "Ended returns an ID as soon as a call that ended its session has returned, and not any more when a call has made it live again.",
		needs:       needsPoller,
		try: func(t *trial) {
			rec := t.live()
			ids := []session.ID{rec.ID}
			for range 3 {
				t.wantEnded(ids)
				t.ok("Delete", t.store.Delete(t.Context(), rec.ID))
				t.wantEnded(ids, rec.ID)
				rec.Revision = 0
				t.save(&rec)
			}
			t.wantEnded(ids)
			t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour()))
			t.wantEnded(ids, rec.ID)
		},
	},
	{
		name:        "ended-expired",
		explanation: "Ended returns the IDs of sessions that have expired or whose deadline has passed. To be asked about prolongs none.",
		needs:       needsPoller,
		try: func(t *trial) {
			lives, prolonged, expires, ends := t.live(), t.shortLived(), t.shortLived(), draft()
			ends.Deadline = t.soon()
			t.save(&ends)
			t.touch(prolonged.ID, inAnHour())
			ids := []session.ID{lives.ID, expires.ID, prolonged.ID, ends.ID}
			t.wantEnded(ids)
			t.pass()
			t.wantEnded(ids, expires.ID, ends.ID)
		},
	},
	{
		name:        "ended-unreadable",
		explanation: "A session whose record cannot be read is live: Ended does not return it.",
		needs:       func(t *trial) bool { return needsCorrupt(t) && needsPoller(t) },
		try: func(t *trial) {
			gone := newID()
			t.wantEnded([]session.ID{t.unreadable("").ID, gone, t.unreadable("").ID}, gone)
		},
	},
	{
		name:        "context-ended",
		explanation: "Ended returns an error when ctx is done, and with it no session that is live.",
		needs:       needsPoller,
		try: func(t *trial) {
			live := t.live().ID
			ended, err := t.store.Ended(t.cancelled(), []session.ID{newID(), live, newID()})
			t.gaveUp("Ended", err)
			if slices.Contains(ended, live) {
				t.Fatalf("Ended returned a session that is live")
			}
		},
	},
	{
		name:        "race-ended",
		explanation: "Ended does not return a session that lives throughout, whatever is written to it and whatever ends meanwhile.",
		needs:       needsPoller,
		try: func(t *trial) {
			rec := t.live()
			var done atomic.Bool
			t.together(3, func(i int) error {
				switch i {
				case 0:
					defer done.Store(true)
					return t.keepAsking(rec.ID)
				case 1:
					return t.keepWriting(rec, &done)
				}
				return t.comeAndGo(rec.Owner, &done)
			}).all(t, "one of the calls", nil)
		},
	},
}

// needsPoller is for rules about [session.Poller].
func needsPoller(t *trial) bool {
	_, ok := t.own.(session.Poller)
	return t.offered("a Poller", ok, t.options.Poller)
}

// wantEnded checks which of the IDs Ended returns, in any order.
func (t *trial) wantEnded(ids []session.ID, want ...session.ID) {
	t.Helper()
	ended, err := t.store.Ended(t.Context(), slices.Clone(ids))
	t.ok("Ended", err)
	if fault := endedFault(ended, want); fault != nil {
		t.Fatalf("Ended, asked about %d IDs, %v", len(ids), fault)
	}
}

// endedFault returns how an answer differs from the IDs that it should have.
func endedFault(ended, want []session.ID) error {
	missing := make(map[session.ID]bool)
	for _, id := range want {
		missing[id] = true
	}
	for _, id := range ended {
		switch {
		case slices.Contains(want, id) && !missing[id]:
			return errors.New("returned an ID twice")
		case !missing[id]:
			return errors.New("returned a session that is live")
		}
		delete(missing, id)
	}
	if len(missing) > 0 {
		return fmt.Errorf("did not return %d of %d that are not live", len(missing), len(want))
	}
	return nil
}

// keepAsking asks whether a live session has ended.
func (t *trial) keepAsking(id session.ID) error {
	for range rounds {
		ended, err := t.store.Ended(t.Context(), []session.ID{id})
		if err == nil {
			err = endedFault(ended, nil)
		}
		if err != nil {
			return err
		}
		runtime.Gosched() // or a quick store would have answered before others write
	}
	return nil
}

// keepWriting saves and prolongs a record until done.
func (t *trial) keepWriting(rec session.Record[Profile], done *atomic.Bool) error {
	for !done.Load() {
		rec.Value.Visits++
		if err := errors.Join(t.store.Save(t.Context(), &rec), t.store.Touch(t.Context(), rec.ID, rec.Expires)); err != nil {
			return err
		}
	}
	return nil
}
