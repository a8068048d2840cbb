package memstore_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// begin stores a session, and returns it.
func begin(t *testing.T, store session.Store[cart], p *session.Policy, owner string) *session.Session[cart] {
	t.Helper()
	s := session.New(store, p)
	s.Set(cart{Customer: owner, Notices: []string{"hello"}})
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func end(t *testing.T, s *session.Session[cart]) {
	t.Helper()
	s.Destroy()
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The store tells of each session that has timed out, once, and of no other end.
func TestReaped(t *testing.T) {
	for name, o := range map[string]*memstore.Options{"": nil, "full": {MaxSessions: 4}} {
		t.Run("a store that is "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New[cart](o)
				told := map[session.ID]session.Reason{}
				store.OnReaped(func(e session.Event) {
					if told[e.ID] != "" || e.Kind != session.EventExpired || e.Owner != "" {
						t.Errorf("told %+v", e)
					}
					if _, err := store.Load(t.Context(), e.ID); err == nil { // with no lock held
						t.Error("the session lives")
					}
					told[e.ID] = e.Reason
				})
				idle := begin(t, store, nil, "").ID()
				late := begin(t, store, &session.Policy{IdleTimeout: -1, Lifetime: 2 * time.Hour}, "").ID()
				ended := begin(t, store, &session.Policy{KeepEnded: time.Minute}, "") // leaves a note, which is no session
				end(t, ended)
				begin(t, store, &session.Policy{Lifetime: 100 * time.Hour, IdleTimeout: -1}, "")
				time.Sleep(3 * time.Hour)
				for range 5000 { // in all shards
					end(t, begin(t, store, nil, ""))
				}
				if want := map[session.ID]session.Reason{idle: session.ReasonIdle, late: session.ReasonDeadline}; !maps.Equal(told, want) {
					t.Errorf("told %v, want %v", told, want)
				}
			})
		})
	}
}

// A manager's observer hears of sessions that have timed out, with their owner.
func TestManagersObserveTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New[cart](&memstore.Options{MaxSessions: 10}) // one shard
		var told []session.Event
		if _, err := middleware.New(store, &middleware.Options{Observe: func(_ context.Context, e session.Event) { told = append(told, e) }}); err != nil {
			t.Fatal(err)
		}
		begin(t, store, nil, "ada")
		time.Sleep(time.Hour)
		begin(t, store, nil, "bob")
		if len(told) != 1 || told[0].Kind != session.EventExpired || told[0].Reason != session.ReasonIdle {
			t.Errorf("told %+v", told)
		}
	})
}
