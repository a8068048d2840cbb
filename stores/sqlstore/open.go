package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/codec"
)

// maxConns bounds the connections of a store that [Open] opens. Idle ones stay for a
// while, all of them: else a busy program closes and opens some all the time.
const maxConns = 32

// A scheme is one that [Open] knows.
type scheme struct {
	dialect Dialect
	imports string                                                      // a package with a driver
	source  map[string]func(address string, u *url.URL) (string, error) // data source names, by the driver's name
	drivers []string                                                    // in the order of preference
}

var (
	postgresScheme = scheme{PostgreSQL, "github.com/jackc/pgx/v5/stdlib",
		map[string]func(string, *url.URL) (string, error){"pgx": asItIs, "postgres": asItIs}, []string{"pgx", "postgres"}}
	schemes = map[string]scheme{
		"postgres":   postgresScheme,
		"postgresql": postgresScheme,
		"mysql": {MySQL, "github.com/go-sql-driver/mysql",
			map[string]func(string, *url.URL) (string, error){"mysql": mysqlSource}, []string{"mysql"}},
		"sqlite": {SQLite, "modernc.org/sqlite", map[string]func(string, *url.URL) (string, error){
			"sqlite":  sqliteSource("_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)"),
			"sqlite3": sqliteSource("_journal_mode=WAL&_busy_timeout=5000"),
		}, []string{"sqlite", "sqlite3"}},
	}
)

// Open opens the database at a URL, and a store in it whose Close closes the database:
//
//	postgres://user:password@host:5432/database
//	mysql://user:password@host:3306/database
//	sqlite:/var/lib/shop/sessions.db
//
// The program must import a driver: pgx's stdlib or lib/pq, go-sql-driver/mysql,
// modernc.org/sqlite or mattn/go-sqlite3. A URL's query goes to the driver. SQLite
// works in WAL mode and waits up to five seconds for a lock. MySQL's driver puts
// arguments into statements itself, so that each is one round trip. [Store.DB] has the
// pool.
//
// Open creates the table if it is absent. The error is [session.ErrUnavailable] if the
// database does not answer. Any other error is a mistake in the arguments. No error
// shows a password.
func Open[T any](ctx context.Context, url string, c codec.Codec[T], o *Options) (*Store[T], error) {
	driver, source, dialect, err := resolve(url)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, errors.New("sqlstore: the driver refuses the URL") // its error may show the password
	}
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s, err := newStore(db, dialect, c, o)
	if err == nil {
		err = s.createTable(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.owned = true
	s.begin()
	return s, nil
}

// resolve returns the driver and the data source name for a URL.
func resolve(text string) (driver, source string, d Dialect, err error) {
	name, address, _ := strings.Cut(text, ":")
	known, ok := schemes[strings.ToLower(name)]
	if !ok {
		return "", "", "", fmt.Errorf("sqlstore: unknown scheme; there are %s", strings.Join(slices.Sorted(maps.Keys(schemes)), ", "))
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", "", "", fmt.Errorf("sqlstore: the %s URL cannot be parsed", name) // the error shows the URL
	}
	registered := sql.Drivers()
	for _, driver := range known.drivers {
		if slices.Contains(registered, driver) {
			source, err := known.source[driver](address, u)
			return driver, source, known.dialect, err
		}
	}
	return "", "", "", fmt.Errorf("sqlstore: no driver for %s is in the program; import one: _ %q", name, known.imports)
}

func asItIs(_ string, u *url.URL) (string, error) { return u.String(), nil }

func mysqlSource(_ string, u *url.URL) (string, error) {
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	database := strings.TrimPrefix(u.Path, "/")
	if u.Hostname() == "" || database == "" {
		return "", errors.New("sqlstore: a mysql URL needs a host and a database: mysql://user@host/database")
	}
	password, _ := u.User.Password()
	source := fmt.Sprintf("%s:%s@tcp([%s]:%s)/%s?interpolateParams=true", u.User.Username(), password, u.Hostname(), port, database)
	if u.RawQuery != "" {
		source += "&" + u.RawQuery
	}
	return source, nil
}

func sqliteSource(settings string) func(string, *url.URL) (string, error) {
	return func(address string, u *url.URL) (string, error) {
		path, query, _ := strings.Cut(address, "?")
		path = strings.TrimPrefix(path, "//")
		if path == "" || strings.Contains(path, ":memory:") {
			return "", errors.New("sqlstore: a sqlite URL needs a file: sqlite:/path/to/file")
		}
		source := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings
		if query != "" {
			source += "&" + query
		}
		return source, nil
	}
}
