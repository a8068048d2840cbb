package linear

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

func TestMain(m *testing.M) { os.Exit(sqlserver.Main(m)) }

func TestSQL(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxIdleConns(maxClients)
		found := answers{}
		for i, seed := range seeds(t, 60) {
			store, err := sqlstore.New(db, "", codec.MessagePack[Log](), &sqlstore.Options{Table: fmt.Sprint("linear", i), CreateTable: true})
			if err != nil {
				t.Fatal(err)
			}
			history := play(t, seed, store, conditions{policies: policies, pace: randomly})
			check(t, seed, history)
			found.count(history)
		}
		t.Logf("answers: %v", found)
	})
}
