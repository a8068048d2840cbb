package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

func TestWatchedSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		m, err := middleware.New(newStore(t, client), &middleware.Options{WatchInterval: time.Hour, SaveTimeout: patience})
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
