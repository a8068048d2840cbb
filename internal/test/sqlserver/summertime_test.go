package sqlserver_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// When summer time ends, an hour of the server's local time comes twice. Sessions end
// at their time all the same.
func TestSummerTimeEnds(t *testing.T) {
	t.Setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
	// Both are half past two on the server's clock.
	before := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	after := before.Add(time.Hour)
	for name, kind := range servers {
		if kind.driver != "mysql" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			server := kind.start(t)
			db := sqlserver.Connect(t, kind.driver, kind.source(server))
			s := newStore(t, db, "sessions")
			id := created(t, s, cart{Customer: "ada"}).ID()
			if there, err := s.Exists(t.Context(), id); err != nil || !there {
				t.Errorf("the session has ended at once, %v", err)
			}
			aClockIsSetBack(t, db, s, id)
			_, err := db.Exec("UPDATE sessions SET ends = ?", before.Add(40*time.Minute).UnixMilli())
			must(t, err)
			tx, err := db.Begin()
			must(t, err)
			defer tx.Rollback()
			ctx := sqlstore.Join(tx).Context(t.Context())
			for _, now := range []time.Time{before, after} {
				// The statement seems to have taken up to a quarter of an hour, or less than nothing.
				_, err := tx.Exec("SET timestamp = ?", now.Unix())
				must(t, err)
				ended := now == after
				if there, err := s.Exists(ctx, id); err != nil || there == ended {
					t.Errorf("%v: %v, %v", now, there, err)
				}
				if n, err := s.Prune(ctx); err != nil || (n == 1) != ended {
					t.Errorf("%v: %d rows pruned, %v", now, n, err)
				}
			}
		})
	}
}

// aClockIsSetBack sets the server's clock back while a statement is under way. A
// session that ends in twenty minutes has not ended.
func aClockIsSetBack(t *testing.T, db *sql.DB, s *sqlstore.Store[cart], id session.ID) {
	t.Helper()
	_, err := db.Exec("UPDATE sessions SET ends = ?", time.Now().Add(20*time.Minute).UnixMilli())
	must(t, err)
	tx, err := db.Begin()
	must(t, err)
	defer tx.Rollback()
	_, err = tx.Exec("SET timestamp = UNIX_TIMESTAMP(SYSDATE(6)) + 60")
	must(t, err)
	if there, err := s.Exists(sqlstore.Join(tx).Context(t.Context()), id); err != nil || !there {
		t.Errorf("after the clock was set back: %v, %v", there, err)
	}
}
