package move_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/cmd/internal/move"
)

var update = flag.Bool("update", false, "write what the programs become into testdata")

// programs are the fixtures. Each compiles, and its tests pass, before the move.
var programs = []string{"scs/notes", "scs/rooms", "gorilla/shop", "gin/board", "echo/todo"}

// Each program is moved. It must compile afterwards, its own tests must pass, and
// so must the tests in testdata/_after, which want visitors to stay logged in.
func TestMovedProgramsPassTheirTests(t *testing.T) {
	dir := workspace(t)
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			r, err := move.Run(&move.Options{Dir: dir, Patterns: []string{"./" + name + "/..."}})
			if err != nil {
				t.Fatal(err)
			}
			diff, err := r.Diff()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", strings.ReplaceAll(name, "/", "-")+".diff"), r.Report()+"\n"+diff)
			if err := r.Write(); err != nil {
				t.Fatal(err)
			}
		})
	}
	if t.Failed() {
		return
	}
	if _, err := os.Stat("testdata/_after"); err == nil {
		if err := os.CopyFS(dir, os.DirFS("testdata/_after")); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", args, err, out)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// workspace returns a copy of the fixtures that can import the library as it is
// here.
func workspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "_after")); err != nil {
		t.Fatal(err)
	}
	library, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, filepath.Join(dir, "go.mod"), fmt.Sprintf(
		"\nrequire github.com/seed48429006/sessions v0.0.0\n\nreplace github.com/seed48429006/sessions => %s\n", library))
	sums, err := os.ReadFile(filepath.Join(library, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, filepath.Join(dir, "go.sum"), string(sums))
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	return dir
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	old, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(old, text...), 0o600); err != nil {
		t.Fatal(err)
	}
}
