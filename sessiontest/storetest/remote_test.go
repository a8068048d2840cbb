package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/session"
)

// unknown is the right error for a loss.
func unknown(err error) error {
	if errors.Is(err, errLine) {
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return err
}

// remote puts the store behind a line, and makes it right: it sends nothing twice, and
// returns that the outcome of what was lost is unknown.
func (f *flawed) remote() {
	load, save, touch, del, exists, revisions := f.load, f.save, f.touch, f.delete, f.exists, f.revisions
	f.load = func(ctx context.Context, id session.ID) (rec record, err error) {
		err = f.line.send(func() (err error) { rec, err = load(ctx, id); return err })
		return rec, unknown(err)
	}
	f.save = func(ctx context.Context, rec *record) error {
		written := *rec
		err := f.line.send(func() error { return save(ctx, &written) })
		if err == nil {
			rec.Revision = written.Revision
		}
		return unknown(err)
	}
	f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
		return unknown(f.line.send(func() error { return touch(ctx, id, rev, expires) }))
	}
	f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
		return unknown(f.line.send(func() error { return del(ctx, id, rev) }))
	}
	f.exists = func(ctx context.Context, id session.ID) (live bool, err error) {
		err = f.line.send(func() (err error) { live, err = exists(ctx, id); return err })
		return live && err == nil, unknown(err)
	}
	f.revisions = func(ctx context.Context, ids []session.ID) (revs []session.Revision, err error) {
		err = f.line.send(func() (err error) { revs, err = revisions(ctx, ids); return err })
		if err != nil {
			return nil, unknown(err)
		}
		return revs, nil
	}
	byOwner, all := f.byOwner, f.all
	f.byOwner = func(ctx context.Context, owner string) records { return f.paged(byOwner(ctx, owner), unknown) }
	f.all = func(ctx context.Context) records { return f.paged(all(ctx), unknown) }
}

// paged sends a command for every hundred records.
func (f *flawed) paged(seq records, failed func(error) error) records {
	return func(yield func(record, error) bool) {
		n := 0
		for rec, err := range seq {
			if n%100 == 0 {
				if lost := f.line.send(func() error { return nil }); lost != nil {
					if err := failed(lost); err != nil {
						yield(record{}, err)
					}
					return
				}
			}
			if n++; !yield(rec, err) {
				return
			}
		}
	}
}

// onLoss makes a remote store do something about the loss of a Save's command.
func (f *flawed) onLoss(then func(ctx context.Context, rec *record, written session.Revision) error) {
	f.remote()
	f.save = func(ctx context.Context, rec *record) error {
		written := *rec
		err := f.line.send(func() error { return f.right.Save(ctx, &written) })
		if errors.Is(err, errLine) {
			return then(ctx, rec, written.Revision)
		}
		if err == nil {
			rec.Revision = written.Revision
		}
		return err
	}
}
