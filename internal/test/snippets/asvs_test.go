package snippets_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each requirement of the page on ASVS names tests, and each of them exists.
func TestASVS(t *testing.T) {
	const root = "../../.."
	data, err := os.ReadFile(filepath.Join(root, "docs/asvs.md"))
	if err != nil {
		t.Fatal(err)
	}
	requirement := regexp.MustCompile(`^\| (\d+\.\d+\.\d+) `)
	groups := regexp.MustCompile("([a-z/]+) ((?:`Test\\w+`(?:, )?)+)")
	name := regexp.MustCompile("`(Test\\w+)`")
	seen := map[string]int{}
	for line := range strings.Lines(string(data)) {
		found := requirement.FindStringSubmatch(line)
		tests := 0
		for _, group := range groups.FindAllStringSubmatch(line, -1) {
			for _, test := range name.FindAllStringSubmatch(group[2], -1) {
				tests++
				if !hasTest(t, filepath.Join(root, group[1]), test[1]) {
					t.Errorf("%s has no test %s", group[1], test[1])
				}
			}
		}
		if tests != len(name.FindAllString(line, -1)) {
			t.Errorf("a test without its package: %s", line)
		}
		if found == nil {
			continue
		}
		if tests == 0 {
			t.Errorf("no test for %s", found[1])
		}
		seen[found[1][:2]]++
		seen[found[1]]++
	}
	if seen["7."] != 19 || seen["3."] < 8 || len(seen) != seen["7."]+seen["3."]+2 {
		t.Errorf("%d requirements of V7, %d of V3, %d in all", seen["7."], seen["3."], len(seen)-2)
	}
}

// hasTest reports whether a folder has a test of this name.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests: %v", dir, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "func "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
