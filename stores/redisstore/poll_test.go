package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// Revisions asks about many sessions, of every kind, in pipelines of 100.
func TestRevisions(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		sent := new(tape)
		client.AddHook(sent)
		s, ctx := newStore(t, client), t.Context()
		var ids []session.ID
		var want []session.Revision
		for range 250 {
			rec := saved(t, s, "")
			ids, want = append(ids, rec.ID), append(want, rec.Revision)
		}
		deleted, foreign, past := saved(t, s, ""), saved(t, s, ""), saved(t, s, "")
		must(t, s.Delete(ctx, deleted.ID, 0))
		must(t, client.Del(ctx, key(foreign.ID)).Err())
		must(t, client.RPush(ctx, key(foreign.ID), "a list").Err())
		outlive(t, client, past)
		ids, want = append(ids, deleted.ID, foreign.ID, past.ID), append(want, 0, 1<<64-1, 0)

		var got []session.Revision
		var err error
		commands := sent.during(func() { got, err = s.Revisions(ctx, ids) })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Revisions returned %v, %v, want %v", got, err, want)
		}
		if want := slices.Repeat([]string{"getrange"}, 253); !slices.Equal(commands, want) {
			t.Errorf("sent %v", commands)
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		if got, err := s.Revisions(done, ids); got != nil || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("in a context that is done, Revisions returned %v, error %v", got, err)
		}
		sent.fail, sent.failAlone = errors.New("down"), true
		if got, err := s.Revisions(ctx, ids); got != nil || !errors.Is(err, session.ErrUnavailable) { // zeros would be ends
			t.Errorf("while the server is down, Revisions returned %v, error %v", got, err)
		}
	})
}

// Revisions asks every node of a cluster.
func TestRevisionsInACluster(t *testing.T) {
	t.Parallel()
	s, ctx := newStore(t, newClient(t, redisserver.StartCluster(t).URL())), t.Context()
	var ids []session.ID
	var want []session.Revision
	for range 30 {
		rec := saved(t, s, "")
		ids, want = append(ids, rec.ID), append(want, rec.Revision)
	}
	must(t, s.Delete(ctx, ids[7], 0))
	want[7] = 0
	got, err := s.Revisions(ctx, ids)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Revisions returned %v, %v, want %v", got, err, want)
	}
}
