package sqlserver

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Server is a database server that runs until the tests end.
type Server struct {
	Addr string // host and port
	dir  string
	kind kind
	cmd  *exec.Cmd
}

// A kind is a kind of server. They do not wait for the disk: data that they acknowledge
// outlives the end of the server, though not that of the machine.
type kind struct {
	install func(dir string) []string // command that makes the data directory
	serve   func(dir, port string) []string
}

var postgres = kind{
	install: func(dir string) []string {
		return []string{"initdb", "-D", dir + "/data", "-U", "sessions", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"}
	},
	serve: func(dir, port string) []string {
		return []string{"postgres", "-D", dir + "/data", "-h", "127.0.0.1", "-p", port, "-k", dir, "-F", "-c", "max_connections=300"}
	},
}

var mariadb = kind{
	install: func(dir string) []string {
		return []string{"mariadb-install-db", "--no-defaults", "--datadir=" + dir + "/data", "--auth-root-authentication-method=normal", "--skip-test-db"}
	},
	serve: func(dir, port string) []string {
		return []string{"mariadbd", "--no-defaults", "--datadir=" + dir + "/data", "--bind-address=127.0.0.1", "--port=" + port,
			"--socket=" + dir + "/socket", "--pid-file=" + dir + "/pid", "--max-connections=300",
			"--innodb-flush-log-at-trx-commit=2"}
	},
}

// mysqlVariable names MySQL's server, mysqld. Debian's stable releases have none, so
// that its tests are skipped without the variable: .ci/mysql fetches it.
const mysqlVariable = "SESSIONS_MYSQLD"

var mysql = kind{
	install: func(dir string) []string {
		return []string{mysqlVariable, "--no-defaults", "--initialize-insecure", "--datadir=" + dir + "/data"}
	},
	serve: func(dir, port string) []string {
		return []string{mysqlVariable, "--no-defaults", "--datadir=" + dir + "/data", "--bind-address=127.0.0.1", "--port=" + port,
			"--socket=" + dir + "/socket", "--pid-file=" + dir + "/pid", "--max-connections=300", "--mysqlx=OFF", "--secure-file-priv=",
			"--skip-log-bin", "--innodb-flush-log-at-trx-commit=2"}
	},
}

var running struct {
	sync.Mutex
	shared map[string]*sharedServer
	all    []*Server
}

// Main runs the tests and ends all servers.
func Main(m *testing.M) int {
	defer func() {
		running.Lock()
		defer running.Unlock()
		for _, s := range running.all {
			s.Kill()
			os.RemoveAll(s.dir)
		}
		for _, dir := range installed {
			os.RemoveAll(dir)
		}
	}()
	flag.Parse()
	if n := flag.Lookup("test.parallel"); n.Value.String() == n.DefValue { // most of the time, tests wait
		n.Value.Set("8")
	}
	return m.Run()
}

// PostgreSQL starts a server of its own.
func PostgreSQL(t testing.TB) *Server { return start(t, postgres) }

// MariaDB starts a server of its own.
func MariaDB(t testing.TB) *Server { return start(t, mariadb) }

// MySQL starts a server of its own.
func MySQL(t testing.TB) *Server { return start(t, mysql) }

// shared returns the server that all tests share.
func shared(t testing.TB, name string, k kind) *Server {
	t.Helper()
	running.Lock()
	if running.shared == nil {
		running.shared = map[string]*sharedServer{}
	}
	s := running.shared[name]
	if s == nil {
		s = new(sharedServer)
		running.shared[name] = s
	}
	running.Unlock()
	s.Lock()
	defer s.Unlock()
	if s.server == nil {
		s.server = start(t, k)
	}
	return s.server
}

// A sharedServer is started by the first test that needs it. The others wait.
type sharedServer struct {
	sync.Mutex
	server *Server
}

func start(t testing.TB, k kind) *Server {
	t.Helper()
	program(t, k.serve("", "")[0]) // or skip the test
	dir, err := os.MkdirTemp("", "sqlserver")
	must(t, err)
	s := &Server{Addr: "127.0.0.1:" + freePort(t), dir: dir, kind: k}
	running.Lock()
	running.all = append(running.all, s)
	running.Unlock()
	if os.Getuid() == 0 {
		must(t, exec.Command("chown", "nobody", dir).Run())
	}
	k.prepare(t, dir)
	s.Start(t)
	return s
}

// installed are copies of data directories that were made, by the programs that made them.
var installed = map[string]string{}

// prepare makes the data directory, or copies another server's: that is faster.
func (k kind) prepare(t testing.TB, dir string) {
	t.Helper()
	running.Lock()
	defer running.Unlock()
	made := k.install(dir)
	if original := installed[made[0]]; original != "" {
		if out, err := exec.Command("cp", "-a", original+"/data", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if out, err := command(t, made).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(dir + "/data"); err != nil { // a pooler has none
		return
	}
	original, err := os.MkdirTemp("", "sqlserver")
	must(t, err)
	if out, err := exec.Command("cp", "-a", dir+"/data", original).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	installed[k.install(dir)[0]] = original
}

// Start starts the server again after [Server.Kill], with the same data.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.Addr)
	must(t, err)
	os.Remove(s.dir + "/data/postmaster.pid") // of the one that was killed
	s.cmd = command(t, s.kind.serve(s.dir, port))
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(t, s.cmd.Start())
}

// Kill ends the server's processes at once, as kill -9 does.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.Signal(syscall.SIGSTOP) // or a process could start another meanwhile
	all := s.processes()
	for _, pid := range all {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	s.cmd.Wait()
	for _, pid := range all {
		for syscall.Kill(pid, 0) == nil && !zombie(pid) {
			time.Sleep(time.Millisecond)
		}
	}
	s.cmd = nil
}

// Signal sends a signal to the server's processes. If it stops them, Signal returns when
// none of their threads runs any more.
func (s *Server) Signal(sig syscall.Signal) error {
	var errs []error
	all := s.processes()
	for _, pid := range all {
		errs = append(errs, syscall.Kill(pid, sig))
	}
	for _, pid := range all {
		for sig == syscall.SIGSTOP && !stopped(pid) {
			time.Sleep(time.Millisecond)
		}
	}
	return errors.Join(errs...)
}

// stopped reports whether all threads of a process are stopped or have ended.
func stopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	return !slices.ContainsFunc(threads, func(path string) bool {
		text, _ := os.ReadFile(path)
		_, after, _ := strings.Cut(string(text), ") ")
		return after != "" && !strings.ContainsAny(after[:1], "TtZX")
	})
}

// processes returns the server's process and its children. PostgreSQL's are in
// process groups of their own.
func (s *Server) processes() []int {
	all := []int{s.cmd.Process.Pid}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if _, parent := status(pid); parent == s.cmd.Process.Pid {
			all = append(all, pid)
		}
	}
	return all
}

func zombie(pid int) bool {
	state, _ := status(pid)
	return state == "Z" || state == ""
}

// status returns the state of a process and its parent, from Linux's /proc.
func status(pid int) (state string, parent int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fmt.Sscan(after, &state, &parent)
	return state, parent
}

// command returns a command that does not run as root: servers refuse to.
func command(t testing.TB, args []string) *exec.Cmd {
	t.Helper()
	args[0] = program(t, args[0])
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid", "nobody", "--clear-groups"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	return cmd
}

// program finds a server's program. Without it, the test is skipped; with
// SESSIONS_REQUIRE_SQL=1 it fails.
func program(t testing.TB, name string) string {
	t.Helper()
	if name == mysqlVariable {
		if path := os.Getenv(name); path != "" {
			return path
		}
		t.Skipf("%s does not name a MySQL server", name)
	}
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

func freePort(t testing.TB) string {
	t.Helper()
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

// PgBouncer starts a pooler in front of the shared PostgreSQL server. It gives each
// transaction one of two connections. PgBouncer returns the data source name of an empty
// database behind it.
func PgBouncer(t testing.TB) (source string) {
	t.Helper()
	program(t, "pgbouncer") // or skip the test
	behind := onPostgres(t)
	_, database, _ := strings.Cut(strings.TrimSuffix(behind, "?sslmode=disable"), "@")
	addr, name, _ := strings.Cut(database, "/")
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	s := start(t, kind{
		install: func(dir string) []string {
			return []string{"sh", "-c", fmt.Sprintf(`printf '%%s\n' '[databases]' '%s = host=%s port=%s user=sessions' '[pgbouncer]' 'listen_addr = 127.0.0.1' `+
				`'auth_type = any' 'pool_mode = transaction' 'default_pool_size = 2' 'unix_socket_dir =' 'ignore_startup_parameters = extra_float_digits' > %s/ini`, name, host, port, dir)}
		},
		serve: func(dir, port string) []string {
			return []string{"sh", "-c", fmt.Sprintf("echo listen_port = %s >> %s/ini; exec %s -q %s/ini", port, dir, program(t, "pgbouncer"), dir)}
		},
	})
	return strings.Replace(behind, addr, s.Addr, 1)
}
