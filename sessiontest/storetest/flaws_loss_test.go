package storetest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

var lossFlaws = []flaw{
	{"a lost save is sent again", "lost-create lost-save lost-save-overtaken", func(f *flawed) {
		f.onLoss(func(ctx context.Context, rec *record, _ session.Revision) error { return f.right.Save(ctx, rec) })
	}},
	{"a lost save is a success", "lost-create lost-save lost-save-overtaken", func(f *flawed) {
		f.onLoss(func(_ context.Context, rec *record, written session.Revision) error {
			rec.Revision = written
			return nil
		})
	}},
	{"a lost save is a conflict", "lost-save lost-save-overtaken", func(f *flawed) {
		f.onLoss(func(_ context.Context, rec *record, _ session.Revision) error {
			if rec.Revision == 0 {
				return unknown(errLine)
			}
			return session.ErrConflict
		})
	}},
	{"a lost save has a revision", "lost-create lost-save", func(f *flawed) {
		f.onLoss(func(_ context.Context, rec *record, _ session.Revision) error {
			rec.Revision++
			return unknown(errLine)
		})
	}},
	{"a lost save takes any record for its own", "lost-save-overtaken", func(f *flawed) {
		f.onLoss(func(ctx context.Context, rec *record, _ session.Revision) error {
			stored, err := f.right.Load(ctx, rec.ID)
			if err != nil || stored.Revision == rec.Revision {
				return unknown(errLine)
			}
			rec.Revision = stored.Revision
			return nil
		})
	}},
	{"a save that was overtaken conflicts", "lost-save-overtaken", func(f *flawed) {
		f.onLoss(func(ctx context.Context, rec *record, written session.Revision) error {
			switch stored, err := f.right.Load(ctx, rec.ID); {
			case err != nil || stored.Revision == rec.Revision:
				return unknown(errLine)
			case stored.Revision != written:
				return session.ErrConflict
			}
			rec.Revision = written
			return nil
		})
	}},
	{"a lost save overwrites", "lost-save-overtaken lost-save-ended lost-create-ended", func(f *flawed) {
		f.onLoss(func(ctx context.Context, rec *record, _ session.Revision) error { return f.force(ctx, rec) })
	}},
	{"a save that waits for its reply refuses others", "lost-save-overtaken", func(f *flawed) {
		f.remote()
		inner, busy := f.save, new(atomic.Bool)
		f.save = func(ctx context.Context, rec *record) error {
			if !busy.CompareAndSwap(false, true) {
				return unknown(errLine)
			}
			defer busy.Store(false)
			return inner(ctx, rec)
		}
	}},
	{"a lost creation is sent again", "lost-create-ended", func(f *flawed) {
		f.onLoss(func(ctx context.Context, rec *record, written session.Revision) error {
			if rec.Revision != 0 {
				return unknown(errLine)
			}
			err := f.right.Save(ctx, rec)
			if errors.Is(err, session.ErrExists) { // its own
				rec.Revision, err = written, nil
			}
			return err
		})
	}},
	{"a lost touch finds nothing", "lost-touch", func(f *flawed) {
		f.remote()
		inner := f.touch
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			return instead(errLine, session.ErrNotFound)(inner(ctx, id, rev, expires))
		}
	}},
	{"a lost touch is a success", "lost-touch", func(f *flawed) {
		f.remote()
		inner := f.touch
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			return instead(errLine, nil)(inner(ctx, id, rev, expires))
		}
	}},
	{"a lost deletion is sent again", "lost-delete", func(f *flawed) {
		f.remote()
		inner := f.delete
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			err := inner(ctx, id, rev)
			if errors.Is(err, errLine) {
				return f.right.Delete(ctx, id, rev)
			}
			return err
		}
	}},
	{"a lost deletion is a success", "lost-delete", func(f *flawed) {
		f.remote()
		inner := f.delete
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			return instead(errLine, nil)(inner(ctx, id, rev))
		}
	}},
	{"a lost deletion is sent again for any revision", "lost-delete-overtaken", func(f *flawed) {
		f.remote()
		inner := f.delete
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			err := inner(ctx, id, rev)
			if errors.Is(err, errLine) {
				return instead(session.ErrNotFound, nil)(f.right.Delete(ctx, id, 0))
			}
			return err
		}
	}},
	{"a lost load finds nothing", "lost-load", func(f *flawed) {
		f.remote()
		inner := f.load
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := inner(ctx, id)
			return rec, instead(errLine, session.ErrNotFound)(err)
		}
	}},
	{"a lost load is empty", "lost-load", func(f *flawed) {
		f.remote()
		inner := f.load
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := inner(ctx, id)
			if errors.Is(err, errLine) {
				return record{}, nil
			}
			return rec, err
		}
	}},
	{"a lost exists sees nothing", "lost-exists", func(f *flawed) {
		f.remote()
		inner := f.exists
		f.exists = func(ctx context.Context, id session.ID) (bool, error) {
			live, err := inner(ctx, id)
			return live, instead(errLine, nil)(err)
		}
	}},
	{"a lost question ends all", "lost-revisions", func(f *flawed) {
		f.remote()
		inner := f.revisions
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			revs, err := inner(ctx, ids)
			if err != nil {
				return make([]session.Revision, len(ids)), err
			}
			return revs, nil
		}
	}},
	{"a lost question ends none", "lost-revisions", func(f *flawed) {
		f.remote()
		inner := f.revisions
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			revs, err := inner(ctx, ids)
			return revs, instead(errLine, nil)(err)
		}
	}},
	{"a lost page ends the list", "lost-by-owner lost-all", func(f *flawed) {
		f.remote()
		quiet := func(error) error { return nil }
		f.byOwner = func(ctx context.Context, owner string) records { return f.paged(f.right.ByOwner(ctx, owner), quiet) }
		f.all = func(ctx context.Context) records { return f.paged(f.right.All(ctx), quiet) }
	}},
	{"a list that cannot lose is no test", "lost-by-owner lost-all", func(f *flawed) {
		f.remote()
		f.byOwner, f.all = f.right.ByOwner, f.right.All
	}},
}
