package storetest

import (
	"github.com/seed48429006/sessions/internal/test/profile"
	"github.com/seed48429006/sessions/session"
)

var retireRules = []rule{
	{
		name:        "retire",
		explanation: "Retire replaces the record by a marker: Load returns a *RetiredError with the successor, Exists false.",
		try: func(t *trial) {
			t.wantRetired(t.retired().ID)
		},
	},
	{
		name:        "retire-conflict",
		explanation: "Retire returns ErrConflict if the stored revision is not the one given, and changes nothing.",
		try: func(t *trial) {
			stale := t.live()
			rec := stale
			rec.Value.Visits++
			t.save(&rec)
			for _, rev := range []session.Revision{stale.Revision, rec.Revision + 1, 0} {
				t.refused("Retire", t.store.Retire(t.Context(), rec.ID, rev, successorOf(rec.ID), inAnHour()), session.ErrConflict)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "retire-absent",
		explanation: "Retire returns ErrNotFound if the ID is absent, and leaves no marker.",
		try: func(t *trial) {
			rec := t.deleted()
			t.refused("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour()), session.ErrNotFound)
			t.wantAbsent(rec.ID)
			t.refused("Retire", t.store.Retire(t.Context(), newID(), 1, newID(), inAnHour()), session.ErrNotFound)
		},
	},
	{
		name:        "retired-retire",
		explanation: "Retire returns ErrGone if the ID is retired already in favour of another successor.",
		try: func(t *trial) {
			rec := t.retired()
			for _, rev := range []session.Revision{rec.Revision, 0} {
				t.refused("Retire", t.store.Retire(t.Context(), rec.ID, rev, newID(), inAnHour()), session.ErrGone)
			}
			t.wantRetired(rec.ID)
		},
	},
	{
		name:        "retired-again",
		explanation: "Retire returns nil if the ID is retired already in favour of the same successor: a lost reply may be asked for again.",
		try: func(t *trial) {
			rec := t.retired()
			t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour()))
			t.wantRetired(rec.ID)
		},
	},
	{
		name:        "retired-save",
		explanation: "Save returns ErrGone if the ID is retired: nothing makes it live again.",
		try: func(t *trial) {
			rec := t.retired()
			for _, rev := range []session.Revision{rec.Revision, rec.Revision + 1, 0} {
				rec.Revision = rev
				t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrGone)
			}
			t.wantRetired(rec.ID)
		},
	},
	{
		name:        "retired-touch",
		explanation: "Touch returns ErrGone when the ID is retired.",
		try: func(t *trial) {
			rec := t.retired()
			t.refused("Touch", t.store.Touch(t.Context(), rec.ID, inAnHour()), session.ErrGone)
			t.wantRetired(rec.ID)
		},
	},
	{
		name:        "retired-delete",
		explanation: "Delete of a retired ID returns ErrGone, and the marker stays as it is.",
		try: func(t *trial) {
			rec := t.retired()
			t.refused("Delete", t.store.Delete(t.Context(), rec.ID), session.ErrGone)
			t.wantRetired(rec.ID)
		},
	},
	{
		name:        "retired-expires",
		explanation: "A marker whose time has passed is absent; what was retired does not come back.",
		try: func(t *trial) {
			rec := t.live()
			t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), t.soon()))
			t.pass()
			t.wantAbsent(rec.ID)
			t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrNotFound)
			t.refused("Touch", t.store.Touch(t.Context(), rec.ID, inAnHour()), session.ErrNotFound)
			t.refused("Delete", t.store.Delete(t.Context(), rec.ID), session.ErrNotFound)
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "retired-outlives",
		explanation: "A marker stays until its time, also when the record would have expired before.",
		try: func(t *trial) {
			rec := t.shortLived()
			t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour()))
			t.refused("Touch", t.store.Touch(t.Context(), rec.ID, t.soon()), session.ErrGone)
			t.pass()
			t.wantRetired(rec.ID)
		},
	},
	{
		name:        "retire-passed",
		explanation: "A marker whose time has passed is absent: to retire a record until then ends it.",
		try: func(t *trial) {
			rec := t.live()
			t.ok("Retire", t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), passed()))
			t.wantAbsent(rec.ID)
		},
	},
}

var deleteRules = []rule{
	{
		name:        "delete",
		explanation: "Delete makes a live ID absent.",
		try: func(t *trial) {
			t.wantAbsent(t.deleted().ID)
		},
	},
	{
		name:        "delete-absent",
		explanation: "Delete returns ErrNotFound if the ID is absent.",
		try: func(t *trial) {
			for _, id := range []session.ID{newID(), t.deleted().ID} {
				t.refused("Delete", t.store.Delete(t.Context(), id), session.ErrNotFound)
				t.wantAbsent(id)
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
}
