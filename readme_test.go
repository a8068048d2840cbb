package sessions_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every line of Go in the README is a line of a program that compiles.
func TestReadmeIsCompiled(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	compiled := map[string]bool{}
	for _, file := range []string{"examples/hello/main.go", "example_test.go", "readme_test.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			compiled[squeeze(line)] = true
		}
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 5 {
		t.Errorf("only %d blocks of Go", len(blocks))
	}
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			if !compiled[squeeze(line)] {
				t.Errorf("not compiled: %s", line)
			}
		}
	}
	if lines := strings.Count(string(readme), "\n"); lines > 200 {
		t.Errorf("%d lines are too long to read", lines)
	}
}

// squeeze removes what gofmt aligns by.
func squeeze(line string) string { return strings.Join(strings.Fields(line), " ") }
