package snippets_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/test/snippets"
)

// root is the folder of the repository.
const root = "../../.."

func TestLinksOfAllPages(t *testing.T) {
	followed := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case !d.IsDir() && filepath.Ext(path) == ".md":
			followed += snippets.CheckLinks(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if followed == 0 {
		t.Error("no page has a link")
	}
}

func TestCheckLinks(t *testing.T) {
	for _, test := range []struct {
		name, text         string
		followed, failures int
	}{
		{"a file", "[b](b.md)", 1, 0},
		{"a folder", "[all](.)", 1, 0},
		{"a heading of another page", "[b](b.md#two-words-and-code)", 1, 0},
		{"a heading of the same page", "# Here\n\n[here](#here)", 1, 0},
		{"a file that does not exist", "[c](c.md)", 1, 1},
		{"a heading that does not exist", "[b](b.md#three)", 1, 1},
		{"a heading in a block of code", "[b](b.md#comment)", 1, 1},
		{"another host", "[c](https://example.com/c.md)", 0, 0},
		{"a call in code", "`f[T](r)`\n\n```go\nf[T](r)\n```\n", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			page := filepath.Join(dir, "a.md")
			write(t, page, test.text)
			write(t, filepath.Join(dir, "b.md"), "# Two words, and `code`\n\n```sh\n# Comment\n```\n")
			r := &recorder{TB: t}
			if n := snippets.CheckLinks(r, page); n != test.followed {
				t.Errorf("followed %d links, want %d", n, test.followed)
			}
			if len(r.failures) != test.failures {
				t.Errorf("%d failures, want %d: %s", len(r.failures), test.failures, strings.Join(r.failures, "; "))
			}
		})
	}
}
