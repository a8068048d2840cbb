package storetest

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

// How much is done at once, and how often it is tried to see calls overlap.
const (
	crowd  = 50
	rounds = 100
)

var raceRules = []rule{
	{
		name:        "race-increments",
		explanation: "Save compares and replaces in one step: of many increments that overlap, none is lost.",
		try: func(t *trial) {
			rec := t.live()
			t.together(crowd, func(int) error { return t.increment(rec.ID) }).all(t, "increment", nil)
			if got, want := t.load(rec.ID).Value.Visits, rec.Value.Visits+crowd; got != want {
				t.Errorf("%d of %d increments survived", got-rec.Value.Visits, crowd)
			}
		},
	},
	{
		name:        "race-create",
		explanation: "Of many Saves that create one ID at once, one succeeds; the others return ErrExists.",
		try: func(t *trial) {
			id := newID()
			for range rounds / 10 {
				t.together(crowd, func(i int) error {
					rec := draft()
					rec.ID, rec.Value.Visits = id, i
					return t.store.Save(t.Context(), &rec)
				}).one(t, "Save", session.ErrExists)
				t.ok("Delete", t.store.Delete(t.Context(), id))
			}
		},
	},
	{
		name:        "race-save",
		explanation: "Of many Saves over one revision at once, one succeeds; the others return ErrConflict.",
		try: func(t *trial) {
			rec := t.live()
			for range rounds / 10 {
				t.together(crowd, func(i int) error {
					mine := rec
					mine.Value.Visits = i
					return t.store.Save(t.Context(), &mine)
				}).one(t, "Save", session.ErrConflict)
				rec = t.load(rec.ID)
			}
		},
	},
	{
		name:        "race-delete-save",
		explanation: "What Delete ended stays absent, whichever Saves were in flight.",
		try: func(t *trial) {
			for range rounds {
				rec := t.live()
				t.together(3, func(i int) error {
					if i == 0 {
						return t.store.Delete(t.Context(), rec.ID)
					}
					mine := rec
					return t.store.Save(t.Context(), &mine)
				})
				t.wantAbsent(rec.ID)
			}
		},
	},
	{
		name:        "race-delete-touch",
		explanation: "What Delete ended stays absent, whichever Touches were in flight.",
		try: func(t *trial) {
			for range rounds {
				rec := t.live()
				t.together(3, func(i int) error {
					if i == 0 {
						return t.store.Delete(t.Context(), rec.ID)
					}
					return t.store.Touch(t.Context(), rec.ID, inAnHour())
				})
				t.wantAbsent(rec.ID)
			}
		},
	},
	{
		name:        "race-touch-save",
		explanation: "Touch changes nothing but the time of expiry: a Save in flight is neither undone nor refused.",
		try: func(t *trial) {
			for range rounds {
				rec := t.live()
				rec.Value.Visits = 1
				t.together(3, func(i int) error {
					if i == 0 {
						return t.store.Save(t.Context(), &rec)
					}
					return t.store.Touch(t.Context(), rec.ID, rec.Expires)
				}).all(t, "Save or Touch", nil)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "race-retire-save",
		explanation: "Of a Retire and a Save over one revision, one succeeds: the Save then returns ErrGone or the Retire ErrConflict.",
		try: func(t *trial) {
			for range rounds {
				rec := t.live()
				stored := rec
				errs := t.together(2, func(i int) error {
					if i == 0 {
						return t.store.Save(t.Context(), &rec)
					}
					return t.store.Retire(t.Context(), stored.ID, stored.Revision, successorOf(stored.ID), inAnHour())
				})
				switch save, retire := errs[0], errs[1]; {
				case save == nil && errors.Is(retire, session.ErrConflict):
					t.wantStored(rec)
				case retire == nil && errors.Is(save, session.ErrGone):
					t.wantRetired(rec.ID)
				default:
					t.Fatalf("Save returned %v, Retire %v", save, retire)
				}
			}
		},
	},
	{
		name:        "race-retire",
		explanation: "Of many Retires of one record for different successors, one succeeds; the others return ErrGone.",
		try: func(t *trial) {
			for range rounds / 10 {
				rec := t.live()
				successors := make([]session.ID, crowd)
				errs := t.together(crowd, func(i int) error {
					successors[i] = newID()
					return t.store.Retire(t.Context(), rec.ID, rec.Revision, successors[i], inAnHour())
				})
				errs.one(t, "Retire", session.ErrGone)
				_, err := t.store.Load(t.Context(), rec.ID)
				retired, _ := errors.AsType[*session.RetiredError](err)
				if won := slices.Index(errs, nil); retired == nil || retired.Successor != successors[won] {
					t.Errorf("Load returned %v, want a *RetiredError with the successor of the Retire that succeeded", err)
				}
			}
		},
	},
	{
		name:        "race-retire-delete",
		explanation: "Of a Retire and a Delete of one record, one succeeds: the Delete then returns ErrGone or the Retire ErrNotFound.",
		try: func(t *trial) {
			for range rounds {
				rec := t.live()
				errs := t.together(2, func(i int) error {
					if i == 0 {
						return t.store.Delete(t.Context(), rec.ID)
					}
					return t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour())
				})
				switch remove, retire := errs[0], errs[1]; {
				case remove == nil && errors.Is(retire, session.ErrNotFound):
					t.wantAbsent(rec.ID)
				case retire == nil && errors.Is(remove, session.ErrGone):
					t.wantRetired(rec.ID)
				default:
					t.Fatalf("Delete returned %v, Retire %v", remove, retire)
				}
			}
		},
	},
	{
		name:        "race-whole",
		explanation: "Methods take effect whole and at once: a Load sees all of a Save or nothing of it, and never less than an earlier Load.",
		try: func(t *trial) {
			rec := numbered(t.live(), newOwner(), 0)
			t.save(&rec)
			var done atomic.Bool
			t.together(4, func(i int) error {
				if i == 0 {
					defer done.Store(true)
					return t.countUp(rec)
				}
				return t.watch(rec, &done)
			}).all(t, "one of the calls", nil)
		},
	},
	{
		name:        "race-by-owner",
		explanation: "ByOwner yields a record that lives throughout the iteration once, whatever comes and goes meanwhile.",
		needs:       needsIndexer,
		try: func(t *trial) {
			owner := newOwner()
			stays := make(map[session.ID]int)
			for range 10 {
				stays[t.liveOf(owner).ID] = 0
			}
			var done atomic.Bool
			t.together(4, func(i int) error {
				if i == 0 {
					defer done.Store(true)
					return t.watchOwner(owner, stays)
				}
				return t.comeAndGo(owner, &done)
			}).all(t, "one of the calls", nil)
		},
	},
}
