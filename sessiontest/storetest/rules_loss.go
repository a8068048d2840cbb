package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

// The rules about losses make a call again and again, on a new record each time. Each
// time another of its commands is lost.
var lossRules = []rule{
	{
		name:        "lost-create",
		explanation: "If a command of a Save that creates is lost, Save recognises what became of it, or returns an error that says nothing of the ID: the record is there, or is not, and Save changed nothing but its Revision.",
		try: func(t *trial) {
			t.losing("Save", func(lose losingCall) {
				rec := draft()
				given := rec
				err := lose(func() error { return t.store.Save(t.Context(), &given) }, nil)
				t.saved("Save", err, rec, given, nil)
			})
		},
	},
	{
		name:        "lost-save",
		explanation: "If a command of a Save is lost, Save recognises what became of it, or returns an error that says nothing of the ID: the new record is there, or the old one, and Save changed nothing but its Revision.",
		try: func(t *trial) {
			t.losing("Save", func(lose losingCall) {
				old := t.live()
				rec := old
				rec.Owner, rec.Value = newOwner(), Profile{Name: "new"}
				given := rec
				err := lose(func() error { return t.store.Save(t.Context(), &given) }, nil)
				t.saved("Save", err, rec, given, &old)
			})
		},
	},
	{
		name:        "lost-save-overtaken",
		explanation: "If a command of a Save is lost, and another Save replaces the record before the first is sent again, the other is kept. The first returns ErrConflict only if it was never carried out, and nil only if it was.",
		try: func(t *trial) {
			t.losing("Save", func(lose losingCall) {
				rec, carriedOut := t.live(), false
				old := rec.Revision
				var other record
				rec.Value = Profile{Name: "first"}
				err := lose(func() error { return t.store.Save(t.Context(), &rec) }, func() {
					other = t.load(rec.ID)
					carriedOut = other.Revision != old
					other.Value = Profile{Name: "other"}
					t.save(&other)
				})
				switch {
				case other.ID.IsZero(): // no command was lost
					t.ok("Save", err)
					return
				case err == nil && !carriedOut:
					t.Fatalf("Save returned nil, though the other Save came first")
				case carriedOut || !errors.Is(err, session.ErrConflict):
					t.unknown("Save", err)
				}
				t.wantStored(other)
			})
		},
	},
	{
		name:        "lost-create-ended",
		explanation: "If a command of a Save that creates is lost, and the session is ended before it is sent again, the session stays ended.",
		try:         func(t *trial) { t.lostAndEnded(draft) },
	},
	{
		name:        "lost-save-ended",
		explanation: "If a command of a Save is lost, and the session is ended before it is sent again, the session stays ended.",
		try:         func(t *trial) { t.lostAndEnded(t.live) },
	},
	{
		name:        "lost-touch",
		explanation: "If a command of a Touch is lost, Touch returns nil if it was carried out, or an error that says nothing of the ID. Nothing but the time of expiry changes.",
		try: func(t *trial) {
			t.losing("Touch", func(lose losingCall) {
				old := t.live()
				rec := old
				rec.Expires = after(2 * time.Hour)
				err := lose(func() error { return t.store.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires) }, nil)
				t.unknown("Touch", err)
				t.wantOneOf(err, rec, old)
			})
		},
	},
	{
		name:        "lost-touch-overtaken",
		explanation: "If a command of a Touch is lost, and a Save replaces the record before it is sent again, the new record is kept as it is. Touch returns ErrConflict, or an error that says nothing of the ID, or nil if it was carried out.",
		try: func(t *trial) {
			t.losing("Touch", func(lose losingCall) {
				rec := t.live()
				other := rec
				err := lose(func() error { return t.store.Touch(t.Context(), rec.ID, rec.Revision, after(2*time.Hour)) }, func() {
					other.Value = Profile{Name: "other"}
					t.save(&other)
				})
				if other.Revision != rec.Revision { // or no command was lost
					if !errors.Is(err, session.ErrConflict) {
						t.unknown("Touch", err)
					}
					t.wantStored(other)
				}
			})
		},
	},
	{
		name:        "lost-delete",
		explanation: "If a command of a Delete is lost, Delete returns nil if it was carried out, or an error that says nothing of the ID. Asked again, it ends the session.",
		try: func(t *trial) {
			t.losing("Delete", func(lose losingCall) {
				rec := t.live()
				err := lose(func() error { return t.store.Delete(t.Context(), rec.ID, rec.Revision) }, nil)
				if t.unknown("Delete", err); err != nil {
					if err := t.store.Delete(t.Context(), rec.ID, rec.Revision); !errors.Is(err, session.ErrNotFound) {
						t.ok("Delete, asked again,", err)
					}
				}
				t.wantAbsent(rec.ID)
			})
		},
	},
	{
		name:        "lost-delete-overtaken",
		explanation: "If a command of a Delete with a revision is lost, and a Save replaces the record before it is sent again, the new record stays. Delete returns ErrConflict, or an error that says nothing of the ID.",
		try: func(t *trial) {
			t.losing("Delete", func(lose losingCall) {
				rec, replaced := t.live(), false
				other := rec
				other.Value = Profile{Name: "other"}
				err := lose(func() error { return t.store.Delete(t.Context(), rec.ID, rec.Revision) }, func() {
					switch err := t.store.Save(t.Context(), &other); {
					case err == nil:
						replaced = true
					case !errors.Is(err, session.ErrNotFound): // deleted already
						t.ok("Save", err)
					}
				})
				switch {
				case !replaced:
					t.unknown("Delete", err)
					return
				case err == nil:
					t.Fatalf("Delete returned nil, though a Save came first")
				case !errors.Is(err, session.ErrConflict):
					t.unknown("Delete", err)
				}
				t.wantStored(other)
			})
		},
	},
	{
		name:        "lost-load",
		explanation: "If a command of a Load is lost, Load returns the record, or an error that says nothing of the ID.",
		try: func(t *trial) {
			rec := t.live()
			t.losing("Load", func(lose losingCall) {
				var got record
				err := lose(func() (err error) { got, err = t.store.Load(t.Context(), rec.ID); return err }, nil)
				if t.unknown("Load", err); err == nil && difference(rec, got) != "" {
					t.Fatalf("Load did not return the record (-want +got):\n%s", difference(rec, got))
				}
			})
		},
	},
	{
		name:        "lost-exists",
		explanation: "If a command of an Exists is lost, Exists returns the truth, or an error.",
		try: func(t *trial) {
			rec := t.live()
			t.losing("Exists", func(lose losingCall) {
				var live bool
				err := lose(func() (err error) { live, err = t.store.Exists(t.Context(), rec.ID); return err }, nil)
				if t.unknown("Exists", err); err == nil && !live {
					t.Fatalf("Exists returned false")
				}
			})
		},
	},
	{
		name:        "lost-revisions",
		explanation: "If a command of a Revisions is lost, Revisions returns the revisions, or an error, and never zero for a session that is live.",
		needs:       needsPoller,
		try: func(t *trial) {
			rec := t.live()
			t.losing("Revisions", func(lose losingCall) {
				var revs []session.Revision
				err := lose(func() (err error) {
					revs, err = t.store.Revisions(t.Context(), []session.ID{newID(), rec.ID})
					return err
				}, nil)
				if t.unknown("Revisions", err); err == nil || len(revs) > 0 {
					t.sameRevisions(revs, 0, rec.Revision)
				}
			})
		},
	},
	{
		name:        "lost-by-owner",
		explanation: "If a command of a ByOwner is lost, ByOwner yields all records of the owner, or an error as the last thing.",
		needs:       needsIndexer,
		try: func(t *trial) {
			owner := newOwner()
			t.lostList("ByOwner", t.liveMany(owner), func(ctx context.Context) records {
				return t.store.ByOwner(ctx, owner)
			})
		},
	},
	{
		name:        "lost-all",
		explanation: "If a command of an All is lost, All yields all records, or an error as the last thing.",
		needs:       needsLister,
		try: func(t *trial) {
			t.lostList("All", t.liveMany(newOwner()), t.store.All)
		},
	},
}
