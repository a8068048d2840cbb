package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// each makes Revisions go by a question about each ID.
func (f *flawed) each(revision func(context.Context, session.ID) session.Revision) {
	f.revisions = func(ctx context.Context, ids []session.ID) (revs []session.Revision, err error) {
		for _, id := range ids {
			revs = append(revs, revision(ctx, id))
		}
		return revs, ctx.Err()
	}
}

// revision returns the revision of an ID's record, or zero.
func (f *flawed) revision(ctx context.Context, id session.ID) session.Revision {
	rec, _ := f.right.Load(context.WithoutCancel(ctx), id)
	return rec.Revision
}

var pollFlaws = []flaw{
	{"revisions are one for live sessions", "revisions revisions-at-once race-revisions", func(f *flawed) {
		f.each(func(ctx context.Context, id session.ID) session.Revision { return min(1, f.revision(ctx, id)) })
	}},
	{"revisions come in another order", "revisions", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			revs, err := f.right.Revisions(ctx, ids)
			slices.Reverse(revs)
			return revs, err
		}
	}},
	{"revisions are of live sessions only", "revisions revisions-many", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			revs, err := f.right.Revisions(ctx, ids)
			return slices.DeleteFunc(revs, func(rev session.Revision) bool { return rev == 0 }), err
		}
	}},
	{"revisions of none fail", "revisions-same", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			if len(ids) == 0 {
				return nil, errors.New("a syntax error near )")
			}
			return f.right.Revisions(ctx, ids)
		}
	}},
	{"revisions of one ID come once", "revisions-same", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			return f.right.Revisions(ctx, slices.Compact(ids))
		}
	}},
	{"revisions fill up with the last ID", "revisions revisions-many", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			for len(ids)%100 != 0 {
				ids = append(ids, ids[len(ids)-1])
			}
			return f.right.Revisions(ctx, ids)
		}
	}},
	{"revisions are a hundred", "revisions-many", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			revs, err := f.right.Revisions(ctx, ids[:min(len(ids), 100)])
			return append(revs, make([]session.Revision, len(ids)-len(revs))...), err
		}
	}},
	{"revisions are remembered", "revisions-at-once revisions-expired", func(f *flawed) {
		var known notes[session.Revision]
		f.each(func(ctx context.Context, id session.ID) session.Revision {
			rev, ok := known.get(id)
			if !ok {
				rev = f.revision(ctx, id)
				known.set(id, rev)
			}
			return rev
		})
	}},
	{"revisions prolong", "revisions-expired", func(f *flawed) {
		f.each(func(ctx context.Context, id session.ID) session.Revision {
			f.right.Touch(ctx, id, f.revision(ctx, id), time.Now().Add(time.Hour))
			return f.revision(ctx, id)
		})
	}},
	{"unreadable sessions have no revision", "revisions-unreadable", func(f *flawed) {
		f.corruptible()
		f.each(func(ctx context.Context, id session.ID) session.Revision {
			rec, _ := f.load(context.WithoutCancel(ctx), id)
			return rec.Revision
		})
	}},
	{"cancelled revisions are none", "context-revisions", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			if ctx.Err() != nil {
				return nil, nil
			}
			return f.right.Revisions(ctx, ids)
		}
	}},
	{"cancelled revisions are zero", "context-revisions", func(f *flawed) {
		f.revisions = func(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
			if ctx.Err() != nil {
				return make([]session.Revision, len(ids)), ctx.Err()
			}
			return f.right.Revisions(ctx, ids)
		}
	}},
	{"a session that is saved is absent for a moment", "race-revisions", func(f *flawed) {
		var saving notes[bool]
		f.save = func(ctx context.Context, rec *record) error {
			saving.set(rec.ID, true)
			defer saving.set(rec.ID, false)
			dawdle()
			return f.right.Save(ctx, rec)
		}
		f.each(func(ctx context.Context, id session.ID) session.Revision {
			if is, _ := saving.get(id); is {
				return 0
			}
			return f.revision(ctx, id)
		})
	}},
}
