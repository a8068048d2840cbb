package sqlserver

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
	_ "github.com/mattn/go-sqlite3"
	_ "modernc.org/sqlite"
)

// A Database is a kind of database, with a driver.
type Database struct {
	Name   string
	Driver string // of database/sql
	source func(t testing.TB) string
}

// Databases are all kinds.
var Databases = []Database{
	{"SQLite by modernc", "sqlite", func(t testing.TB) string {
		return "file:" + file(t) + "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(60000)"
	}},
	{"SQLite by mattn", "sqlite3", func(t testing.TB) string {
		return "file:" + file(t) + "?_journal_mode=WAL&_busy_timeout=60000"
	}},
	{"PostgreSQL by pgx", "pgx", onPostgres},
	{"PostgreSQL by lib_pq", "postgres", onPostgres},
	{"MariaDB", "mysql", func(t testing.TB) string { return onMySQL(t, "mariadb", mariadb) }},
	{"MariaDB with clientFoundRows", "mysql", func(t testing.TB) string { return onMySQL(t, "mariadb", mariadb) + "?clientFoundRows=true" }},
	{"MySQL", "mysql", func(t testing.TB) string { return onMySQL(t, "mysql", mysql) }},
}

// Find returns the kind of this name.
func Find(name string) *Database {
	for i := range Databases {
		if Databases[i].Name == name {
			return &Databases[i]
		}
	}
	panic("sqlserver: there is no " + name)
}

// OnAll runs a test on an empty database of each kind, on all of them at once.
func OnAll(t *testing.T, test func(t *testing.T, db *sql.DB)) {
	t.Helper()
	for _, d := range Databases {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			test(t, d.Open(t))
		})
	}
}

// Open opens an empty database, which goes with the test.
func (d *Database) Open(t testing.TB) *sql.DB {
	t.Helper()
	return Connect(t, d.Driver, d.source(t))
}

// Source returns the data source name of an empty database.
func (d *Database) Source(t testing.TB) string { return d.source(t) }

// Connect opens a database and waits until it answers.
func Connect(t testing.TB, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	must(t, err)
	return Await(t, db)
}

// Await waits until a database answers. It closes with the test.
func Await(t testing.TB, db *sql.DB) *sql.DB {
	t.Helper()
	t.Cleanup(func() { db.Close() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := db.Ping()
		if err == nil {
			return db
		}
		if strings.Contains(err.Error(), "requires cgo") {
			t.Skip(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the database does not answer: %v", err)
		}
	}
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") }

var databases atomic.Int64

// newDatabase creates a database on a server and returns its name.
func newDatabase(t testing.TB, driver, source string) string {
	t.Helper()
	name := fmt.Sprintf("test%d", databases.Add(1))
	db := Connect(t, driver, source)
	defer db.Close()
	_, err := db.Exec("CREATE DATABASE " + name)
	must(t, err)
	return name
}

func onPostgres(t testing.TB) string {
	s := shared(t, "postgres", postgres)
	return s.PostgreSQL(newDatabase(t, "pgx", s.PostgreSQL("postgres")))
}

// PostgreSQL returns the data source name of a database on the server.
func (s *Server) PostgreSQL(database string) string {
	return fmt.Sprintf("postgres://sessions@%s/%s?sslmode=disable", s.Addr, database)
}

func onMySQL(t testing.TB, name string, k kind) string {
	s := shared(t, name, k)
	return s.MySQL(newDatabase(t, "mysql", s.MySQL("mysql")))
}

// MySQL returns the data source name of a database on the server, which is MySQL or
// MariaDB.
func (s *Server) MySQL(database string) string {
	return fmt.Sprintf("root@tcp(%s)/%s", s.Addr, database)
}
