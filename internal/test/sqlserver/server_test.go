package sqlserver_test

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"
)

// A database is one that the tests run on.
type database struct {
	name, driver string
	open         func(t testing.TB) (dsn string) // starts a server or makes a file
}

var databases = []database{
	{"SQLite by modernc", "sqlite", sqliteFile},
	{"PostgreSQL by pgx", "pgx", postgres},
	{"PostgreSQL by lib/pq", "postgres", postgres},
	{"MariaDB", "mysql", func(t testing.TB) string { return mariadb(t, "") }},
	{"MariaDB with clientFoundRows", "mysql", func(t testing.TB) string { return mariadb(t, "?clientFoundRows=true") }},
}

// onAll runs a test on every database.
func onAll(t *testing.T, test func(t *testing.T, db *sql.DB)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) { test(t, connect(t, d)) })
	}
}

// connect opens a database and waits until it answers.
func connect(t testing.TB, d database) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.open(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return db
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", d.name, err)
		}
	}
}

func sqliteFile(t testing.TB) string {
	return "file:" + filepath.Join(t.TempDir(), "sessions.db") + "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)"
}

func postgres(t testing.TB) string {
	initdb, server := program(t, "initdb"), program(t, "postgres")
	dir, port := t.TempDir(), freePort(t)
	user := unprivileged(t, dir)
	run(t, user, initdb, "-D", dir+"/data", "-U", "sessions", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	serve(t, user, server, "-D", dir+"/data", "-h", "127.0.0.1", "-p", port, "-k", dir, "-F")
	return fmt.Sprintf("postgres://sessions@127.0.0.1:%s/postgres?sslmode=disable", port)
}

func mariadb(t testing.TB, options string) string {
	install, server := program(t, "mariadb-install-db"), program(t, "mariadbd")
	dir, port := t.TempDir(), freePort(t)
	user := unprivileged(t, dir)
	run(t, user, install, "--no-defaults", "--datadir="+dir+"/data", "--auth-root-authentication-method=normal", "--skip-test-db")
	serve(t, user, server, "--no-defaults", "--datadir="+dir+"/data", "--bind-address=127.0.0.1", "--port="+port,
		"--socket="+dir+"/socket", "--pid-file="+dir+"/pid", "--innodb-flush-log-at-trx-commit=0")
	return fmt.Sprintf("root@tcp(127.0.0.1:%s)/mysql%s", port, options)
}

// program finds a server's program. Without it, the test is skipped; with
// SESSIONS_REQUIRE_SQL=1 it fails.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	found = append(found, "/usr/sbin/"+name)
	i := slices.IndexFunc(found, func(path string) bool { _, err := os.Stat(path); return err == nil })
	switch {
	case i >= 0:
		return found[i]
	case os.Getenv("SESSIONS_REQUIRE_SQL") == "1":
		t.Fatalf("%s is not installed, and SESSIONS_REQUIRE_SQL is set", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// unprivileged returns a user to run servers as, which owns dir: they refuse to be
// root. It is empty if the test is not run by root.
func unprivileged(t testing.TB, dir string) string {
	if os.Getuid() != 0 {
		return ""
	}
	must(t, exec.Command("chown", "nobody", dir).Run())
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		must(t, os.Chmod(d, 0o755))
	}
	return "nobody"
}

func command(user, name string, args ...string) *exec.Cmd {
	if user == "" {
		return exec.Command(name, args...)
	}
	return exec.Command("setpriv", append([]string{"--reuid", user, "--clear-groups", name}, args...)...)
}

func run(t testing.TB, user, name string, args ...string) {
	t.Helper()
	cmd := command(user, name, args...)
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// serve runs a server until the test ends.
func serve(t testing.TB, user, name string, args ...string) {
	t.Helper()
	cmd := command(user, name, args...)
	cmd.Dir = "/"
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	return port
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
