package snippets_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/test/snippets"
)

const source = `package p

func add(a, b int) int {
	sum := a + b
	return sum
}
`

// A recorder counts what a check reports.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, block string
		failures    int
	}{
		{"the whole", source, 0},
		{"other indentation", "sum   :=  a + b\n    return sum\n", 0},
		{"lines left out", "func add(a, b int) int {\n\t…\n\treturn sum\n}\n", 0},
		{"a line that does not exist", "sum := a - b\n", 1},
		{"lines of two files", "sum := a + b\nproduct := a * b\n", 1},
		{"a part of a line", "a + b\n", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "p.go"), source)
			write(t, filepath.Join(dir, "q.go"), "product := a * b\n")
			page := filepath.Join(dir, "page.md")
			write(t, page, "Text.\n\n```go\n"+test.block+"```\n")
			r := &recorder{TB: t}
			snippets.Check(r, page, filepath.Join(dir, "*.go"))
			if len(r.failures) != test.failures {
				t.Errorf("%d failures, want %d: %s", len(r.failures), test.failures, strings.Join(r.failures, "; "))
			}
		})
	}
}

func TestPageWithoutCode(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.go"), source)
	page := filepath.Join(dir, "page.md")
	write(t, page, "Text.\n")
	r := &recorder{TB: t}
	snippets.Check(r, page, filepath.Join(dir, "*.go"))
	if len(r.failures) != 1 {
		t.Errorf("%q", r.failures)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
