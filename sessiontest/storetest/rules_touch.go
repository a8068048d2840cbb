package storetest

import (
	"time"

	"github.com/seed48429006/sessions/session"
)

var touchRules = []rule{
	{
		name:        "touch",
		explanation: "Touch moves the time at which the record expires, and nothing else: its data stays.",
		try: func(t *trial) {
			rec := t.live()
			for _, d := range []time.Duration{2 * time.Hour, time.Minute, time.Hour} {
				t.touch(&rec, after(d))
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "touch-keeps-revision",
		explanation: "Touch does not change the revision: a Save with the one from before succeeds.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(&rec, after(2*time.Hour))
			if got := t.load(rec.ID).Revision; got != rec.Revision {
				t.Fatalf("the revision is %d, was %d", got, rec.Revision)
			}
			rec.Value.Visits++
			t.save(&rec)
			t.wantStored(rec)
		},
	},
	{
		name:        "touch-conflict",
		explanation: "Touch returns ErrConflict if the stored revision is not the one given, and changes nothing. Zero is no revision.",
		try: func(t *trial) {
			stale := t.live()
			rec := stale
			rec.Value.Visits++
			t.save(&rec)
			for _, rev := range []session.Revision{stale.Revision, rec.Revision + 1, 0} {
				t.refused("Touch", t.store.Touch(t.Context(), rec.ID, rev, after(2*time.Hour)), session.ErrConflict)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "touch-absent",
		explanation: "Touch returns ErrNotFound when the ID is absent, and does not make it live.",
		try: func(t *trial) {
			rec := t.deleted()
			for _, id := range []session.ID{newID(), rec.ID} {
				t.refused("Touch", t.store.Touch(t.Context(), id, rec.Revision, inAnHour()), session.ErrNotFound)
				t.wantAbsent(id)
			}
		},
	},
	{
		name:        "touch-passed",
		explanation: "Touch returns ErrNotFound when the new time of expiry has passed.",
		try: func(t *trial) {
			rec := t.live()
			t.refused("Touch", t.store.Touch(t.Context(), rec.ID, rec.Revision, passed()), session.ErrNotFound)
		},
	},
	{
		name:        "touch-extends",
		explanation: "After Touch has moved the end further away, the record lives on.",
		try: func(t *trial) {
			rec := t.shortLived()
			t.touch(&rec, inAnHour())
			t.pass()
			t.wantStored(rec)
		},
	},
	{
		name:        "touch-shortens",
		explanation: "After Touch has moved the end nearer, the record is absent when that has passed.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(&rec, t.soon())
			t.pass()
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "touch-deadline",
		explanation: "Touch moves the time at which the record expires to the record's deadline at the latest.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(&rec, rec.Deadline.Add(time.Hour))
			rec.Expires = rec.Deadline
			t.wantStored(rec)

			rec.Deadline = t.soon()
			rec.Expires = rec.Deadline
			t.save(&rec)
			t.touch(&rec, inAnHour())
			rec.Expires = rec.Deadline
			t.wantStored(rec)
			t.pass()
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "touch-then-save",
		explanation: "Save moves the time at which the record expires to the record's Expires, wherever Touch had moved it.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(&rec, after(2*time.Hour))
			rec.Expires = t.soon()
			t.save(&rec)

			other := t.live()
			t.touch(&other, t.soon())
			other.Expires = inAnHour()
			t.save(&other)

			t.pass()
			t.wantAbsent(rec.ID)
			t.wantStored(other)
		},
	},
}
