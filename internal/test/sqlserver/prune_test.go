package sqlserver_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

func rowsOf(t *testing.T, db *sql.DB, table string) (n int) {
	t.Helper()
	must(t, db.QueryRow("SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}

// Transactions leave nothing behind but the sessions.
func TestTransactionsLeaveNoRows(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		visitors, transactions := 20, 10
		if os.Getenv("SESSIONS_LONG") == "1" {
			visitors, transactions = 60, 40
		}
		for range visitors {
			visit := session.New(session.Store[cart](s), nil)
			for i := range transactions {
				must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
					visit.Set(cart{Items: []string{fmt.Sprint(i)}})
					return visit.Commit(ctx)
				}))
			}
		}
		if n := rowsOf(t, db, "sessions"); n != visitors {
			t.Errorf("%d rows, want %d", n, visitors)
		}
	})
}

// Sessions that are created in transactions only do not pile up after their end.
func TestRowsCreatedInTransactionsGo(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		kept := loaded(t, s, created(t, s, cart{Items: []string{"kept"}}))
		for range 200 {
			must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
				visit := session.New(session.Store[cart](s), nil)
				visit.Set(cart{Items: []string{"tea"}})
				return visit.Commit(ctx)
			}))
			end(t, db, "sessions", "id <> "+hexOf(db, kept.ID()))
			kept.Update(func(c *cart) { c.Items = append(c.Items, "more") })
			must(t, kept.Commit(t.Context()))
		}
		if n := rowsOf(t, db, "sessions"); n > 40 {
			t.Errorf("%d rows", n)
		}
	})
}

// end lets sessions end.
func end(t *testing.T, db *sql.DB, table, where string) {
	t.Helper()
	_, err := db.Exec("UPDATE " + table + " SET ends = 1 WHERE " + where)
	must(t, err)
}

// hexOf returns an ID as a literal of the database.
func hexOf(db *sql.DB, id session.ID) string {
	if driver := fmt.Sprintf("%T", db.Driver()); strings.Contains(driver, "stdlib") || strings.Contains(driver, "pq.") {
		return fmt.Sprintf(`'\x%x'`, id[:])
	}
	return fmt.Sprintf("x'%x'", id[:])
}

// Prune deletes what nobody has locked, and does not wait for the others. Nobody waits
// for it.
func TestPruneWaitsForNobody(t *testing.T) {
	for _, d := range sqlserver.Databases {
		if dialects[d.Driver] == sqlstore.SQLite { // has one lock only
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			s := newStore(t, db, "sessions")
			var ids []session.ID
			for range 200 {
				ids = append(ids, created(t, s, cart{Customer: "ada"}).ID())
			}
			end(t, db, "sessions", "1 = 1")
			tx, err := db.Begin()
			must(t, err)
			defer tx.Rollback()
			_, err = tx.Exec("UPDATE sessions SET deadline = deadline + 1 WHERE id = " + hexOf(db, ids[7]))
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if n, err := s.Prune(ctx); n != 199 || err != nil {
				t.Errorf("deleted %d, %v", n, err)
			}
			must(t, tx.Rollback())
			if n, err := s.Prune(ctx); n != 1 || err != nil {
				t.Errorf("deleted %d after the end of the transaction, %v", n, err)
			}
		})
	}
}

// Beside a snapshot that is older than all that Prune deletes, it reads each row once.
func TestPruneBesideAnOldSnapshot(t *testing.T) {
	const n = 3000
	for _, d := range sqlserver.Databases {
		if dialects[d.Driver] != sqlstore.PostgreSQL {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			s := newStore(t, db, "sessions")
			_, err := db.Exec(fmt.Sprintf("INSERT INTO sessions SELECT decode(md5(i::text), 'hex'), 1, NULL, i, i, i, '\\x00' FROM generate_series(1, %d) i", n))
			must(t, err)
			_, err = db.Exec("ANALYZE sessions") // as autovacuum does
			must(t, err)
			old, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
			must(t, err)
			defer old.Rollback()
			must(t, old.QueryRow("SELECT 1 FROM sessions LIMIT 1").Scan(new(int)))
			read := reading(t, db, rowsRead(d), func(ctx context.Context) {
				if deleted, err := s.Prune(ctx); deleted != n || err != nil {
					t.Errorf("deleted %d, %v", deleted, err)
				}
			})
			if read > 5*n {
				t.Errorf("it read %d rows to delete %d", read, n)
			}
		})
	}
}

// With PruneEvery, ended rows go without any call, until the store is closed.
func TestPruneEvery(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, err := sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{CreateTable: true, PruneEvery: 20 * time.Millisecond})
		must(t, err)
		defer s.Close()
		for range 100 {
			created(t, s, cart{})
			created(t, s, cart{Items: []string{"tea"}})
		}
		end(t, db, "sessions", "1 = 1")
		for deadline := time.Now().Add(time.Minute); rowsOf(t, db, "sessions") > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the rows stay")
			}
		}
		must(t, s.Close())
		must(t, db.Ping()) // it is the caller's
	})
}
