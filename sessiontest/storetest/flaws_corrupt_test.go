package storetest_test

import (
	"context"
	"errors"

	"github.com/seed48429006/sessions/session"
)

// corruptible makes the store unable to read the records that corrupt wrote.
func (f *flawed) corruptible() {
	check := func(rec record, err error) (record, error) {
		if err == nil && string(rec.Value.Photo) == corrupted {
			return record{}, &session.DecodeError{ID: rec.ID, Err: errors.New(corrupted)}
		}
		return rec, err
	}
	checkAll := func(seq records) records {
		return func(yield func(record, error) bool) {
			for rec, err := range seq {
				if !yield(check(rec, err)) {
					return
				}
			}
		}
	}
	f.load = func(ctx context.Context, id session.ID) (record, error) { return check(f.right.Load(ctx, id)) }
	f.byOwner = func(ctx context.Context, owner string) records { return checkAll(f.right.ByOwner(ctx, owner)) }
	f.all = func(ctx context.Context) records { return checkAll(f.right.All(ctx)) }
}

const corrupted = "corrupted"

// corrupt makes the record of id unreadable for a corruptible store.
func (f *flawed) corrupt(ctx context.Context, id session.ID) error {
	rec, err := f.right.Load(ctx, id)
	if err != nil {
		return err
	}
	rec.Value.Photo = []byte(corrupted)
	return f.right.Save(ctx, &rec)
}

var corruptFlaws = []flaw{
	{"unreadable is a zero value", "unreadable-load unreadable-open unreadable-by-owner unreadable-all", func(f *flawed) {}},
	{"unreadable is removed", "unreadable-load", func(f *flawed) {
		f.corruptible()
		inner := f.load
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := inner(ctx, id)
			if _, ok := errors.AsType[*session.DecodeError](err); ok {
				f.right.Delete(ctx, id, 0)
			}
			return rec, err
		}
	}},
	{"unreadable is absent for a creation", "unreadable-save", func(f *flawed) {
		f.corruptible()
		f.save = func(ctx context.Context, rec *record) error {
			if _, err := f.load(ctx, rec.ID); err != nil && rec.Revision == 0 {
				return f.force(ctx, rec)
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"unreadable is absent for a save", "unreadable-save", func(f *flawed) {
		f.corruptible()
		f.save = func(ctx context.Context, rec *record) error {
			if _, err := f.load(ctx, rec.ID); err != nil && rec.Revision != 0 {
				return session.ErrNotFound
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"unreadable cannot be deleted", "unreadable-delete", func(f *flawed) {
		f.corruptible()
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			if _, err := f.load(ctx, id); err != nil {
				return instead(session.ErrNotFound, nil)(err)
			}
			return f.right.Delete(ctx, id, rev)
		}
	}},
	{"unreadable ends an iteration", "unreadable-by-owner unreadable-all", func(f *flawed) {
		f.corruptible()
		short := func(seq records) records {
			return func(yield func(record, error) bool) {
				for rec, err := range seq {
					if !yield(rec, err) || err != nil {
						return
					}
				}
			}
		}
		byOwner, all := f.byOwner, f.all
		f.byOwner = func(ctx context.Context, owner string) records { return short(byOwner(ctx, owner)) }
		f.all = func(ctx context.Context) records { return short(all(ctx)) }
	}},
}
