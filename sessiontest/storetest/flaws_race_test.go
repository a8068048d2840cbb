package storetest_test

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

// raceFlaws has flaws whose gap between look and leap lets others run, and the same
// ones with a gap of about a microsecond.
var raceFlaws = slices.Concat(
	gapFlaws("", dawdle, " race-increments"),
	gapFlaws(atOnce, blink, ""),
	mixtureFlaws,
)

// atOnce ends the names of the flaws with a short gap.
const atOnce = " at once"

// blink takes about a microsecond.
func blink() {
	var n atomic.Int64
	for n.Add(1) < 200 {
	}
}

// gapFlaws returns flaws that have a gap. More are the rules that tell only of a
// long one.
func gapFlaws(suffix string, gap func(), more string) []flaw {
	return []flaw{
		{"save looks before it leaps" + suffix, "race-create race-save race-delete-save" + more, func(f *flawed) {
			f.save = func(ctx context.Context, rec *record) error {
				stored, err := f.right.Load(ctx, rec.ID)
				switch {
				case err == nil && rec.Revision == 0:
					return session.ErrExists
				case err == nil && rec.Revision != stored.Revision:
					return session.ErrConflict
				case err != nil && rec.Revision != 0:
					return err
				}
				gap()
				return f.force(ctx, rec)
			}
		}},
		{"touch rewrites the record" + suffix, "race-delete-touch race-touch-save", func(f *flawed) {
			f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
				rec, err := f.right.Load(ctx, id)
				if err != nil {
					return err
				}
				if rec.Revision != rev {
					return session.ErrConflict
				}
				gap()
				rec.Expires = expires
				return f.force(ctx, &rec)
			}
		}},
		{"delete looks before it leaps" + suffix, "race-delete race-delete-revision", func(f *flawed) {
			f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
				rec, err := f.right.Load(ctx, id)
				switch {
				case err != nil:
					return err
				case rev != 0 && rec.Revision != rev:
					return session.ErrConflict
				}
				gap()
				return instead(session.ErrNotFound, nil)(f.right.Delete(ctx, id, 0))
			}
		}},
	}
}

var mixtureFlaws = []flaw{
	{"load tears", "race-whole", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			dawdle()
			if later, failed := f.right.Load(ctx, id); err == nil && failed == nil {
				rec.Value = later.Value
			}
			return rec, err
		}
	}},
	{"load is late", "race-whole save-replaces", func(f *flawed) {
		var first notes[record]
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			before, ok := first.get(id)
			first.set(id, rec)
			if ok && err == nil {
				return before, nil
			}
			return rec, err
		}
	}},
}
