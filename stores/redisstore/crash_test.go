package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/session"
)

// A crash is a hook that lets a number of commands through and none after them.
type crash struct{ after int }

var errCrash = errors.New("the process ended here")

func (c *crash) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *crash) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "hello" || cmd.Name() == "client" {
			return next(ctx, cmd) // the connection's
		}
		if c.after--; c.after < 0 {
			return errCrash
		}
		return next(ctx, cmd)
	}
}

func (c *crash) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Wherever a process ends between two commands, no live session is missing from
// its owner's index.
func TestCrashes(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		warm := saved(t, s, "warm")
		must(t, s.Save(ctx, &warm))
		s.Delete(ctx, session.NewID(), 0)
		dying := redis.NewClient(client.Options())
		t.Cleanup(func() { dying.Close() })
		hook := new(crash)
		dying.AddHook(hook)
		store := newStore(t, dying)

		steps := map[string]struct {
			commands int
			call     func(rec session.Record[cart]) error
		}{
			"create": {2, func(session.Record[cart]) error { r := draft("anna"); return store.Save(ctx, &r) }},
			"owner":  {3, func(r session.Record[cart]) error { r.Owner = "bert"; return store.Save(ctx, &r) }},
			"later":  {3, func(r session.Record[cart]) error { r.Deadline = in(50 * time.Hour); return store.Save(ctx, &r) }},
			"delete": {2, func(r session.Record[cart]) error { return store.Delete(ctx, r.ID, 0) }},
		}
		for name, step := range steps {
			for n := range step.commands + 1 {
				rec := saved(t, s, "anna")
				hook.after = n
				err := step.call(rec)
				if done := n == step.commands || name == "delete" && n == step.commands-1; (err == nil) != done {
					t.Errorf("%s, after %d commands: got error %v", name, n, err)
				}
				if err != nil && (!errors.Is(err, errCrash) || !errors.Is(err, session.ErrUnavailable)) {
					t.Errorf("%s, after %d commands: got error %v", name, n, err)
				}
				wantAllIndexed(t, client, s, name, n)
			}
		}
	})
}

// wantAllIndexed checks that every live record is in its owner's index until its
// deadline.
func wantAllIndexed(t *testing.T, client *redis.Client, s store, name string, n int) {
	t.Helper()
	for rec, err := range s.All(t.Context()) {
		must(t, err)
		score, err := client.ZScore(t.Context(), indexOf(rec.Owner), rec.ID.String()).Result()
		if err != nil || time.UnixMilli(int64(score)).Before(rec.Deadline.Add(-time.Second)) {
			t.Errorf("%s, after %d commands: a session of %s is indexed until %v, error %v, and lives until %v",
				name, n, rec.Owner, time.UnixMilli(int64(score)), err, rec.Deadline)
		}
	}
}

// A record that ends within a millisecond is stored for one, or not at all:
// never for ever, and never with a time that Redis refuses.
func TestShortestLife(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		kept := saved(t, s, "")
		for range 200 {
			rec := draft("")
			rec.Expires = time.Now().Add(300 * time.Microsecond)
			if err := s.Save(ctx, &rec); err != nil && err != session.ErrNotFound {
				t.Fatalf("Save: got error %v", err)
			}
		}
		if err := s.Touch(ctx, kept.ID, kept.Revision, time.Now().Add(300*time.Microsecond)); err != nil && err != session.ErrNotFound {
			t.Fatalf("Touch: got error %v", err)
		}
	})
}
