package sessions_test

import (
	"os"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/test/snippets"
)

// The README's Go is compiled, and a newcomer can read the page in one go.
func TestReadme(t *testing.T) {
	snippets.Check(t, "README.md", "examples/hello/main.go", "*_test.go")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(readme), "\n"); lines >= 200 {
		t.Errorf("%d lines are too long to read", lines)
	}
}
