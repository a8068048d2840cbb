package flows

import (
	"os"
	"strings"
	"testing"
)

// The flows need fewer lines with sessiontest. Empty lines and comments do not count.
func TestFewerLines(t *testing.T) {
	for with, without := range map[string]string{
		"forge_test.go":  "forge_httptest_test.go",
		"reader_test.go": "reader_httptest_test.go",
	} {
		n, m := lines(t, with), lines(t, without)
		t.Logf("%s has %d lines, %s has %d", with, n, without, m)
		if n >= m {
			t.Errorf("%s is longer than %s", with, without)
		}
	}
}

func lines(t *testing.T, file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}
