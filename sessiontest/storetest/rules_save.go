package storetest

import (
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

var saveRules = []rule{
	{
		name:        "save-creates",
		explanation: "Save with a zero Revision makes an absent ID live and sets the record's Revision, which is not zero.",
		basic:       true,
		try: func(t *trial) {
			rec := draft()
			t.wantAbsent(rec.ID)
			t.save(&rec)
			if rec.Revision == 0 {
				t.Fatalf("Save did not set the Revision")
			}
			t.wantStored(rec)
		},
	},
	{
		name:        "save-create-exists",
		explanation: "Save with a zero Revision returns ErrExists if the ID is live, and changes nothing.",
		try: func(t *trial) {
			stored := t.live()
			other := draft()
			other.ID = stored.ID
			t.refused("Save", t.store.Save(t.Context(), &other), session.ErrExists)
			t.wantStored(stored)
		},
	},
	{
		name:        "save-replaces",
		explanation: "Save replaces all of the stored record if that one's revision is the record's Revision.",
		basic:       true,
		try: func(t *trial) {
			rec := t.live()
			t.wantStored(rec)
			rec.Owner = newOwner()
			rec.Secrets = newSecrets()
			rec.Created, rec.Renewed, rec.LoggedIn = after(-2*time.Minute), after(-time.Minute), time.Time{}
			rec.Deadline, rec.Expires = after(30*time.Minute), after(20*time.Minute)
			rec.Remembered = false
			rec.Value = Profile{Name: "another"}
			t.save(&rec)
			t.wantStored(rec)
		},
	},
	{
		name:        "save-sets-revision",
		explanation: "Save sets the Revision of the record that it is given, and nothing else.",
		try: func(t *trial) {
			rec := draft()
			for range 2 {
				before := rec
				t.ok("Save", t.store.Save(t.Context(), &rec))
				before.Revision = rec.Revision
				if diff := difference(before, rec); diff != "" {
					t.Fatalf("Save changed it (-before +after):\n%s", diff)
				}
			}
		},
	},
	{
		name:        "save-conflict",
		explanation: "Save returns ErrConflict if the stored record has another revision than the one given, and changes nothing.",
		try: func(t *trial) {
			stale := t.live()
			current := stale
			current.Value.Visits++
			t.save(&current)
			stale.Value.Name = "lost"
			t.refused("Save", t.store.Save(t.Context(), &stale), session.ErrConflict)
			t.wantStored(current)
			stale.Revision = current.Revision + 1
			t.refused("Save with a revision that never was", t.store.Save(t.Context(), &stale), session.ErrConflict)
			t.wantStored(current)
		},
	},
	{
		name:        "save-absent",
		explanation: "Save with a Revision returns ErrNotFound if the ID is absent: it never creates.",
		try: func(t *trial) {
			rec := draft()
			rec.Revision = 7
			t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrNotFound)
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "save-deleted",
		explanation: "Save with a Revision returns ErrNotFound if the record was deleted: it never creates it again.",
		try: func(t *trial) {
			rec := t.deleted()
			t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrNotFound)
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "save-create-expired",
		explanation: "Save returns ErrNotFound if the record's Expires has passed already, and stores nothing.",
		try: func(t *trial) {
			rec := draft()
			rec.Expires = passed()
			t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrNotFound)
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "save-replace-expired",
		explanation: "Save of a record whose Expires has passed returns ErrNotFound and stores nothing: the stored record stays as it is.",
		try: func(t *trial) {
			stored := t.live()
			rec := stored
			rec.Expires, rec.Value = passed(), Profile{Name: "late"}
			t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrNotFound)
			t.wantStored(stored)
		},
	},
	{
		name:        "save-revisions-differ",
		explanation: "Save sets a new revision, which no other write of this ID has had, not even one before the ID was deleted.",
		try: func(t *trial) {
			revisions := make(map[session.Revision]bool)
			rec := draft()
			for i := range 40 {
				if i%10 == 9 {
					t.end(rec)
					rec.Revision = 0
				}
				t.save(&rec)
				if rec.Revision == 0 || revisions[rec.Revision] {
					t.Fatalf("write %d has the revision %d, as has another one", i, rec.Revision)
				}
				revisions[rec.Revision] = true
			}
		},
	},
	{
		name:        "save-error-keeps-record",
		explanation: "Save leaves the record that it was given unchanged when it returns an error.",
		try: func(t *trial) {
			for name, rec := range refusedRecords(t) {
				before := rec
				if err := t.store.Save(t.Context(), &rec); err == nil {
					t.Fatalf("Save of %s returned no error", name)
				}
				if diff := difference(before, rec); diff != "" {
					t.Fatalf("Save of %s changed it (-before +after):\n%s", name, diff)
				}
			}
		},
	},
	{
		name:        "save-error-keeps-record-unencodable",
		explanation: "Save stores a value whose pointers lead back to it, or returns an EncodeError, stores nothing and leaves the record unchanged.",
		try: func(t *trial) {
			rec := draft()
			rec.Value = profile.Circular()
			err := t.store.Save(t.Context(), &rec)
			if err == nil {
				t.wantExists(rec.ID, true)
				return
			}
			if _, ok := errors.AsType[*session.EncodeError](err); !ok || rec.Revision != 0 {
				t.Fatalf("Save returned the error %v and the Revision %d", err, rec.Revision)
			}
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "save-one-only",
		explanation: "Save, Touch and Delete of one ID do nothing to another.",
		try: func(t *trial) {
			kept := t.live()
			rec := t.liveOf(kept.Owner)
			t.save(&rec)
			t.touch(&rec, after(time.Minute))
			t.end(rec)
			other := t.liveOf(kept.Owner)
			t.ok("Delete", t.store.Delete(t.Context(), other.ID, 0))
			t.wantStored(kept)
		},
	},
}

// refusedRecords returns records that Save must not take, by the reason.
func refusedRecords(t *trial) map[string]record {
	exists := t.live()
	exists.Revision = 0
	stale := t.live()
	newer := stale
	t.save(&newer)
	absent := draft()
	absent.Revision = 7
	expired := draft()
	expired.Expires = passed()
	return map[string]record{
		"one that exists": exists,
		"a stale one":     stale,
		"an absent one":   absent,
		"a deleted one":   t.deleted(),
		"an expired one":  expired,
	}
}
