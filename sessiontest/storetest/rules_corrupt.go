package storetest

import (
	"errors"

	"github.com/seed48429006/sessions/session"
)

var corruptRules = []rule{
	{
		name:        "unreadable-load",
		explanation: "Load returns a DecodeError with the ID when the record cannot be read, and leaves the record where it is.",
		try: func(t *trial) {
			id := t.unreadable("").ID
			for range 2 {
				_, err := t.store.Load(t.Context(), id)
				if broken, ok := errors.AsType[*session.DecodeError](err); !ok || broken.ID != id {
					t.Fatalf("Load returned the error %v", err)
				}
				t.wantExists(id, true)
			}
		},
	},
	{
		name:        "unreadable-open",
		explanation: "Open returns a DecodeError with the ID when the record cannot be read.",
		needs:       needsOpener,
		try: func(t *trial) {
			id := t.unreadable("").ID
			_, _, err := t.store.Open(t.Context(), id, all)
			if broken, ok := errors.AsType[*session.DecodeError](err); !ok || broken.ID != id {
				t.Fatalf("Open returned the error %v", err)
			}
		},
	},
	{
		name:        "unreadable-save",
		explanation: "A record that cannot be read is live: Save with a zero Revision returns ErrExists, and with another one it replaces the record or returns an error, but not ErrNotFound.",
		try: func(t *trial) {
			rec := t.unreadable("")
			create := rec
			create.Revision = 0
			t.refused("Save", t.store.Save(t.Context(), &create), session.ErrExists)
			t.wantExists(rec.ID, true)
			switch err := t.store.Save(t.Context(), &rec); {
			case err == nil:
				t.wantStored(rec)
			case errors.Is(err, session.ErrNotFound):
				t.Fatalf("Save returned the error %v", err)
			default:
				t.wantExists(rec.ID, true)
			}
		},
	},
	{
		name:        "unreadable-delete",
		explanation: "Delete makes a live ID absent, also when its record cannot be read.",
		try: func(t *trial) {
			id := t.unreadable("").ID
			t.ok("Delete", t.store.Delete(t.Context(), id, 0))
			t.wantAbsent(id)
		},
	},
	{
		name:        "unreadable-by-owner",
		explanation: "ByOwner yields a DecodeError for a record that cannot be read, and goes on.",
		needs:       needsIndexer,
		try: func(t *trial) {
			broken, readable := t.mixed()
			found, unreadable := t.collect(t.store.ByOwner(t.Context(), broken[0].Owner))
			t.wantMixed(broken, readable, found, unreadable)
		},
	},
	{
		name:        "unreadable-all",
		explanation: "All yields a DecodeError for a record that cannot be read, and goes on.",
		needs:       needsLister,
		try: func(t *trial) {
			broken, readable := t.mixed()
			found, unreadable := t.all()
			t.wantMixed(broken, readable, found, unreadable)
		},
	},
}

// unreadable returns a record that was stored and then corrupted.
func (t *trial) unreadable(owner string) record {
	t.Helper()
	rec := t.liveOf(owner)
	t.options.Corrupt(t.test, t.store.Store, rec.ID)
	return rec
}

// mixed returns an owner's records, of which some are unreadable: more than one,
// so that an iteration that ends at the first is found out.
func (t *trial) mixed() (broken, readable []record) {
	t.Helper()
	owner := newOwner()
	for range 3 {
		broken = append(broken, t.unreadable(owner))
		readable = append(readable, t.liveOf(owner))
	}
	return broken, readable
}

// wantMixed checks an iteration over mixed records.
func (t *trial) wantMixed(broken, readable []record, found map[session.ID]record, unreadable map[session.ID]bool) {
	t.Helper()
	for _, rec := range broken {
		if _, ok := found[rec.ID]; ok || !unreadable[rec.ID] {
			t.Fatalf("an unreadable record was not yielded as a DecodeError with its ID")
		}
	}
	for _, rec := range readable {
		got, ok := found[rec.ID]
		if !ok {
			t.Fatalf("a readable record was not yielded")
		}
		t.sameRecord("the iteration", rec, got)
	}
}
