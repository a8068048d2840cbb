package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

// caching makes the store keep copies. Wait is called between the load of a record
// and the keeping of its copy. A copy is served if fresh says so.
func (f *flawed) caching(wait func(), fresh func(record) bool) (copies *notes[*record]) {
	copies = new(notes[*record])
	f.loadCached = func(ctx context.Context, id session.ID) (record, bool, error) {
		if err := ctx.Err(); err != nil {
			return record{}, false, err
		}
		if rec, _ := copies.get(id); rec != nil && fresh(*rec) {
			return *rec, true, nil
		}
		rec, err := f.right.Load(ctx, id)
		wait()
		if err == nil {
			copies.set(id, &rec)
		}
		return rec, false, err
	}
	f.save = func(ctx context.Context, rec *record) error {
		defer copies.set(rec.ID, nil)
		return f.right.Save(ctx, rec)
	}
	f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
		defer copies.set(id, nil)
		return f.right.Touch(ctx, id, expires)
	}
	f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
		defer copies.set(id, nil)
		return f.right.Retire(ctx, id, rev, successor, until)
	}
	f.delete = func(ctx context.Context, id session.ID) error {
		defer copies.set(id, nil)
		return f.right.Delete(ctx, id)
	}
	return copies
}

func atOnceKept() {}

// unended reports whether a record has not ended.
func unended(rec record) bool {
	return rec.Expires.After(time.Now()) && (rec.Deadline.IsZero() || rec.Deadline.After(time.Now()))
}

var cachedFlaws = []flaw{
	{"copies lack the owner", "cached", func(f *flawed) {
		f.caching(atOnceKept, unended)
		inner := f.loadCached
		f.loadCached = func(ctx context.Context, id session.ID) (record, bool, error) {
			rec, cached, err := inner(ctx, id)
			if cached {
				rec.Owner = ""
			}
			return rec, cached, err
		}
	}},
	{"saves leave the copy", "cached-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.save = f.right.Save
	}},
	{"touches leave the copy", "cached-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.touch = f.right.Touch
	}},
	{"renewals leave the copy", "cached-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.retire = f.right.Retire
	}},
	{"deletions leave the copy", "cached-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.delete = f.right.Delete
	}},
	{"copies do not expire", "cached-expires", func(f *flawed) {
		f.caching(atOnceKept, func(record) bool { return true })
	}},
	{"copies go by the idle time only", "cached-expires", func(f *flawed) {
		f.caching(atOnceKept, func(rec record) bool { return rec.Expires.After(time.Now()) })
	}},
	{"absence is kept", "cached-absent", func(f *flawed) {
		var absent notes[bool]
		f.loadCached = func(ctx context.Context, id session.ID) (record, bool, error) {
			if is, _ := absent.get(id); is {
				return record{}, true, session.ErrNotFound
			}
			rec, err := f.right.Load(ctx, id)
			absent.set(id, errors.Is(err, session.ErrNotFound))
			return rec, false, err
		}
	}},
	{"copies are served to those who gave up", "context-cached", func(f *flawed) {
		f.caching(atOnceKept, unended)
		inner := f.loadCached
		f.loadCached = func(ctx context.Context, id session.ID) (record, bool, error) {
			return inner(context.WithoutCancel(ctx), id)
		}
	}},
	{"a load in flight keeps an old copy", "race-cached", func(f *flawed) { f.caching(dawdle, unended) }},
}
