package storetest

import (
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/test/profile"
	"github.com/seed48429006/sessions/session"
)

var valueRules = []rule{
	{
		name:        "value-round-trip",
		explanation: "Load returns the Value that was saved: every field of every shape, nil and empty told apart.",
		try: func(t *trial) {
			for _, v := range []Profile{{}, profile.Empty(), profile.Full(), {Photo: make([]byte, 1<<12)}, {Name: strings.Repeat("ü", 1<<12)}} {
				rec := draft()
				rec.Value = v
				t.save(&rec)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "record-round-trip",
		explanation: "Load returns the record that was saved: its owner, whatever bytes that is, its times and whether it persists.",
		try: func(t *trial) {
			unique := newOwner()
			for i, owner := range []string{"", unique, unique + ":*?[x]", unique + "\x00\xff", "Zoë " + unique, strings.Repeat(unique, 10)} {
				rec := draft()
				rec.Owner, rec.Persist = owner, i%2 == 0
				t.save(&rec)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "record-times",
		explanation: "A loaded record's times are in UTC and whole milliseconds.",
		try: func(t *trial) {
			rec := t.live()
			rec = t.load(rec.ID)
			for name, at := range map[string]time.Time{
				"Created": rec.Created, "Renewed": rec.Renewed, "Deadline": rec.Deadline, "Expires": rec.Expires,
			} {
				if at.Location() != time.UTC || !at.Equal(at.Truncate(time.Millisecond)) {
					t.Fatalf("%s is %v", name, at)
				}
			}
		},
	},
	{
		name:        "value-saved-untouched",
		explanation: "The store never writes to a Value that was saved.",
		try: func(t *trial) {
			rec := draft()
			for range 3 {
				t.save(&rec)
				t.load(rec.ID)
				if diff := cmp.Diff(profile.Full(), rec.Value); diff != "" {
					t.Fatalf("the saved value changed (-want +got):\n%s", diff)
				}
			}
		},
	},
	{
		name:        "value-loaded-untouched",
		explanation: "The store never writes to a Value that was loaded: later writes of the record do not show in it.",
		try: func(t *trial) {
			rec := t.live()
			loaded := t.load(rec.ID)
			for _, v := range []Profile{{Tags: []string{"x", "y", "z"}, Referrer: &Profile{Name: "Eve"}}, profile.Empty()} {
				rec.Value = v
				t.save(&rec)
				t.wantStored(rec)
			}
			t.ok("Delete", t.store.Delete(t.Context(), rec.ID))
			if diff := cmp.Diff(profile.Full(), loaded.Value); diff != "" {
				t.Fatalf("the loaded value changed (-want +got):\n%s", diff)
			}
		},
	},
}

var loadRules = []rule{
	{
		name:        "load-absent",
		explanation: "Load returns ErrNotFound and Exists false when the ID is absent.",
		try: func(t *trial) {
			t.wantAbsent(newID())
			t.wantAbsent(session.ID{})
		},
	},
	{
		name:        "load-writes-nothing",
		explanation: "Load and Exists write nothing: neither the revision nor the time of expiry changes.",
		try: func(t *trial) {
			rec := t.live()
			for range 3 {
				t.wantStored(rec)
			}
			rec.Value.Visits++
			t.save(&rec)

			short := t.shortLived()
			for range 3 {
				t.store.Load(t.Context(), short.ID)
				t.store.Exists(t.Context(), short.ID)
			}
			t.pass()
			t.wantAbsent(short.ID)
		},
	},
}
