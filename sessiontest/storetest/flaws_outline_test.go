package storetest_test

import (
	"context"

	"github.com/seed48429006/sessions/session"
)

var outlineFlaws = []flaw{
	{"outlines have values", "outlines outline", func(f *flawed) { f.outlines, f.outline = f.right.ByOwner, f.right.Load }},
	{"outlines have no owner", "outlines outline", func(f *flawed) {
		outlines, outline := f.outlines, f.outline
		f.outlines = func(ctx context.Context, owner string) records {
			return altered(outlines(ctx, owner), func(rec *record) { rec.Owner = "" })
		}
		f.outline = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := outline(ctx, id)
			rec.Owner = ""
			return rec, err
		}
	}},
	{"outlines of sessions that have ended or moved are yielded", "outlines", func(f *flawed) {
		saved := f.remember()
		f.outlines = func(_ context.Context, owner string) records {
			return func(yield func(record, error) bool) {
				for _, rec := range matching(saved, func(rec record) bool { return owner != "" && rec.Owner == owner }) {
					if rec.Value = (profile{}); !yield(rec, nil) {
						return
					}
				}
			}
		}
	}},
	{"the outline of an absent session is empty", "outline", func(f *flawed) {
		outline := f.outline
		f.outline = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := outline(ctx, id)
			return rec, instead(session.ErrNotFound, nil)(err)
		}
	}},
	{"outlines ignore contexts", "context-outline", func(f *flawed) {
		outlines, outline := f.outlines, f.outline
		f.outlines = func(ctx context.Context, owner string) records { return outlines(context.WithoutCancel(ctx), owner) }
		f.outline = func(ctx context.Context, id session.ID) (record, error) {
			return outline(context.WithoutCancel(ctx), id)
		}
	}},
}
