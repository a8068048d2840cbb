package storetest

import (
	"errors"
	"sort"

	"github.com/seed48429006/sessions/session"
)

// largeBytes is more than fits into a column of 64 KiB. largeLimit is a limit that
// leaves room for it in every codec.
const (
	largeBytes = 66_000
	largeLimit = 2 * largeBytes
)

var sizeRules = []rule{
	{
		name:        "save-large",
		explanation: "Save keeps a record of more than 64 KiB whole.",
		needs: func(t *trial) {
			if limit := t.options.MaxRecord; limit != 0 && limit < largeLimit {
				t.test.Skipf("Options.MaxRecord is less than %d", largeLimit)
			}
		},
		try: func(t *trial) {
			rec := t.live()
			for _, size := range []int{largeBytes, 10, largeBytes + 1} {
				rec.Value.Photo = photo(size)
				t.save(&rec)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "save-limit",
		explanation: "Save keeps the largest record whole that the store takes, and returns ErrTooLarge for one byte more.",
		needs:       needsLimit,
		try: func(t *trial) {
			rec := t.live()
			size := t.largest(rec)
			if size < t.options.MaxRecord/2 {
				t.Fatalf("Save refuses a photo of %d bytes, though Options.MaxRecord is %d", size+1, t.options.MaxRecord)
			}
			rec = t.load(rec.ID)
			rec.Value.Photo = photo(size)
			t.save(&rec)
			t.wantStored(rec)
			if t.options.Size != nil && t.options.Size(rec) != t.options.MaxRecord {
				t.Fatalf("the largest record has %d bytes, though Options.MaxRecord is %d", t.options.Size(rec), t.options.MaxRecord)
			}
			larger := rec
			larger.Value.Photo = photo(size + 1)
			t.refused("Save", t.store.Save(t.Context(), &larger), session.ErrTooLarge)
			t.wantStored(rec)
		},
	},
	{
		name:        "save-too-large",
		explanation: "Save returns ErrTooLarge if the record is larger than the store takes; it stores nothing and leaves the record unchanged.",
		needs:       needsLimit,
		try: func(t *trial) {
			rec, created := t.live(), draft()
			large := rec
			large.Value.Photo = photo(t.options.MaxRecord + 1)
			t.refused("Save", t.store.Save(t.Context(), &large), session.ErrTooLarge)
			if large.Revision != rec.Revision {
				t.Fatalf("Save changed the Revision")
			}
			t.wantStored(rec)
			created.Value.Photo = large.Value.Photo
			t.refused("Save", t.store.Save(t.Context(), &created), session.ErrTooLarge)
			t.wantAbsent(created.ID)
		},
	},
}

// photo returns bytes of which no two neighbours are alike, so that a byte that is cut
// or doubled shows.
func photo(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i%255 + 1)
	}
	return p
}

// largest returns how large the photo of a live record can be. It is found by trying,
// since a codec adds bytes of its own.
func (t *trial) largest(rec record) int {
	return sort.Search(t.options.MaxRecord, func(size int) bool {
		rec.Value.Photo = photo(size + 1)
		err := t.store.Save(t.Context(), &rec)
		if !errors.Is(err, session.ErrTooLarge) {
			t.ok("Save", err)
		}
		return err != nil
	})
}
