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
var programs = []string{"scs/notes", "scs/rooms"}

// Each program is moved. It must compile afterwards, its own tests must pass, and
// so must the tests in testdata/after, which want visitors to stay logged in.
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
	if _, err := os.Stat("testdata/after"); err == nil {
		if err := os.CopyFS(dir, os.DirFS("testdata/after")); err != nil {
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
	if err := os.RemoveAll(filepath.Join(dir, "after")); err != nil {
		t.Fatal(err)
	}
	library, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	work := fmt.Sprintf("go 1.26.0\n\nuse (\n\t.\n\t%s\n)\n", library)
	if err := os.WriteFile(filepath.Join(dir, "go.work"), []byte(work), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=readonly")
	return dir
}
