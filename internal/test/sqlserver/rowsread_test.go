package sqlserver_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// rowsRead returns a query that tells how many rows a connection has read so far.
// SQLite does not tell.
func rowsRead(d sqlserver.Database) string {
	const session = ".session_status WHERE variable_name LIKE 'HANDLER_READ_%'"
	switch {
	case strings.HasPrefix(d.Name, "PostgreSQL"):
		return "SELECT SUM(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables"
	case d.Name == "MySQL":
		return "SELECT SUM(variable_value) FROM performance_schema" + session
	case d.Driver == "mysql":
		return "SELECT SUM(variable_value) FROM information_schema" + session
	}
	return ""
}

// reading returns how many rows a database reads while do runs in a transaction.
func reading(t *testing.T, db *sql.DB, query string, do func(ctx context.Context)) int {
	t.Helper()
	tx, err := db.Begin()
	must(t, err)
	defer tx.Rollback()
	if strings.Contains(query, "pg_stat") { // PostgreSQL would rather read all of a table as small as a test's
		_, err := tx.Exec("SET LOCAL enable_seqscan = off")
		must(t, err)
	}
	count := func() (n int) {
		must(t, tx.QueryRow(query).Scan(&n))
		return n
	}
	count() // the first time may read more
	counting := -count()
	before := count()
	counting += before // the question reads rows too
	do(sqlstore.Join(tx).Context(t.Context()))
	return count() - before - counting
}

// Among many sessions, those that have ended are found by an index, and so are those
// of one owner.
func TestRowsRead(t *testing.T) {
	const live, some = 1000, 5
	for _, d := range sqlserver.Databases {
		query := rowsRead(d)
		if query == "" {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			s := newStore(t, db, "sessions")
			for range live {
				created(t, s, cart{Customer: "ada"})
				created(t, s, cart{Items: []string{"of a guest"}})
			}
			for range some {
				created(t, s, cart{Customer: "bob"})
			}
			few := func(name string, n int) {
				t.Helper()
				if n < some || n > 10*some {
					t.Errorf("%s read %d rows", name, n)
				}
			}
			var found []session.Revision
			few("ByOwner", reading(t, db, query, func(ctx context.Context) {
				for rec, err := range s.ByOwner(ctx, "bob") {
					must(t, err)
					found = append(found, rec.Revision)
				}
			}))
			for _, rev := range found {
				_, err := db.Exec(fmt.Sprint("UPDATE sessions SET ends = 1 WHERE revision = ", int64(rev)))
				must(t, err)
			}
			few("Prune", reading(t, db, query, func(ctx context.Context) {
				if deleted, err := s.Prune(ctx); deleted != some || err != nil {
					t.Errorf("deleted %d, %v", deleted, err)
				}
			}))
		})
	}
}
