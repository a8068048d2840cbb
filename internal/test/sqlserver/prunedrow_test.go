package sqlserver_test

import (
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A row that has ended may be pruned while a session of its ID is created anew.
func TestCreationBesidePrune(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, err := sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{CreateTable: true})
		must(t, err)
		for range 50 {
			rec := session.Record[cart]{ID: session.NewToken().ID(), Expires: time.Now().Add(time.Millisecond)}
			if err := s.Save(t.Context(), &rec); err != nil {
				continue // it had ended before it was stored
			}
			time.Sleep(2 * time.Millisecond)
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := s.Prune(t.Context()); err != nil {
					t.Error(err)
				}
			})
			rec.Revision, rec.Expires = 0, time.Now().Add(time.Hour)
			must(t, s.Save(t.Context(), &rec))
			wg.Wait()
		}
	})
}

// Prune reads the rows that have ended, and not the many that live.
func TestPruneReadsEndedRowsOnly(t *testing.T) {
	const (
		postgres = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'ended'"
		mysql    = ".session_status WHERE variable_name LIKE 'HANDLER_READ_%'"
	)
	for _, d := range sqlserver.Databases {
		query := postgres // how many rows the connection has read so far
		switch {
		case strings.HasPrefix(d.Name, "SQLite"):
			continue // it does not tell
		case d.Name == "MySQL":
			query = "SELECT SUM(variable_value) FROM performance_schema" + mysql
		case d.Driver == "mysql":
			query = "SELECT SUM(variable_value) FROM information_schema" + mysql
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			s := newStore(t, db, "ended")
			const live, ended = 1000, 5
			for range live {
				created(t, s, cart{Items: []string{"kept"}})
			}
			for range ended {
				created(t, s, cart{Items: []string{"old"}})
			}
			_, err := db.Exec("UPDATE ended SET ends = 1 WHERE record IN (SELECT record FROM (SELECT record FROM ended LIMIT 5) AS a_few)")
			must(t, err)
			tx, err := db.Begin()
			must(t, err)
			defer tx.Rollback()
			if query == postgres { // a table as small as this one would be read whole
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
			deleted, err := s.Prune(sqlstore.InTx(t.Context(), tx))
			if n := count() - before - counting; deleted != ended || err != nil || n < ended || n > 20*ended {
				t.Errorf("deleted %d by reading %d rows of %d, %v", deleted, n, live+ended, err)
			}
		})
	}
}
