package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// Ended asks about many sessions, of every kind, in pipelines of 100.
func TestEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		sent := new(tape)
		client.AddHook(sent)
		s, ctx := newStore(t, client), t.Context()
		var ids []session.ID
		for range 250 {
			ids = append(ids, saved(t, s, "").ID)
		}
		deleted, retired, foreign := saved(t, s, ""), saved(t, s, ""), saved(t, s, "")
		must(t, s.Delete(ctx, deleted.ID))
		must(t, s.Retire(ctx, retired.ID, retired.Revision, ids[0], in(time.Minute)))
		must(t, client.Del(ctx, key(foreign.ID)).Err())
		must(t, client.RPush(ctx, key(foreign.ID), "a list").Err())

		var got []session.ID
		var err error
		commands := sent.during(func() { got, err = s.Ended(ctx, append(ids, deleted.ID, retired.ID, foreign.ID)) })
		if err != nil || !slices.Equal(got, []session.ID{deleted.ID, retired.ID}) {
			t.Errorf("Ended returned %v, %v", got, err)
		}
		if want := slices.Repeat([]string{"getrange"}, 253); !slices.Equal(commands, want) {
			t.Errorf("sent %v", commands)
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		if got, err := s.Ended(done, ids); len(got) != 0 || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("in a context that is done, Ended returned %v, %v", got, err)
		}
		sent.fail = errors.New("down")
		if got, err := s.Ended(ctx, ids); len(got) != 0 || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("while the server is down, Ended returned %v, %v", got, err)
		}
	})
}

// Ended asks every node of a cluster.
func TestEndedInACluster(t *testing.T) {
	t.Parallel()
	s, ctx := newStore(t, newClient(t, redisserver.StartCluster(t).URL())), t.Context()
	var ids []session.ID
	for range 30 {
		ids = append(ids, saved(t, s, "").ID)
	}
	must(t, s.Delete(ctx, ids[7]))
	got, err := s.Ended(ctx, ids)
	if err != nil || !slices.Equal(got, ids[7:8]) {
		t.Errorf("Ended returned %v, %v", got, err)
	}
}

// A watched session in Redis ends with its cause.
func TestWatchedSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		m, err := middleware.New(newStore(t, client), &middleware.Options{WatchInterval: 10 * time.Millisecond, SaveTimeout: patience})
		must(t, err)
		for _, end := range []struct {
			how   func(*session.Session[cart])
			cause error
		}{
			{(*session.Session[cart]).Destroy, session.ErrNotFound},
			{(*session.Session[cart]).Renew, session.ErrGone},
		} {
			mine, err := m.Open(t.Context(), "")
			must(t, err)
			mine.Set(cart{Customer: "anna"})
			must(t, mine.Commit(t.Context()))
			ctx := m.Watch(t.Context(), mine)
			token, _ := mine.Token()
			others, err := m.Open(t.Context(), token.Reveal())
			must(t, err)
			end.how(others)
			must(t, others.Commit(t.Context()))
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), end.cause) {
				t.Errorf("the watch ended with %v, want %v", context.Cause(ctx), end.cause)
			}
		}
	})
}
