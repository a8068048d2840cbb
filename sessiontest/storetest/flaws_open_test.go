package storetest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

// caching makes the store keep copies. Wait is called between the load of a record
// and the keeping of its copy. A copy is served if fresh says so.
func (f *flawed) caching(wait func(), fresh func(record) bool) (copies *notes[*record]) {
	copies = new(notes[*record])
	f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
		if err := ctx.Err(); err != nil {
			return record{}, false, err
		}
		if rec, _ := copies.get(id); rec != nil && fresh(*rec) && accepts(rec.Secrets) {
			return *rec, true, nil
		}
		rec, err := f.right.Load(ctx, id)
		wait()
		switch {
		case err != nil:
			return rec, false, err
		case !accepts(rec.Secrets):
			rec.Value = profile{}
			return rec, false, nil
		}
		copies.set(id, &rec)
		return rec, false, nil
	}
	f.save = func(ctx context.Context, rec *record) error {
		defer copies.set(rec.ID, nil)
		return f.right.Save(ctx, rec)
	}
	f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
		defer copies.set(id, nil)
		return f.right.Touch(ctx, id, rev, expires)
	}
	f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
		defer copies.set(id, nil)
		return f.right.Delete(ctx, id, rev)
	}
	return copies
}

// opened makes the store change what Open returns.
func (f *flawed) opened(change func(rec *record, copied bool)) {
	inner := f.open
	f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
		rec, copied, err := inner(ctx, id, accepts)
		if err == nil {
			change(&rec, copied)
		}
		return rec, copied, err
	}
}

func atOnceKept() {}

// unended reports whether a record has not ended.
func unended(rec record) bool { return !rec.Ended(time.Now()) }

var openFlaws = []flaw{
	{"copies lack the owner", "open", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.opened(func(rec *record, copied bool) {
			if copied {
				rec.Owner = ""
			}
		})
	}},
	{"open asks nobody", "open", func(f *flawed) {
		f.open = func(ctx context.Context, id session.ID, _ func(session.Secrets) bool) (record, bool, error) {
			rec, err := f.right.Load(ctx, id)
			return rec, false, err
		}
	}},
	{"open asks about other secrets", "open open-refused", func(f *flawed) {
		inner := f.open
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			return inner(ctx, id, func(session.Secrets) bool { return accepts(session.Secrets{}) })
		}
	}},
	{"refused records are absent", "open-refused", func(f *flawed) {
		inner := f.open
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			refused := false
			rec, copied, err := inner(ctx, id, func(s session.Secrets) bool {
				refused = !accepts(s)
				return !refused
			})
			if refused {
				err = session.ErrNotFound
			}
			return rec, copied, err
		}
	}},
	{"refused records have their value", "open-refused", func(f *flawed) {
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			rec, err := f.right.Load(ctx, id)
			if err == nil {
				accepts(rec.Secrets)
			}
			return rec, false, err
		}
	}},
	{"values are decoded before secrets are looked at", "open-decodes", func(f *flawed) {
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			rec, err := f.Load(ctx, id)
			if err == nil && !accepts(rec.Secrets) {
				rec.Value = profile{}
			}
			return rec, false, err
		}
	}},
	{"nothing is decoded", "open-decodes", func(f *flawed) { f.decoded = new(atomic.Int64) }},
	{"refused copies are served without a value", "open-refused open-refused-copy", func(f *flawed) {
		copies := f.caching(atOnceKept, unended)
		inner := f.open
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			if rec, _ := copies.get(id); rec != nil && unended(*rec) && !accepts(rec.Secrets) {
				refused := *rec
				refused.Value = profile{}
				return refused, true, nil
			}
			return inner(ctx, id, accepts)
		}
	}},
	{"refused copies are answers", "open-refused-copy", func(f *flawed) {
		copies := f.caching(atOnceKept, unended)
		inner := f.open
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			rec, _ := copies.get(id)
			if rec == nil || !unended(*rec) {
				return inner(ctx, id, accepts)
			}
			found := *rec
			accepted := accepts(found.Secrets)
			if !accepted {
				found.Value = profile{}
			}
			return found, accepted, nil
		}
	}},
	{"saves leave the copy", "open-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.save = f.right.Save
	}},
	{"touches leave the copy", "open-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.touch = f.right.Touch
	}},
	{"deletions leave the copy", "open-own-writes", func(f *flawed) {
		f.caching(atOnceKept, unended)
		f.delete = f.right.Delete
	}},
	{"copies do not expire", "open-expires", func(f *flawed) {
		f.caching(atOnceKept, func(record) bool { return true })
	}},
	{"copies go by the idle time only", "open-expires", func(f *flawed) {
		f.caching(atOnceKept, func(rec record) bool { return rec.Expires.After(time.Now()) })
	}},
	{"absence is kept", "open-absent", func(f *flawed) {
		var absent notes[bool]
		inner := f.open
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			if is, _ := absent.get(id); is {
				return record{}, true, session.ErrNotFound
			}
			rec, copied, err := inner(ctx, id, accepts)
			absent.set(id, errors.Is(err, session.ErrNotFound))
			return rec, copied, err
		}
	}},
	{"copies are served to those who gave up", "context-open", func(f *flawed) {
		f.caching(atOnceKept, unended)
		inner := f.open
		f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
			return inner(context.WithoutCancel(ctx), id, accepts)
		}
	}},
	{"a load in flight keeps an old copy", "race-open", func(f *flawed) { f.caching(dawdle, unended) }},
}
