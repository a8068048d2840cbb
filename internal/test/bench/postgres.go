package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
)

var (
	sessionsPostgres = Subject{Library: "sessions", Store: "PostgreSQL", Needs: PostgreSQL, SQL: true, Open: func(addr string) (App, error) {
		return onPostgres(addr, sessionsOnSQL)
	}}
	scsPostgres = Subject{Library: "scs", Store: "PostgreSQL", Needs: PostgreSQL, SQL: true, Open: func(addr string) (App, error) {
		return onPostgres(addr, func(db *sql.DB) (App, error) {
			if _, err := db.Exec(scsPostgresTable); err != nil {
				return nil, err
			}
			return SCSOn(postgresstore.NewWithConfig(db, postgresstore.Config{TableName: "scs"}), nil), nil
		})
	}}
	scsPGX = Subject{Library: "scs", Store: "PostgreSQL by pgxpool", Needs: PostgreSQL, SQL: true, Open: scsOnPGX}
)

// scsOnPGX returns scs on pgx itself, without database/sql. Its table has a schema of its
// own, because its name cannot be chosen.
func scsOnPGX(addr string) (App, error) {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, postgresURL(addr)+fmt.Sprintf("&pool_max_conns=%d&search_path=pgxstore", connections))
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS pgxstore; "+strings.ReplaceAll(scsPostgresTable, " scs", " sessions"))
	if err != nil {
		pool.Close()
		return nil, err
	}
	return SCSOn(pgxstore.NewWithCleanupInterval(pool, 0), func() error { pool.Close(); return nil }), nil
}

// scsPostgresTable is the definition in the documentation of scs, except for its name.
const scsPostgresTable = `CREATE TABLE IF NOT EXISTS scs (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL);
	CREATE INDEX IF NOT EXISTS scs_expiry_idx ON scs (expiry)`

// A poolApp is an application with connections to a database.
type poolApp struct {
	App
	db *sql.DB
}

func onPostgres(addr string, use func(*sql.DB) (App, error)) (App, error) {
	db, err := openPostgres(addr)
	if err != nil {
		return nil, err
	}
	pool(db)
	app, err := use(db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return poolApp{app, db}, nil
}

func (a poolApp) Close() error { return errors.Join(a.App.Close(), a.db.Close()) }

func openPostgres(addr string) (*sql.DB, error) {
	return sql.Open("pgx", postgresURL(addr))
}

func postgresURL(addr string) string { return "postgres://bench@" + addr + "/postgres?sslmode=disable" }

// Fsync makes PostgreSQL wait for the disk at each commit.
var Fsync bool

// PostgreSQL is a server on a port of the loopback interface.
var PostgreSQL = &Service{"PostgreSQL", startPostgres, splitPostgres}

type postgresServer struct {
	addr, dir string
	cmd       *exec.Cmd
	db        *sql.DB
}

func startPostgres() (Server, error) {
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return nil, err
	}
	postgres, err := postgresProgram("postgres")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := exec.Command("chown", "nobody", dir).Run(); err != nil {
			return nil, err
		}
	}
	data := dir + "/data"
	install := unprivileged(initdb, "-D", data, "-U", "bench", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := install.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: initdb: %w\n%s", err, out), os.RemoveAll(dir))
	}
	_, port, _ := net.SplitHostPort(addr)
	s := &postgresServer{addr: addr, dir: dir}
	s.cmd = unprivileged(postgres, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", dir, "-c", fmt.Sprintf("fsync=%v", Fsync), "-c", "max_connections=300")
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: postgres: %w", err), os.RemoveAll(dir))
	}
	if s.db, err = openPostgres(addr); err == nil {
		err = awaitDatabase(s.db)
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// postgresProgram finds a program where Debian has it, which is not in the path.
func postgresProgram(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return exec.LookPath(name)
}

// unprivileged returns a command that does not run as root: the server refuses to.
func unprivileged(args ...string) *exec.Cmd {
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid", "nobody", "--clear-groups"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	return cmd
}

// awaitDatabase waits until a database answers.
func awaitDatabase(db *sql.DB) (err error) {
	for range 6000 {
		if err = db.Ping(); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func (s *postgresServer) Addr() string { return s.addr }

func (s *postgresServer) Version() string {
	var version string
	s.db.QueryRow("SHOW server_version").Scan(&version)
	if Fsync {
		return "PostgreSQL " + version + " with fsync"
	}
	return "PostgreSQL " + version + " without fsync"
}

func (s *postgresServer) Clear() error {
	_, err := s.db.Exec(`DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE 'TRUNCATE ' || name;
		END LOOP; END $$`)
	return err
}

// CPU counts the processes of connections too, also of ended ones. It is zero if the
// system has no /proc.
func (s *postgresServer) CPU() (sum time.Duration, err error) {
	main := strconv.Itoa(s.cmd.Process.Pid)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, _ := os.ReadFile(path) // it may have ended just now
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 15 {
			continue
		}
		dir := filepath.Dir(path)
		if filepath.Base(dir) == main {
			sum += ticks(fields[13]) + ticks(fields[14]) // of children that have ended
		}
		if filepath.Base(dir) == main || fields[1] == main {
			sum += running(dir)
		}
	}
	return sum, err
}

// running returns for how long a process has run. It is exact: the time of each of
// many connections is short, and ticks would round all of them down.
func running(proc string) time.Duration {
	text, _ := os.ReadFile(proc + "/schedstat")
	nanoseconds, _, _ := strings.Cut(string(text), " ")
	n, _ := strconv.ParseInt(nanoseconds, 10, 64)
	return time.Duration(n)
}

// ticks returns a time of Linux's /proc, where USER_HZ is 100.
func ticks(text string) time.Duration {
	n, _ := strconv.Atoi(text)
	return time.Duration(n) * 10 * time.Millisecond
}

// Bytes counts the tables with their indexes.
func (s *postgresServer) Bytes() (n int64, err error) {
	err = s.db.QueryRow("SELECT COALESCE(SUM(pg_total_relation_size(relid)), 0) FROM pg_stat_user_tables").Scan(&n)
	return n, err
}

func (s *postgresServer) Stop() error {
	if s.db != nil {
		s.db.Close()
	}
	return errors.Join(end(s.cmd, os.Interrupt), os.RemoveAll(s.dir))
}
