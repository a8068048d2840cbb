package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

// endedBy makes Ended go by a question about each ID.
func (f *flawed) endedBy(gone func(context.Context, session.ID) bool) {
	f.ended = func(ctx context.Context, ids []session.ID) (ended []session.ID, err error) {
		for _, id := range ids {
			if gone(ctx, id) {
				ended = append(ended, id)
			}
		}
		return ended, ctx.Err()
	}
}

// absent reports whether an ID is not live.
func (f *flawed) absent(ctx context.Context, id session.ID) bool {
	live, err := f.right.Exists(ctx, id)
	return !live && err == nil
}

var pollFlaws = []flaw{
	{"ended takes renewed sessions for live", "ended ended-at-once", func(f *flawed) {
		f.endedBy(func(ctx context.Context, id session.ID) bool {
			_, err := f.right.Load(ctx, id)
			return errors.Is(err, session.ErrNotFound)
		})
	}},
	{"ended returns those that live", "ended ended-none", func(f *flawed) {
		f.endedBy(func(ctx context.Context, id session.ID) bool { return !f.absent(ctx, id) })
	}},
	{"ended of none fails", "ended-none", func(f *flawed) {
		f.ended = func(ctx context.Context, ids []session.ID) ([]session.ID, error) {
			if len(ids) == 0 {
				return nil, errors.New("a syntax error near )")
			}
			return f.right.Ended(ctx, ids)
		}
	}},
	{"ended fills up with the last ID", "ended ended-many", func(f *flawed) {
		f.ended = func(ctx context.Context, ids []session.ID) (ended []session.ID, err error) {
			for len(ids)%100 != 0 {
				ids = append(ids, ids[len(ids)-1])
			}
			return f.right.Ended(ctx, ids)
		}
	}},
	{"ended answers for a hundred", "ended-many", func(f *flawed) {
		f.ended = func(ctx context.Context, ids []session.ID) ([]session.ID, error) {
			return f.right.Ended(ctx, ids[:min(len(ids), 100)])
		}
	}},
	{"ended remembers", "ended-at-once ended-expired", func(f *flawed) {
		var known notes[bool]
		f.endedBy(func(ctx context.Context, id session.ID) bool {
			gone, ok := known.get(id)
			if !ok {
				gone = f.absent(ctx, id)
				known.set(id, gone)
			}
			return gone
		})
	}},
	{"ended prolongs", "ended-expired", func(f *flawed) {
		f.endedBy(func(ctx context.Context, id session.ID) bool {
			f.right.Touch(ctx, id, time.Now().Add(time.Hour))
			return f.absent(ctx, id)
		})
	}},
	{"ended takes unreadable sessions for ended", "ended-unreadable", func(f *flawed) {
		f.corruptible()
		f.endedBy(func(ctx context.Context, id session.ID) bool {
			_, err := f.load(ctx, id)
			return err != nil && ctx.Err() == nil
		})
	}},
	{"a cancelled ended returns nothing", "context-ended", func(f *flawed) {
		f.ended = func(ctx context.Context, ids []session.ID) ([]session.ID, error) {
			if ctx.Err() != nil {
				return nil, nil
			}
			return f.right.Ended(ctx, ids)
		}
	}},
	{"a cancelled ended returns all", "context-ended", func(f *flawed) {
		f.ended = func(ctx context.Context, ids []session.ID) ([]session.ID, error) {
			if ctx.Err() != nil {
				return ids, ctx.Err()
			}
			return f.right.Ended(ctx, ids)
		}
	}},
	{"a session that is saved is absent for a moment", "race-ended", func(f *flawed) {
		var saving notes[bool]
		f.save = func(ctx context.Context, rec *record) error {
			saving.set(rec.ID, true)
			defer saving.set(rec.ID, false)
			dawdle()
			return f.right.Save(ctx, rec)
		}
		f.endedBy(func(ctx context.Context, id session.ID) bool {
			is, _ := saving.get(id)
			return is || f.absent(ctx, id)
		})
	}},
}
