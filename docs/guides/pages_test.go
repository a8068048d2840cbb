package guides_test

import (
	"path/filepath"
	"testing"

	"github.com/seed48429006/sessions/internal/test/snippets"
)

// The Go code of each guide is compiled, in this folder, in a program of
// examples, or in an example or a test of the module that it is about.
func TestPagesAreCompiled(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, page := range pages {
		if page == "README.md" {
			continue // the list of the others
		}
		t.Run(page, func(t *testing.T) {
			snippets.Check(t, page, "*.go", "../../examples/*/*.go", "../../middleware/*/example_test.go",
				"../../stores/sqlstore/example_test.go", "../../internal/test/sqlserver/owntransaction_test.go",
				"../../internal/test/sqlserver/ownsessions_test.go", "../../middleware/fibersessions/fibersessions_test.go")
		})
	}
}
