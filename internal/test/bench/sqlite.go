package bench

import (
	"database/sql"
	"errors"
	"os"

	"github.com/alexedwards/scs/sqlite3store"
	_ "modernc.org/sqlite"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

var (
	sessionsSQLite = Subject{Library: "sessions", Store: "SQLite", SQL: true, Open: func(string) (App, error) { return onSQLite(sessionsOnSQL) }}
	scsSQLite      = Subject{Library: "scs", Store: "SQLite", SQL: true, Open: func(string) (App, error) {
		return onSQLite(func(db *sql.DB) (App, error) {
			if _, err := db.Exec(scsSQLiteTable); err != nil {
				return nil, err
			}
			return SCSOn(sqlite3store.NewWithCleanupInterval(db, 0), nil), nil
		})
	}}
)

// scsSQLiteTable is the definition in the documentation of scs.
const scsSQLiteTable = `CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL);
	CREATE INDEX IF NOT EXISTS sessions_expiry_idx ON sessions (expiry)`

// sqliteSettings are the settings that SQLite recommends for a server: readers do not
// wait for the writer, and the disk is waited for when the log goes into the file only.
const sqliteSettings = "?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=busy_timeout(5000)"

// A fileApp is an application with a database in a file of its own.
type fileApp struct {
	App
	db  *sql.DB
	dir string
}

// onSQLite returns the application that use makes of a new file.
func onSQLite(use func(*sql.DB) (App, error)) (App, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	a := fileApp{dir: dir}
	if a.db, err = sql.Open("sqlite", "file:"+dir+"/sessions.db"+sqliteSettings); err == nil {
		pool(a.db)
		a.App, err = use(a.db)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return a, nil
}

// Bytes returns how long the file is.
func (a fileApp) Bytes() (n int64, err error) {
	err = a.db.QueryRow("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&n)
	return n, err
}

func (a fileApp) Close() error {
	return errors.Join(a.App.Close(), a.db.Close(), os.RemoveAll(a.dir))
}

// sessionsOnSQL returns an application of this library on a database.
func sessionsOnSQL(db *sql.DB) (App, error) {
	store, err := sqlstore.New(db, "", codec.MessagePack[Cart](), &sqlstore.Options{CreateTable: true})
	if err != nil {
		return nil, err
	}
	return SessionsOn(store, nil)
}

// connections is how many connections each application has, all of which may be idle.
const connections = 16

// pool gives all databases as many connections.
func pool(db *sql.DB) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
}
