package storetest

import "github.com/seed48429006/sessions/session"

var outlineRules = []rule{
	{
		name:        "outlines",
		explanation: "OutlinesByOwner yields the records that ByOwner yields, each once, whole but for their values.",
		try: func(t *trial) {
			rec := t.live()
			other, gone := t.liveOf(rec.Owner), t.liveOf(rec.Owner)
			moved := t.liveOf(rec.Owner)
			t.live()
			short := draft()
			short.Owner, short.Expires = rec.Owner, t.soon()
			t.save(&short)
			moved.Owner = newOwner()
			t.save(&moved)
			t.end(gone)
			t.pass()
			t.wantOutlines(rec.Owner, rec, other)
			t.wantOutlines(moved.Owner, moved)
			t.wantOutlines("")
		},
	},
	{
		name:        "outline",
		explanation: "Outline returns the record that Load returns, whole but for its value, and ErrNotFound if that does.",
		try: func(t *trial) {
			rec, gone, short := t.live(), t.deleted(), t.shortLived()
			t.pass()
			got, err := t.store.Outline(t.Context(), rec.ID)
			t.ok("Outline", err)
			t.sameRecord("Outline", outlineOf(rec), got)
			for _, id := range []session.ID{newID(), gone.ID, short.ID} {
				_, err := t.store.Outline(t.Context(), id)
				t.refused("Outline", err, session.ErrNotFound)
			}
		},
	},
	{
		name:        "context-outline",
		explanation: "Outline and OutlinesByOwner give an error that says nothing of the session when ctx is done.",
		try: func(t *trial) {
			rec := t.live()
			_, err := t.store.Outline(t.cancelled(), rec.ID)
			t.gaveUp("Outline", err)
			err = nil
			for _, err = range t.store.OutlinesByOwner(t.cancelled(), rec.Owner) {
			}
			t.gaveUp("OutlinesByOwner", err)
		},
	},
}

func outlineOf(rec record) record {
	rec.Value = Profile{}
	return rec
}

// wantOutlines checks what OutlinesByOwner yields.
func (t *trial) wantOutlines(owner string, want ...record) {
	t.Helper()
	found := make(map[session.ID]record)
	for rec, err := range t.store.OutlinesByOwner(t.Context(), owner) {
		t.ok("OutlinesByOwner", err)
		if _, twice := found[rec.ID]; twice {
			t.Fatalf("OutlinesByOwner yielded one record twice")
		}
		found[rec.ID] = rec
	}
	for i := range want {
		want[i] = outlineOf(want[i])
	}
	t.sameRecords("OutlinesByOwner", byID(want), found)
}
