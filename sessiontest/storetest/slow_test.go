package storetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

// TestSlowStore runs the suite on a store that is right, but takes longer for each
// answer than the suite's shortest records live. A busy machine is like that.
func TestSlowStore(t *testing.T) {
	newStore := func(*testing.T) session.Store[profile] {
		return newFlawed(func(f *flawed) { f.slow(300 * time.Millisecond) })
	}
	storetest.Run(t, newStore, &storetest.Options{Bubble: true, Indexer: true, Lister: true})
}

// slow makes each call wait before it does anything.
func (f *flawed) slow(d time.Duration) {
	f.load = func(ctx context.Context, id session.ID) (record, error) {
		time.Sleep(d)
		return f.right.Load(ctx, id)
	}
	f.save = func(ctx context.Context, rec *record) error {
		time.Sleep(d)
		return f.right.Save(ctx, rec)
	}
	f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
		time.Sleep(d)
		return f.right.Touch(ctx, id, rev, expires)
	}
	f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
		time.Sleep(d)
		return f.right.Delete(ctx, id, rev)
	}
	f.exists = func(ctx context.Context, id session.ID) (bool, error) {
		time.Sleep(d)
		return f.right.Exists(ctx, id)
	}
	f.byOwner = func(ctx context.Context, owner string) records {
		return func(yield func(record, error) bool) {
			time.Sleep(d)
			f.right.ByOwner(ctx, owner)(yield)
		}
	}
	f.all = func(ctx context.Context) records {
		return func(yield func(record, error) bool) {
			time.Sleep(d)
			f.right.All(ctx)(yield)
		}
	}
}
