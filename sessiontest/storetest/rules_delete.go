package storetest

import (
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

var deleteRules = []rule{
	{
		name:        "delete",
		explanation: "Delete makes a live ID absent, if its revision is the one given.",
		basic:       true,
		try: func(t *trial) {
			t.wantAbsent(t.deleted().ID)
		},
	},
	{
		name:        "delete-any",
		explanation: "Delete with a zero revision makes a live ID absent, whatever its revision is.",
		try: func(t *trial) {
			rec := t.live()
			t.save(&rec)
			t.ok("Delete", t.store.Delete(t.Context(), rec.ID, 0))
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "delete-conflict",
		explanation: "Delete returns ErrConflict if the stored revision is not the one given, and changes nothing.",
		try: func(t *trial) {
			stale := t.live()
			rec := stale
			rec.Value.Visits++
			t.save(&rec)
			for _, rev := range []session.Revision{stale.Revision, rec.Revision + 1} {
				t.refused("Delete", t.store.Delete(t.Context(), rec.ID, rev), session.ErrConflict)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "delete-absent",
		explanation: "Delete returns ErrNotFound if the ID is absent, whichever revision is given.",
		try: func(t *trial) {
			rec := t.deleted()
			for _, rev := range []session.Revision{0, rec.Revision} {
				for _, id := range []session.ID{newID(), rec.ID} {
					t.refused("Delete", t.store.Delete(t.Context(), id, rev), session.ErrNotFound)
					t.wantAbsent(id)
				}
			}
		},
	},
	{
		name:        "delete-create",
		explanation: "Save with a zero Revision makes an ID live that was deleted: it is as absent as any.",
		try: func(t *trial) {
			rec := t.deleted()
			rec.Revision, rec.Value = 0, profile.Empty()
			t.save(&rec)
			t.wantStored(rec)
		},
	},
	{
		name:        "delete-recreated",
		explanation: "Delete with the revision of a record that was deleted does not end the one that was created after it.",
		try: func(t *trial) {
			old := t.deleted()
			rec := old
			rec.Revision = 0
			t.save(&rec)
			t.refused("Delete", t.store.Delete(t.Context(), rec.ID, old.Revision), session.ErrConflict)
			t.wantStored(rec)
		},
	},
}
