package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// compared are the modules whose versions the table states.
var compared = []string{
	"github.com/alexedwards/scs/v2", "github.com/alexedwards/scs/goredisstore", "github.com/gorilla/sessions",
	"github.com/boj/redistore", "github.com/gofiber/fiber/v3", "github.com/redis/go-redis/v9",
	"github.com/alexedwards/scs/sqlite3store", "github.com/alexedwards/scs/postgresstore", "github.com/alexedwards/scs/pgxstore", "modernc.org/sqlite", "github.com/jackc/pgx/v5",
}

// machine tells where and when the figures were measured, and with which versions.
func machine(l *lab, runs string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "- "+format+"\n", args...) }
	line("%s, %s in %s, `%s`", l.began.UTC().Format("2 January 2006, 15:04 UTC"), runs,
		time.Since(l.began).Round(time.Second), strings.Join(append([]string{"go run ./cmd/table"}, os.Args[1:]...), " "))
	line("%s, %d cores, %s/%s, %s, %s", processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, kernel(), runtime.Version())
	versions := []string{"sessions " + revision()}
	if info, found := debug.ReadBuildInfo(); found {
		for _, m := range info.Deps {
			if slices.Contains(compared, m.Path) {
				versions = append(versions, m.Path+" "+m.Version)
			}
		}
	}
	for _, s := range l.servers {
		versions = append(versions, s.Version())
	}
	line("%s", strings.Join(versions, ", "))
	for _, name := range l.missing {
		line("not measured, since it is not installed: %s", name)
	}
	return b.String()
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "an unknown processor"
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "an unknown kernel"
	}
	return "kernel " + strings.TrimSpace(string(text))
}

// revision returns the commit that is measured.
func revision() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "of an unknown revision"
	}
	return strings.TrimSpace(string(out))
}
