package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

var touchFlaws = []flaw{
	{"touch saves", "touch-keeps-revision", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			rec, err := f.right.Load(ctx, id)
			if err != nil {
				return err
			}
			rec.Revision, rec.Expires = rev, expires
			return f.right.Save(ctx, &rec)
		}
	}},
	{"touch never shortens", "touch touch-shortens", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			rec, err := f.right.Load(ctx, id)
			if err != nil || expires.Before(rec.Expires) {
				return err
			}
			return f.right.Touch(ctx, id, rev, expires)
		}
	}},
	{"touch does nothing", "touch touch-extends by-owner-touched", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			_, err := f.right.Load(ctx, id)
			return err
		}
	}},
	{"touch goes past the deadline", "touch-deadline", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			rec, err := f.right.Load(ctx, id)
			if err != nil || !expires.After(rec.Deadline) {
				return f.right.Touch(ctx, id, rev, expires)
			}
			rec.Deadline = expires
			if err := f.right.Save(ctx, &rec); err != nil {
				return err
			}
			return f.right.Touch(ctx, id, rec.Revision, expires)
		}
	}},
	{"touch ignores the revision", "touch-conflict lost-touch-overtaken", func(f *flawed) {
		touch := func(ctx context.Context, id session.ID, expires time.Time) error {
			for {
				rec, _ := f.right.Load(ctx, id)
				if err := f.right.Touch(ctx, id, rec.Revision, expires); !errors.Is(err, session.ErrConflict) {
					return err
				}
			}
		}
		f.remote()
		f.touch = func(ctx context.Context, id session.ID, _ session.Revision, expires time.Time) error {
			err := f.line.send(func() error { return touch(ctx, id, expires) })
			if errors.Is(err, errLine) {
				return touch(ctx, id, expires)
			}
			return err
		}
	}},
	{"touch takes zero for any revision", "touch-conflict", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			if rec, err := f.right.Load(ctx, id); err == nil && rev == 0 {
				rev = rec.Revision
			}
			return f.right.Touch(ctx, id, rev, expires)
		}
	}},
	{"touch never fails", "touch-absent touch-passed touch-conflict expires", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			f.right.Touch(ctx, id, rev, expires)
			return ctx.Err()
		}
	}},
}

var deadlineFlaws = []flaw{
	{"deadlines do not end a record", "deadline-first", func(f *flawed) {
		var deadlines notes[time.Time]
		f.save = func(ctx context.Context, rec *record) error {
			endless := *rec
			endless.Deadline = time.Time{}
			err := f.right.Save(ctx, &endless)
			deadlines.set(rec.ID, rec.Deadline)
			rec.Revision = endless.Revision
			return err
		}
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			rec.Deadline, _ = deadlines.get(id)
			return rec, err
		}
	}},
	{"no deadline is one that has passed", "deadline-none", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if rec.Deadline.IsZero() {
				return session.ErrNotFound
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"the index goes by deadline only", "by-owner-far", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return filter(f.right.ByOwner(ctx, owner), func(rec record) bool { return rec.Deadline.After(time.Now()) })
		}
	}},
	{"lists ignore deadlines", "by-owner-expired all-gone", func(f *flawed) {
		saved := f.remember()
		late := func(seq records, owned func(record) bool) records {
			return func(yield func(record, error) bool) {
				for rec, err := range seq {
					if !yield(rec, err) {
						return
					}
				}
				now := time.Now()
				for _, rec := range matching(saved, func(rec record) bool { return owned(rec) && rec.Deadline.Before(now) }) {
					if !yield(rec, nil) {
						return
					}
				}
			}
		}
		f.byOwner = func(ctx context.Context, owner string) records {
			return late(f.right.ByOwner(ctx, owner), func(rec record) bool { return rec.Owner == owner })
		}
		f.all = func(ctx context.Context) records {
			return late(f.right.All(ctx), func(record) bool { return true })
		}
	}},
	{"far touches wrap", "far far-touch", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			if expires.Year() > 2300 {
				return f.right.Delete(ctx, id, 0)
			}
			return f.right.Touch(ctx, id, rev, expires)
		}
	}},
	{"far times wrap", "far by-owner-far", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if rec.Expires.Year() > 2300 {
				return session.ErrNotFound
			}
			return f.right.Save(ctx, rec)
		}
	}},
}

var deleteFlaws = []flaw{
	{"delete does nothing", "delete save-deleted by-owner-gone all-gone", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error { return ctx.Err() }
	}},
	{"delete of nothing succeeds", "delete-absent", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			return instead(session.ErrNotFound, nil)(f.right.Delete(ctx, id, rev))
		}
	}},
	{"delete ignores the revision", "delete-conflict delete-recreated race-delete-revision", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID, _ session.Revision) error { return f.right.Delete(ctx, id, 0) }
	}},
	{"delete takes a new session for the old one", "delete-recreated", func(f *flawed) {
		var deleted notes[session.Revision]
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			if old, _ := deleted.get(id); rev != 0 && old == rev {
				return instead(session.ErrConflict, nil)(f.right.Delete(ctx, id, 0))
			}
			deleted.set(id, rev)
			return f.right.Delete(ctx, id, rev)
		}
	}},
	{"zero is no revision for delete", "delete-any", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			if rec, err := f.right.Load(ctx, id); err == nil && rec.Revision != rev {
				return session.ErrConflict
			}
			return f.right.Delete(ctx, id, rev)
		}
	}},
	{"a deleted ID is spent", "delete-create", func(f *flawed) {
		var spent notes[bool]
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			spent.set(id, true)
			return f.right.Delete(ctx, id, rev)
		}
		f.save = func(ctx context.Context, rec *record) error {
			if is, _ := spent.get(rec.ID); is && rec.Revision == 0 {
				return session.ErrExists
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"delete ends all of the owner's", "save-one-only", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			rec, err := f.right.Load(ctx, id)
			for other := range f.right.ByOwner(ctx, rec.Owner) {
				f.right.Delete(ctx, other.ID, 0)
			}
			if err == nil {
				return nil
			}
			return f.right.Delete(ctx, id, rev)
		}
	}},
}

var contextFlaws = []flaw{
	{"contexts are ignored", "context context-by-owner context-all", func(f *flawed) {
		alive := context.WithoutCancel
		f.save = func(ctx context.Context, rec *record) error { return f.right.Save(alive(ctx), rec) }
		f.byOwner = func(ctx context.Context, owner string) records { return f.right.ByOwner(alive(ctx), owner) }
		f.all = func(ctx context.Context) records { return f.right.All(alive(ctx)) }
	}},
	{"a cancelled load finds nothing", "context", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			if ctx.Err() != nil {
				return record{}, session.ErrNotFound
			}
			return f.right.Load(ctx, id)
		}
	}},
	{"a cancelled delete deletes", "context", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			return errors.Join(f.right.Delete(context.WithoutCancel(ctx), id, rev), ctx.Err())
		}
	}},
	{"an iteration that is cancelled midway ends quietly", "context-by-owner-midway context-all-midway", func(f *flawed) {
		quiet := func(ctx context.Context, seq records) records {
			return filter(seq, func(record) bool { return ctx.Err() == nil })
		}
		alive := context.WithoutCancel
		f.byOwner = func(ctx context.Context, owner string) records { return quiet(ctx, f.right.ByOwner(alive(ctx), owner)) }
		f.all = func(ctx context.Context) records { return quiet(ctx, f.right.All(alive(ctx))) }
	}},
	{"an error does not end an iteration", "context-by-owner-midway context-all-midway", func(f *flawed) {
		alive := context.WithoutCancel
		failing := func(ctx context.Context, seq records) records {
			return func(yield func(record, error) bool) {
				for rec := range seq {
					if !yield(rec, ctx.Err()) {
						return
					}
				}
			}
		}
		f.byOwner = func(ctx context.Context, owner string) records {
			return failing(ctx, f.right.ByOwner(alive(ctx), owner))
		}
		f.all = func(ctx context.Context) records { return failing(ctx, f.right.All(alive(ctx))) }
	}},
	{"a cancelled iteration is empty", "context-by-owner context-all", func(f *flawed) {
		quiet := func(seq records) records {
			return func(yield func(record, error) bool) {
				for rec, err := range seq {
					if err != nil || !yield(rec, nil) {
						return
					}
				}
			}
		}
		f.byOwner = func(ctx context.Context, owner string) records { return quiet(f.right.ByOwner(ctx, owner)) }
		f.all = func(ctx context.Context) records { return quiet(f.right.All(ctx)) }
	}},
}
