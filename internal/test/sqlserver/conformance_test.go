package sqlserver_test

import (
	"database/sql"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

func TestConformance(t *testing.T) {
	for _, d := range sqlserver.Databases {
		t.Run(d.Name, func(t *testing.T) {
			db := openLosing(t, d)
			s, err := sqlstore.New(db, dialects[d.Driver], codec.MessagePack[storetest.Profile](), &sqlstore.Options{CreateTable: true})
			must(t, err)
			corrupt := func(t *testing.T, _ session.Store[storetest.Profile], id session.ID) {
				damage(t, db, dialects[d.Driver], id)
			}
			storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] { return s }, &storetest.Options{
				Indexer: true, Lister: true, Poller: true, MaxRecord: sqlstore.DefaultMaxRecordBytes,
				Corrupt: corrupt, Lose: theCable.lose,
			})
		})
	}
}

// damage replaces the record of a session by bytes that are none.
func damage(t *testing.T, db *sql.DB, d sqlstore.Dialect, id session.ID) {
	t.Helper()
	statement := "UPDATE sessions SET record = ? WHERE id = ?"
	if d == sqlstore.PostgreSQL {
		statement = "UPDATE sessions SET record = $1 WHERE id = $2"
	}
	_, err := db.ExecContext(t.Context(), statement, []byte("damage"), id[:])
	must(t, err)
}
