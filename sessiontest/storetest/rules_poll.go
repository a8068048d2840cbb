package storetest

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

var pollRules = []rule{
	{
		name:        "revisions",
		explanation: "Revisions returns the revisions of the records in the order of the IDs, and zero for sessions that were deleted or never stored.",
		try: func(t *trial) {
			a, b := t.live(), t.liveOf("")
			t.save(&b)
			gone := t.deleted().ID
			t.wantRevisions([]session.ID{a.ID, b.ID}, a.Revision, b.Revision)
			t.wantRevisions([]session.ID{b.ID, a.ID}, b.Revision, a.Revision)
			t.wantRevisions([]session.ID{gone, a.ID, newID(), {}, b.ID, gone}, 0, a.Revision, 0, 0, b.Revision, 0)
		},
	},
	{
		name:        "revisions-same",
		explanation: "Revisions answers for an ID as often as it is asked about it, and not at all if it is asked about none.",
		try: func(t *trial) {
			rec := t.live()
			t.wantRevisions(nil)
			t.wantRevisions([]session.ID{})
			t.wantRevisions([]session.ID{rec.ID, rec.ID}, rec.Revision, rec.Revision)
		},
	},
	{
		name:        "revisions-many",
		explanation: "Revisions answers for hundreds of IDs at once.",
		try: func(t *trial) {
			ids, want := make([]session.ID, 620), make([]session.Revision, 620)
			for i := range ids {
				ids[i] = newID()
				if i%5 == 0 {
					rec := t.live()
					ids[i], want[i] = rec.ID, rec.Revision
				}
			}
			t.wantRevisions(ids, want...)
		},
	},
	{
		name:        "revisions-at-once",
		explanation: "Revisions sees the effect of each call that has returned.",
		try: func(t *trial) {
			rec := t.live()
			ids := []session.ID{rec.ID}
			for range 3 {
				t.wantRevisions(ids, rec.Revision)
				t.save(&rec)
				t.wantRevisions(ids, rec.Revision)
				t.touch(&rec, rec.Expires)
				t.wantRevisions(ids, rec.Revision)
				t.end(rec)
				t.wantRevisions(ids, 0)
				rec.Revision = 0
				t.save(&rec)
			}
			t.wantRevisions(ids, rec.Revision)
		},
	},
	{
		name:        "revisions-expired",
		explanation: "Revisions returns zero for sessions that have expired or whose deadline has passed. To be asked about prolongs none.",
		try: func(t *trial) {
			lives, prolonged, expires, ends := t.live(), t.shortLived(), t.shortLived(), draft()
			ends.Deadline = t.soon()
			t.save(&ends)
			t.touch(&prolonged, inAnHour())
			ids := []session.ID{lives.ID, expires.ID, prolonged.ID, ends.ID}
			t.wantRevisions(ids, lives.Revision, expires.Revision, prolonged.Revision, ends.Revision)
			t.pass()
			t.wantRevisions(ids, lives.Revision, 0, prolonged.Revision, 0)
		},
	},
	{
		name:        "revisions-unreadable",
		explanation: "A session whose record cannot be read is live: its revision is not zero.",
		needs:       needsCorrupt,
		try: func(t *trial) {
			revs, err := t.store.Revisions(t.Context(), []session.ID{t.unreadable("").ID, newID(), t.unreadable("").ID})
			t.ok("Revisions", err)
			if len(revs) != 3 || revs[0] == 0 || revs[1] != 0 || revs[2] == 0 {
				t.Fatalf("Revisions returned %v, of which only the second should be zero", revs)
			}
		},
	},
	{
		name:        "context-revisions",
		explanation: "Revisions returns an error when ctx is done, and never zero for a session that is live.",
		try: func(t *trial) {
			live := t.live().ID
			revs, err := t.store.Revisions(t.cancelled(), []session.ID{newID(), live, newID()})
			t.gaveUp("Revisions", err)
			if len(revs) > 0 && (len(revs) != 3 || revs[1] == 0) {
				t.Fatalf("Revisions returned %v with the error", revs)
			}
		},
	},
	{
		name:        "race-revisions",
		explanation: "Revisions does not return zero for a session that lives throughout, whatever is written to it and whatever ends meanwhile.",
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

// wantRevisions checks the answer of Revisions.
func (t *trial) wantRevisions(ids []session.ID, want ...session.Revision) {
	t.Helper()
	revs, err := t.store.Revisions(t.Context(), slices.Clone(ids))
	t.ok("Revisions", err)
	t.sameRevisions(revs, want...)
}

func (t *trial) sameRevisions(got []session.Revision, want ...session.Revision) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("Revisions, asked about %d IDs, returned %d revisions", len(want), len(got))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("Revisions returned %d for number %d of %d IDs, want %d", got[i], i, len(want), want[i])
		}
	}
}

// keepAsking asks for the revision of a session that is live.
func (t *trial) keepAsking(id session.ID) error {
	for range rounds {
		revs, err := t.store.Revisions(t.Context(), []session.ID{id})
		if err != nil {
			return err
		}
		if len(revs) != 1 || revs[0] == 0 {
			return fmt.Errorf("the answer of Revisions is %v", revs)
		}
		runtime.Gosched() // or a quick store would have answered before others write
	}
	return nil
}

// keepWriting saves and prolongs a record until done. No other call writes it.
func (t *trial) keepWriting(rec record, done *atomic.Bool) error {
	for !done.Load() {
		rec.Value.Visits++
		if err := t.store.Save(t.Context(), &rec); err != nil {
			return err
		}
		if err := t.store.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires); err != nil {
			return err
		}
		revs, err := t.store.Revisions(t.Context(), []session.ID{rec.ID})
		if err != nil {
			return err
		}
		if len(revs) != 1 || revs[0] != rec.Revision {
			return fmt.Errorf("the answer of Revisions is %v after Save had written %d", revs, rec.Revision)
		}
	}
	return nil
}
