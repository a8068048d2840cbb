package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

var touchFlaws = []flaw{
	{"touch saves", "touch-keeps-revision", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			rec, err := f.right.Load(ctx, id)
			if err != nil {
				return err
			}
			rec.Expires = expires
			return f.right.Save(ctx, &rec)
		}
	}},
	{"touch never shortens", "touch touch-shortens", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			rec, err := f.right.Load(ctx, id)
			if err != nil || expires.Before(rec.Expires) {
				return err
			}
			return f.right.Touch(ctx, id, expires)
		}
	}},
	{"touch does nothing", "touch touch-extends by-owner-touched", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			_, err := f.right.Load(ctx, id)
			return err
		}
	}},
	{"touch goes past the deadline", "touch-deadline", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			rec, err := f.right.Load(ctx, id)
			if err != nil || !expires.After(rec.Deadline) {
				return f.right.Touch(ctx, id, expires)
			}
			rec.Deadline = expires
			if err := f.right.Save(ctx, &rec); err != nil {
				return err
			}
			return f.right.Touch(ctx, id, expires)
		}
	}},
	{"touch never fails", "touch-absent touch-passed retired-touch expires", func(f *flawed) {
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			f.right.Touch(ctx, id, expires)
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
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			if expires.Year() > 2300 {
				return f.right.Delete(ctx, id)
			}
			return f.right.Touch(ctx, id, expires)
		}
	}},
	{"far markers wrap", "far", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			if until.Year() > 2300 {
				until = time.Now()
			}
			return f.right.Retire(ctx, id, rev, successor, until)
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

var retireFlaws = []flaw{
	{"retire deletes", "retire retired-retire retired-save", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, _ session.Revision, successor session.ID, _ time.Time) error {
			return f.right.Delete(ctx, id)
		}
	}},
	{"retire ignores the revision", "retire-conflict race-retire-save", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			for {
				err := f.right.Retire(ctx, id, rev, successor, until)
				if !errors.Is(err, session.ErrConflict) {
					return err
				}
				rec, _ := f.right.Load(ctx, id)
				rev = rec.Revision
			}
		}
	}},
	{"retire marks what is absent", "retire-absent", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			err := f.right.Retire(ctx, id, rev, successor, until)
			if errors.Is(err, session.ErrNotFound) {
				rec := record{ID: id, Expires: until}
				f.right.Save(ctx, &rec)
				f.right.Retire(ctx, id, rec.Revision, successor, until)
			}
			return err
		}
	}},
	{"retire twice", "retired-retire race-retire", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			return instead(session.ErrGone, nil)(f.right.Retire(ctx, id, rev, successor, until))
		}
	}},
	{"a retired ID is not found", "retire retired-save", func(f *flawed) {
		hide := instead(session.ErrGone, session.ErrNotFound)
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			return rec, hide(err)
		}
		f.save = func(ctx context.Context, rec *record) error { return hide(f.right.Save(ctx, rec)) }
	}},
	{"markers stay for ever", "retired-expires", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			return f.right.Retire(ctx, id, rev, successor, until.Add(1000*time.Hour))
		}
	}},
	{"markers go with the record", "retired-outlives", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			if rec, err := f.right.Load(ctx, id); err == nil && rec.Expires.Before(until) {
				until = rec.Expires
			}
			return f.right.Retire(ctx, id, rev, successor, until)
		}
	}},
	{"touch moves a marker", "retired-outlives", func(f *flawed) {
		var shortened notes[time.Time]
		f.touch = func(ctx context.Context, id session.ID, expires time.Time) error {
			err := f.right.Touch(ctx, id, expires)
			if errors.Is(err, session.ErrGone) {
				shortened.set(id, expires)
			}
			return err
		}
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			if until, ok := shortened.get(id); ok && time.Now().After(until) {
				return rec, session.ErrNotFound
			}
			return rec, err
		}
	}},
	{"retire until the past is refused", "retire-passed", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			if until.Before(time.Now()) {
				return errors.New("until has passed")
			}
			return f.right.Retire(ctx, id, rev, successor, until)
		}
	}},
}

var deleteFlaws = []flaw{
	{"delete does nothing", "delete save-deleted by-owner-gone all-gone", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID) error { return ctx.Err() }
	}},
	{"delete of nothing succeeds", "delete-absent", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID) error {
			return instead(session.ErrNotFound, nil)(f.right.Delete(ctx, id))
		}
	}},
	{"markers forget the successor", "retire", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, _ session.ID, until time.Time) error {
			return f.right.Retire(ctx, id, rev, session.ID{}, until)
		}
	}},
	{"retire again fails", "retired-again", func(f *flawed) {
		f.retire = func(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
			if _, err := f.right.Load(ctx, id); errors.Is(err, session.ErrGone) {
				return session.ErrGone
			}
			return f.right.Retire(ctx, id, rev, successor, until)
		}
	}},
	{"delete removes markers", "retired-delete race-retire-delete", func(f *flawed) {
		var removed notes[bool]
		f.delete = func(ctx context.Context, id session.ID) error {
			err := f.right.Delete(ctx, id)
			if errors.Is(err, session.ErrGone) {
				removed.set(id, true)
				return nil
			}
			return err
		}
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			if is, _ := removed.get(id); is {
				err = session.ErrNotFound
			}
			return rec, err
		}
	}},
	{"a deleted ID is spent", "delete-create", func(f *flawed) {
		var spent notes[bool]
		f.delete = func(ctx context.Context, id session.ID) error {
			spent.set(id, true)
			return f.right.Delete(ctx, id)
		}
		f.save = func(ctx context.Context, rec *record) error {
			if is, _ := spent.get(rec.ID); is && rec.Revision == 0 {
				return session.ErrGone
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"delete ends all of the owner's", "save-one-only", func(f *flawed) {
		f.delete = func(ctx context.Context, id session.ID) error {
			rec, err := f.right.Load(ctx, id)
			for other := range f.right.ByOwner(ctx, rec.Owner) {
				f.right.Delete(ctx, other.ID)
			}
			if err == nil {
				return nil
			}
			return f.right.Delete(ctx, id)
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
		f.delete = func(ctx context.Context, id session.ID) error {
			return errors.Join(f.right.Delete(context.WithoutCancel(ctx), id), ctx.Err())
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
