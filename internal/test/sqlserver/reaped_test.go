package sqlserver_test

import (
	"context"
	"database/sql"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// Prune tells a manager's observer of each session that has timed out, once: of its owner
// too, and whether it idled out or came to its deadline. Notes are no sessions. Of rows
// that go in the application's transaction it tells nothing.
func TestPruneTellsOfTimeouts(t *testing.T) {
	type told struct {
		owner  string
		reason session.Reason
	}
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		got := map[session.ID]told{}
		_, err := middleware.New(s, &middleware.Options{Observe: func(_ context.Context, e session.Event) {
			if _, again := got[e.ID]; again || e.Kind != session.EventExpired {
				t.Errorf("told %+v", e)
			}
			got[e.ID] = told{e.Owner, e.Reason}
		}})
		must(t, err)

		want := map[session.ID]told{}
		begin := func(owner string, p *session.Policy, reason session.Reason) *session.Session[cart] {
			v := session.New[cart](s, p)
			v.LogIn(func(c *cart) { *c = cart{Customer: owner, Items: []string{strings.Repeat("tea", 2000)}} })
			must(t, v.Commit(t.Context()))
			want[v.ID()] = told{owner, reason}
			return v
		}
		begin("ada", &session.Policy{IdleTimeout: time.Minute}, session.ReasonIdle)
		begin("bob", &session.Policy{IdleTimeout: time.Hour, Lifetime: time.Minute}, session.ReasonDeadline)
		begin(strings.Repeat("o", 1500), &session.Policy{IdleTimeout: -1, Lifetime: time.Minute}, session.ReasonDeadline)
		for range 100 { // more than go at once
			begin("", &session.Policy{IdleTimeout: time.Minute}, session.ReasonIdle)
		}
		touched := begin("eve", &session.Policy{IdleTimeout: time.Minute, Lifetime: time.Hour}, session.ReasonDeadline)
		rec, err := s.Load(t.Context(), touched.ID())
		must(t, err)
		must(t, s.Touch(t.Context(), rec.ID, rec.Revision, rec.Deadline)) // the record itself keeps the old end
		gone := begin("cleo", &session.Policy{KeepEnded: time.Minute}, "")
		delete(want, gone.ID())
		gone.Destroy()
		must(t, gone.Commit(t.Context()))
		within := begin("dan", &session.Policy{IdleTimeout: time.Hour}, "")
		delete(want, within.ID())

		end(t, db, "sessions", "id = "+hexOf(db, within.ID()))
		must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
			_, err := s.Prune(ctx)
			return err
		}))
		if len(got) > 0 {
			t.Errorf("told of %v in a transaction", got)
		}
		for range 2 {
			end(t, db, "sessions", "1 = 1")
			_, err = s.Prune(t.Context())
			must(t, err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("told of %d, want %d", len(got), len(want))
		}
		for id := range want {
			if got[id] != want[id] {
				t.Fatalf("told %+v of %v, want %+v", got[id], id, want[id])
			}
		}
	})
}
