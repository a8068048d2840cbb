package storetest

import (
	"errors"
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
				t.Fatalf("%d of %d increments survived", got-rec.Value.Visits, crowd)
			}
		},
	},
	{
		name:        "race-create",
		explanation: "Of many Saves that create one ID at once, one succeeds; the others return ErrExists.",
		try: func(t *trial) {
			id := newID()
			for range rounds / 20 {
				t.together(crowd, func(i int) error {
					rec := draft()
					rec.ID, rec.Value.Visits = id, i
					return t.store.Save(t.Context(), &rec)
				}).one(t, "Save", session.ErrExists)
				t.ok("Delete", t.store.Delete(t.Context(), id, 0))
			}
			t.clash(draft, t.saveNumbered, func(recs []record, errs outcomes) {
				t.wantKept(recs[errs.one(t, "Save", session.ErrExists)])
			})
		},
	},
	{
		name:        "race-save",
		explanation: "Of many Saves over one revision at once, one succeeds; the others return ErrConflict.",
		try: func(t *trial) {
			rec := t.live()
			for range rounds / 20 {
				t.together(crowd, func(i int) error {
					mine := rec
					return t.saveNumbered(i, &mine)
				}).one(t, "Save", session.ErrConflict)
				rec = t.load(rec.ID)
			}
			t.clash(t.live, t.saveNumbered, func(recs []record, errs outcomes) {
				t.wantKept(recs[errs.one(t, "Save", session.ErrConflict)])
			})
		},
	},
	{
		name:        "race-delete-save",
		explanation: "What Delete ended stays absent, whichever Save was in flight.",
		try: func(t *trial) {
			t.clash(t.live, func(i int, rec *record) error {
				if i == 0 {
					return t.store.Delete(t.Context(), rec.ID, 0)
				}
				return t.store.Save(t.Context(), rec)
			}, func(recs []record, errs outcomes) {
				t.ok("Delete", errs[0])
				if errs[1] != nil {
					t.refused("Save", errs[1], session.ErrNotFound)
				}
				t.wantAbsent(recs[0].ID)
			})
		},
	},
	{
		name:        "race-delete-touch",
		explanation: "What Delete ended stays absent, whichever Touch was in flight.",
		try: func(t *trial) {
			t.clash(t.live, func(i int, rec *record) error {
				if i == 0 {
					return t.store.Delete(t.Context(), rec.ID, 0)
				}
				return t.store.Touch(t.Context(), rec.ID, rec.Revision, inAnHour())
			}, func(recs []record, errs outcomes) {
				t.ok("Delete", errs[0])
				if errs[1] != nil {
					t.refused("Touch", errs[1], session.ErrNotFound)
				}
				t.wantAbsent(recs[0].ID)
			})
		},
	},
	{
		name:        "race-touch-save",
		explanation: "Touch changes nothing but the time of expiry: a Save in flight is neither undone nor refused. If the Save was first, Touch returns ErrConflict.",
		try: func(t *trial) {
			t.clash(t.live, func(i int, rec *record) error {
				if i == 0 {
					rec.Value.Visits = 1
					return t.store.Save(t.Context(), rec)
				}
				return t.store.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires)
			}, func(recs []record, errs outcomes) {
				t.ok("Save", errs[0])
				if errs[1] != nil {
					t.refused("Touch", errs[1], session.ErrConflict)
				}
				t.wantKept(recs[0])
			})
		},
	},
	{
		name:        "race-delete-revision",
		explanation: "Of a Delete and a Save over one revision, one succeeds: the Save then returns ErrNotFound or the Delete ErrConflict.",
		try: func(t *trial) {
			t.clash(t.live, func(i int, rec *record) error {
				if i == 0 {
					return t.store.Save(t.Context(), rec)
				}
				return t.store.Delete(t.Context(), rec.ID, rec.Revision)
			}, func(recs []record, errs outcomes) {
				switch save, remove := errs[0], errs[1]; {
				case save == nil && errors.Is(remove, session.ErrConflict):
					t.wantKept(recs[0])
				case remove == nil && errors.Is(save, session.ErrNotFound):
					t.wantAbsent(recs[0].ID)
				default:
					t.Fatalf("Save returned %v, Delete %v", save, remove)
				}
			})
		},
	},
	{
		name:        "race-delete",
		explanation: "Of many Deletes of one record, one succeeds; the others return ErrNotFound.",
		try: func(t *trial) {
			for i := range rounds / 20 {
				rec := t.live()
				if i%2 == 0 {
					rec.Revision = 0 // any
				}
				t.together(crowd, func(int) error {
					return t.store.Delete(t.Context(), rec.ID, rec.Revision)
				}).one(t, "Delete", session.ErrNotFound)
			}
			t.clash(t.live, func(i int, rec *record) error {
				return t.store.Delete(t.Context(), rec.ID, rec.Revision)
			}, func(recs []record, errs outcomes) {
				errs.one(t, "Delete", session.ErrNotFound)
				t.wantAbsent(recs[0].ID)
			})
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
		name:        "race-by-owner-back",
		explanation: "ByOwner yields a record whose owner went and came back, whoever lists the owner's sessions meanwhile, and so perhaps cleans up.",
		needs:       needsIndexer,
		try: func(t *trial) {
			rec := t.live()
			home, away := rec.Owner, newOwner()
			var done atomic.Bool
			t.together(4, func(i int) error {
				if i == 0 {
					defer done.Store(true)
					return t.goAndComeBack(&rec, home, away)
				}
				return t.keepListing(home, &done)
			}).all(t, "one of the calls", nil)
			t.wantOwned(home, rec)
			t.wantOwned(away)
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
