package vet_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/seed48429006/sessions/cmd/internal/vet"
)

func TestAnalyzersFindPlantedMistakesAndNothingElse(t *testing.T) {
	dir := fixtures(t)
	for _, a := range vet.Analyzers {
		t.Run(a.Name, func(t *testing.T) {
			analysistest.RunWithSuggestedFixes(t, dir, a, "./"+a.Name+"/...")
		})
	}
}

// Under go vet, facts come by files, and each package is checked by itself.
func TestSessionsvetRunsUnderGoVet(t *testing.T) {
	dir, tool := fixtures(t), sessionsvet(t)
	for _, test := range []struct {
		pkg  string
		want []string // the places
	}{
		{"./unmanaged/indirect/...", nil},
		{"./unmanaged/whole/...", nil},
		{"./unmanaged", []string{"main.go:15:6", "main.go:23:18", "main.go:23:2", "main.go:27:2", "main.go:31:2"}},
		{"./sessiontype", []string{"sessiontype.go:42:2", "sessiontype.go:43:2", "sessiontype.go:44:2", "sessiontype.go:46:2"}},
	} {
		t.Run(test.pkg, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+tool, test.pkg)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err != nil) != (test.want != nil) {
				t.Errorf("%v\n%s", err, out)
			}
			var got []string
			for line := range strings.Lines(string(out)) {
				if before, _, ok := strings.Cut(line, ".go:"); ok {
					name := line[strings.LastIndex(before, "/")+1:]
					got = append(got, strings.Join(strings.SplitN(name, ":", 4)[:3], ":"))
				}
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, test.want) {
				t.Errorf("reported %q, want %q\n%s", got, test.want, out)
			}
		})
	}
}

// The examples and the guides are right.
func TestExamplesAndGuidesHaveNoMistakes(t *testing.T) {
	tool := sessionsvet(t)
	for _, test := range []struct {
		dir      string
		patterns []string
	}{
		{"../../..", []string{".", "./examples/...", "./sessiontest"}},
		{"../../../docs/guides", []string{"./..."}},
	} {
		t.Run(test.dir, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "go", append([]string{"vet", "-vettool=" + tool}, test.patterns...)...)
			cmd.Dir = test.dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// sessionsvet builds the command.
func sessionsvet(t *testing.T) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "sessionsvet")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", tool, "../../sessionsvet").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return tool
}

func TestAnalyzersAreValid(t *testing.T) {
	if err := analysis.Validate(vet.Analyzers); err != nil {
		t.Error(err)
	}
}

// fixtures returns a workspace of the fixtures and the library as it is here.
func fixtures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/src")); err != nil {
		t.Fatal(err)
	}
	library, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":  "module fixture\n\ngo 1.26.0\n",
		"go.work": fmt.Sprintf("go 1.26.0\n\nuse (\n\t.\n\t%s\n)\n", library),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
