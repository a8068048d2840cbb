package sqlserver_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// start is how a program begins that creates its table.
func start(db *sql.DB, table string) (*sqlstore.Store[cart], error) {
	return sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{Table: table, CreateTable: true})
}

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
				_, err := start(db, test.table)
				if test.fails && (err == nil || errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "the table sessions has no column id")) {
					t.Errorf("got %v, want an error about the table", err)
				}
				if !test.fails && err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// A table that is not as it must be is found at the start, and what is wrong is named.
// An index that a crash has left out is created.
func TestATableThatIsIncomplete(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		mysql := strings.Contains(fmt.Sprintf("%T", db.Driver()), "mysql")
		on := ""
		if mysql {
			on = " ON sessions"
		}
		newStore(t, db, "sessions")
		for _, test := range []struct {
			change, want string
			mended       bool // but on MySQL
		}{
			{"DROP INDEX sessions_ends" + on, "no index that begins with the column ends", true},
			{"DROP INDEX sessions_owner" + on, "no index that begins with the column owner", true},
			{"ALTER TABLE sessions RENAME COLUMN deadline TO a", "no column deadline", false},
			{"ALTER TABLE sessions RENAME COLUMN expires TO b", "no column deadline, expires", false},
		} {
			_, err := db.Exec(test.change)
			must(t, err)
			s, err := sqlstore.New(db, "", codec.MessagePack[cart](), nil)
			must(t, err)
			if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: Check returned %v", test.change, err)
			}
			_, err = start(db, "sessions")
			if mended := err == nil; mended != (test.mended && !mysql) {
				t.Errorf("%s: New returned %v", test.change, err)
			}
			if err != nil && test.mended {
				column := test.want[strings.LastIndex(test.want, " ")+1:]
				_, err := db.Exec("ALTER TABLE sessions ADD INDEX sessions_" + column + " (" + column + ")")
				must(t, err)
			}
		}
	})
}

// Copies of a program that start at once on an empty database all start.
func TestCopiesStartAtOnce(t *testing.T) {
	for _, d := range sqlserver.Databases {
		t.Run(d.Name, func(t *testing.T) {
			source := d.Source(t)
			for round := range 5 {
				var all sync.WaitGroup
				for range 8 {
					db := sqlserver.Connect(t, d.Driver, source)
					all.Go(func() {
						if _, err := start(db, fmt.Sprint("round", round)); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
			}
		})
	}
}

// The table may be in a schema of its own.
func TestATableInASchema(t *testing.T) {
	for _, d := range sqlserver.Databases {
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			create := "CREATE SCHEMA shop_" + strings.ToLower(strings.Map(func(r rune) rune {
				if r < 'A' || r == '_' {
					return -1
				}
				return r
			}, d.Name))
			schema := strings.TrimPrefix(create, "CREATE SCHEMA ")
			if dialects[d.Driver] == sqlstore.SQLite {
				db.SetMaxOpenConns(1)
				create = "ATTACH '" + t.TempDir() + "/shop.db' AS " + schema
			}
			_, err := db.Exec(create)
			must(t, err)
			if dialects[d.Driver] == sqlstore.MySQL {
				t.Cleanup(func() { db.Exec("DROP SCHEMA " + schema) })
			}
			table := schema + ".carts"
			for range 2 {
				s, err := start(db, table)
				must(t, err)
				must(t, s.Check(t.Context()))
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				visit.Update(func(c *cart) { c.Items = nil })
				must(t, visit.Commit(t.Context()))
				var n int
				must(t, db.QueryRow("SELECT COUNT(*) FROM "+table).Scan(&n))
				if n == 0 {
					t.Error("the table is empty")
				}
				for _, err := range s.ByOwner(t.Context(), "ada") {
					must(t, err)
				}
				_, err = s.Prune(t.Context())
				must(t, err)
			}
		})
	}
}

// Settings with which a write is none, or a read reads what is none, are refused.
func TestSettings(t *testing.T) {
	isolation := map[string]string{"MariaDB": "tx_isolation", "MySQL": "transaction_isolation"}
	for _, d := range sqlserver.Databases {
		if isolation[d.Name] == "" {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			source := d.Source(t)
			for setting, want := range map[string]string{
				"autocommit=0": "autocommit is off",
				isolation[d.Name] + "=%27READ-UNCOMMITTED%27": "read uncommitted",
				"sql_mode=%27%27": "",
			} {
				_, err := start(sqlserver.Connect(t, d.Driver, source+"?"+setting), "sessions")
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v", setting, err)
				}
			}
			for name, bytes := range map[string]int{"column": 1 << 24, "packet": 9 << 20} {
				_, err := sqlstore.New(sqlserver.Connect(t, d.Driver, source), "", codec.MessagePack[cart](), &sqlstore.Options{CreateTable: true, MaxRecordBytes: bytes})
				if want := d.Name == "MySQL" && name == "packet"; (err == nil) != want { // its packets are larger
					t.Errorf("records above the limit of the %s: got %v", name, err)
				}
			}
			engine := "myisam"
			_, err := sqlserver.Connect(t, d.Driver, source).Exec("CREATE TABLE other (id BINARY(16) PRIMARY KEY, revision BIGINT, owner BINARY(32)," +
				" ends BIGINT, deadline BIGINT, expires BIGINT, record MEDIUMBLOB, KEY (owner), KEY (ends)) ENGINE=" + engine)
			must(t, err)
			if _, err := start(sqlserver.Connect(t, d.Driver, source), "other"); err == nil || !strings.Contains(strings.ToLower(err.Error()), "engine "+engine) {
				t.Errorf("another engine: got %v", err)
			}
		})
	}
}

// In a database whose default is another engine, the table has InnoDB.
func TestTheEngineIsInnoDB(t *testing.T) {
	for _, d := range sqlserver.Databases {
		if dialects[d.Driver] != sqlstore.MySQL {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			source := strings.TrimSuffix(d.Source(t), "?clientFoundRows=true") + "?default_storage_engine=MyISAM"
			_, err := start(sqlserver.Connect(t, d.Driver, source), "sessions")
			must(t, err)
		})
	}
}
