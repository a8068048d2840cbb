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
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, err := sqlstore.New(db, "", codec.MessagePack[storetest.Profile](), &sqlstore.Options{CreateTable: true})
		must(t, err)
		storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] { return s },
			&storetest.Options{Indexer: true, Lister: true, Poller: true, MaxRecord: sqlstore.DefaultMaxRecordBytes})
	})
}
