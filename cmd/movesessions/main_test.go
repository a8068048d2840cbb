package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const program = `package main

import (
	"net/http"

	"github.com/alexedwards/scs/v2"
)

var sm = scs.New()

func main() {
	http.ListenAndServe(":8080", sm.LoadAndSave(http.HandlerFunc(count)))
}

func count(w http.ResponseWriter, r *http.Request) {
	sm.Put(r.Context(), "count", sm.GetInt(r.Context(), "count")+1)
}
`

// repository returns a git repository with a program that uses scs, and the
// command.
func repository(t *testing.T) (dir, tool string) {
	t.Helper()
	dir, tool = t.TempDir(), filepath.Join(t.TempDir(), "movesessions")
	run(t, ".", "go", "build", "-o", tool, ".")
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("../internal/move/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	write(t, filepath.Join(dir, "main.go"), program)
	run(t, dir, "git", "init", "-q")
	run(t, dir, "git", "add", ".")
	run(t, dir, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "before")
	return dir, tool
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestDryRunShowsTheChangesAndWritesNothing(t *testing.T) {
	dir, tool := repository(t)
	out := run(t, dir, tool, "-n")
	for _, want := range []string{
		"+	visit.Update(func(v *Visit) { v.Count = v.Count + 1 })", "+++ b/visit.go", "count  Count  int", "3 places rewritten in 1 files",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if status := run(t, dir, "git", "status", "--porcelain"); status != "" {
		t.Errorf("changed:\n%s", status)
	}
}

func TestDirtyWorkTreeIsRefused(t *testing.T) {
	dir, tool := repository(t)
	write(t, filepath.Join(dir, "notes.txt"), "not committed")
	cmd := exec.CommandContext(t.Context(), tool)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "?? notes.txt") {
		t.Errorf("%v\n%s", err, out)
	}
	if status := run(t, dir, "git", "status", "--porcelain"); status != "?? notes.txt\n" {
		t.Errorf("changed:\n%s", status)
	}
	run(t, dir, tool, "-f", "-type", "Cart")
	if status := run(t, dir, "git", "status", "--porcelain"); !strings.Contains(status, "?? cart.go\n") {
		t.Errorf("status:\n%s", status)
	}
}
