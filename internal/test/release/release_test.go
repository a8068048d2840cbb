package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// A module that is published with a replace directive works for nobody but us: the check
// must find each, also a new one, and prepare must mend it.
func TestNestedModulesOfARelease(t *testing.T) {
	dir := copyOfModules(t)
	if out, err := run(t, dir, "check", "v9.8.7"); err == nil || !strings.Contains(out, "middleware/promsessions/go.mod has a replace directive") {
		t.Errorf("before the preparation: %v\n%s", err, out)
	}
	if out, err := run(t, dir, "prepare", "v9.8.7"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run(t, dir, "check", "v9.8.7"); err != nil {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
	if out, err := run(t, dir, "check", "v9.8.8"); err == nil || !strings.Contains(out, "requires another version") {
		t.Errorf("for another version: %v\n%s", err, out)
	}
	mod := filepath.Join(dir, "middleware", "promsessions", "go.mod")
	text, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []string{"\nreplace github.com/x/y => ../y\n", "\nreplace (\n\tgithub.com/x/y => ../y\n)\n"} {
		if err := os.WriteFile(mod, append(text[:len(text):len(text)], block...), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, dir, "check", "v9.8.7"); err == nil {
			t.Errorf("%q was not found: %s", block, out)
		}
	}
}

// Each module that is published stands in the checklist.
func TestChecklistNamesAllModules(t *testing.T) {
	needBash(t)
	out, err := run(t, root, "list", "")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "releasing.md"))
	if err != nil {
		t.Fatal(err)
	}
	for module := range strings.FieldsSeq(out) {
		if !strings.Contains(string(page), "`"+module+"`") {
			t.Errorf("docs/releasing.md does not name the module %s", module)
		}
	}
}

func needBash(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash, which runs the script, is not installed")
	}
}

func run(t *testing.T, dir, command, version string) (string, error) {
	args := []string{filepath.Join(dir, ".ci", "release"), command}
	if version != "" {
		args = append(args, version)
	}
	out, err := exec.CommandContext(t.Context(), "bash", args...).CombinedOutput()
	return string(out), err
}

// copyOfModules returns a folder with the script and all go.mod files.
func copyOfModules(t *testing.T) string {
	needBash(t)
	dir := t.TempDir()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == ".git" {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil || d.IsDir() || d.Name() != "go.mod" && rel != filepath.Join(".ci", "release") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
