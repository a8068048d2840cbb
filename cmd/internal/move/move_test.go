package move_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	vetMoved(t, dir)
}

// vetMoved runs sessionsvet on the moved programs. It must find the values that are
// computed from values read before, as they were before the move, and nothing else.
func vetMoved(t *testing.T, dir string) {
	tool := filepath.Join(t.TempDir(), "sessionsvet")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tool, "../../sessionsvet")
	build.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	vet := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+tool, "./...")
	vet.Dir = dir
	out, _ := vet.CombinedOutput() // fails because it finds something
	var got []string
	for line := range strings.Lines(string(out)) {
		if name, message, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			message, _, _ = strings.Cut(message, " the edit: ")
			got = append(got, strings.Split(name, ":")[0]+": "+message)
		}
	}
	slices.Sort(got)
	want := []string{
		"echo/todo/main.go: computes v.Items from a value that was read before",
		"gin/board/main.go: computes v.Count from a value that was read before",
		"gorilla/shop/main.go: computes v.Lines from a value that was read before",
		"scs/notes/handlers.go: computes v.Recent from a value that was read before",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sessionsvet (-want +got):\n%s\n%s", diff, out)
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
