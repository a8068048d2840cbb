package sqlserver_test

import (
	"database/sql"
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
			rec := session.Record[cart]{ID: session.NewID(), Expires: time.Now().Add(time.Millisecond)}
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
