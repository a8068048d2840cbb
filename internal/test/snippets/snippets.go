// Package snippets checks that the Go code in Markdown pages is compiled.
package snippets

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// Check fails the test for each block of Go in the page whose lines do not all stand in a
// single file that the patterns match. White space does not count, and neither does a
// line "…".
//
// The page must have at least one block, and each pattern must match a file.
func Check(tb testing.TB, page string, patterns ...string) {
	tb.Helper()
	blocks := goBlock.FindAllStringSubmatch(read(tb, page), -1)
	if len(blocks) == 0 {
		tb.Errorf("%s: no blocks of Go", page)
	}
	files := compiled(tb, patterns)
	for _, block := range blocks {
		best := lines(block[1])
		for _, file := range files {
			if rest := missing(file, lines(block[1])); len(rest) < len(best) {
				best = rest
			}
		}
		if len(best) > 0 {
			tb.Errorf("%s: %q is not compiled there, in:\n%s", page, best[0], block[1])
		}
	}
}

// missing returns the lines of a block that the file does not have.
func missing(file, block []string) []string {
	return slices.DeleteFunc(block, func(line string) bool { return slices.Contains(file, line) })
}

// compiled returns the lines of each file.
func compiled(tb testing.TB, patterns []string) [][]string {
	tb.Helper()
	var all [][]string
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			tb.Fatalf("no file matches %s: %v", pattern, err)
		}
		for _, file := range files {
			all = append(all, lines(read(tb, file)))
		}
	}
	return all
}

// lines returns the lines of a text that are not empty, with folded white space.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && line != "…" {
			all = append(all, line)
		}
	}
	return all
}

func read(tb testing.TB, file string) string {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
