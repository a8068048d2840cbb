package sqlserver_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// The table of another library may have the same name. Then the program must not start
// as if all was well.
func TestAnotherTableOfThatName(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		_, err := db.Exec("CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data VARCHAR(1000) NOT NULL)")
		must(t, err)
		for _, test := range []struct {
			name, table string
			fails       bool
		}{
			{"the same name", "", true},
			{"another name", "account_sessions", false},
			{"another name, at the next start", "account_sessions", false},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{Table: test.table, CreateTable: true})
				if test.fails && (err == nil || errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "creating the table sessions")) {
					t.Errorf("got %v, want an error about the table", err)
				}
				if !test.fails && err != nil {
					t.Error(err)
				}
			})
		}
	})
}
