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
				rec.Expires = after(d)
				t.touch(rec.ID, rec.Expires)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "touch-keeps-revision",
		explanation: "Touch does not change the revision: a Save with the one from before succeeds.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(rec.ID, after(2*time.Hour))
			if got := t.load(rec.ID).Revision; got != rec.Revision {
				t.Fatalf("the revision is %d, was %d", got, rec.Revision)
			}
			rec.Value.Visits++
			t.save(&rec)
			t.wantStored(rec)
		},
	},
	{
		name:        "touch-absent",
		explanation: "Touch returns ErrNotFound when the ID is absent, and does not make it live.",
		try: func(t *trial) {
			for _, id := range []session.ID{newID(), t.deleted().ID} {
				t.refused("Touch", t.store.Touch(t.Context(), id, inAnHour()), session.ErrNotFound)
				t.wantAbsent(id)
			}
		},
	},
	{
		name:        "touch-passed",
		explanation: "Touch returns ErrNotFound when the new time of expiry has passed.",
		try: func(t *trial) {
			rec := t.live()
			t.refused("Touch", t.store.Touch(t.Context(), rec.ID, passed()), session.ErrNotFound)
		},
	},
	{
		name:        "touch-extends",
		explanation: "After Touch has moved the end further away, the record lives on.",
		try: func(t *trial) {
			rec := t.shortLived()
			rec.Expires = inAnHour()
			t.touch(rec.ID, rec.Expires)
			t.pass()
			t.wantStored(rec)
		},
	},
	{
		name:        "touch-shortens",
		explanation: "After Touch has moved the end nearer, the record is absent when that has passed.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(rec.ID, t.soon())
			t.pass()
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "touch-deadline",
		explanation: "Touch moves the time at which the record expires to the record's deadline at the latest.",
		try: func(t *trial) {
			rec := t.live()
			t.touch(rec.ID, rec.Deadline.Add(time.Hour))
			rec.Expires = rec.Deadline
			t.wantStored(rec)

			rec.Deadline = t.soon()
			rec.Expires = rec.Deadline
			t.save(&rec)
			t.touch(rec.ID, inAnHour())
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
			t.touch(rec.ID, after(2*time.Hour))
			rec.Expires = t.soon()
			t.save(&rec)

			other := t.live()
			t.touch(other.ID, t.soon())
			t.save(&other)

			t.pass()
			t.wantAbsent(rec.ID)
			t.wantStored(other)
		},
	},
}
