package move

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/packages"
)

func packageOf(path string) packages.Package { return packages.Package{PkgPath: path} }

// A Result lists the changes to a program.
type Result struct {
	Files map[string][]byte // new contents, by name
	Left  []Item            // code that is left as it is
	Notes []Item            // code that was rewritten and deserves a look
	Sites int               // places that were rewritten
	m     *mover
}

func (m *mover) result() (*Result, error) {
	r := &Result{Files: map[string][]byte{}, m: m, Sites: m.count.rewritten}
	var errs []string
	m.p.each(func(f *file) {
		if len(f.edits) == 0 {
			return
		}
		text, err := m.apply(f)
		if err != nil {
			errs = append(errs, fmt.Sprintf("%s: %v", f.name, err))
		}
		r.Files[f.name] = text
	})
	if len(errs) > 0 {
		return nil, fmt.Errorf("the rewritten code has mistakes, which is this program's fault: %s", strings.Join(errs, "; "))
	}
	for name, text := range m.created {
		if _, err := os.Stat(name); err == nil {
			return nil, fmt.Errorf("%s exists; choose another name for the session's type", name)
		}
		r.Files[name] = []byte(text)
	}
	byPos := func(a, b Item) int {
		return strings.Compare(fmt.Sprintf("%s:%06d", a.Pos.Filename, a.Pos.Line), fmt.Sprintf("%s:%06d", b.Pos.Filename, b.Pos.Line))
	}
	r.Left, r.Notes = slices.SortedFunc(slices.Values(m.left), byPos), slices.SortedFunc(slices.Values(m.notes), byPos)
	r.Left, r.Notes = slices.Compact(r.Left), slices.Compact(r.Notes)
	return r, nil
}

// apply returns the file's new text, with the imports that it needs.
func (m *mover) apply(f *file) ([]byte, error) {
	text := f.textBetween(0, len(f.source))
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, f.name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	if strings.Contains(text, placeholder) {
		m.renameOther(f, fset, syntax)
		rename(syntax, strings.TrimSuffix(placeholder, "."), "sessions")
	}
	used := packagesUsed(syntax)
	for path, name := range f.imports {
		if !used[name] {
			continue // the code that needed it was replaced by other code
		}
		if name != baseName(path) {
			astutil.AddNamedImport(fset, syntax, name, path)
		} else {
			astutil.AddImport(fset, syntax, path)
		}
	}
	m.dropImports(f, fset, syntax)
	var b bytes.Buffer
	if err := format.Node(&b, fset, syntax); err != nil {
		return nil, err
	}
	return m.groupImports(b.Bytes())
}

// groupImports sorts a file's imports: of the standard library, of others, of the
// program itself. Imports with comments stay as they are.
func (m *mover) groupImports(text []byte) ([]byte, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "", text, parser.ImportsOnly|parser.ParseComments)
	if err != nil || len(syntax.Imports) == 0 {
		return text, err
	}
	from, to := 0, 0
	for _, decl := range syntax.Decls {
		if from == 0 {
			from = fset.Position(decl.Pos()).Offset
		}
		to = fset.Position(decl.End()).Offset
	}
	groups := make([][]string, 3)
	for _, imp := range syntax.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		line := imp.Path.Value
		if imp.Name != nil {
			line = imp.Name.Name + " " + line
		}
		if imp.Doc != nil || imp.Comment != nil {
			return text, nil
		}
		i := 0
		switch first, _, _ := strings.Cut(path, "/"); {
		case path == m.p.module || strings.HasPrefix(path, m.p.module+"/"):
			i = 2
		case strings.Contains(first, "."):
			i = 1
		}
		groups[i] = append(groups[i], line)
	}
	var b bytes.Buffer
	b.Write(text[:from])
	b.WriteString("import (\n")
	for _, group := range groups {
		slices.SortFunc(group, func(a, b string) int { return strings.Compare(a[strings.Index(a, `"`):], b[strings.Index(b, `"`):]) })
		if len(group) > 0 {
			b.WriteString(strings.Join(group, "\n") + "\n\n")
		}
	}
	b.WriteString(")")
	b.Write(text[to:])
	return format.Source(b.Bytes())
}

// renameOther gives another package named sessions, which the file goes on using, a
// name of its own.
func (m *mover) renameOther(f *file, fset *token.FileSet, syntax *ast.File) {
	for _, imp := range syntax.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		if path == libraryPath || imp.Name != nil && imp.Name.Name != "sessions" || imp.Name == nil && baseName(path) != "sessions" {
			continue
		}
		name := "gorilla"
		if path != gorillaPath {
			name = "oldsessions"
		}
		if rename(syntax, "sessions", name) {
			imp.Name = ast.NewIdent(name)
		} else {
			astutil.DeleteImport(fset, syntax, path)
		}
		return
	}
}

// rename renames the package in its uses. It reports whether there are any.
func rename(syntax *ast.File, from, to string) bool {
	found := false
	ast.Inspect(syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == from && id.Obj == nil {
				id.Name, found = to, true
			}
		}
		return true
	})
	return found
}

// dropImports removes imports that the file used and uses no more.
func (m *mover) dropImports(f *file, fset *token.FileSet, syntax *ast.File) {
	used := packagesUsed(syntax)
	for _, imp := range f.syntax.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		pkg := f.pkg.Imports[path]
		name := ""
		if pkg != nil {
			name = pkg.Name
		}
		if imp.Name != nil {
			name = imp.Name.Name
		}
		if name == "" || name == "_" || name == "." || used[name] || used["gorilla"] && path == gorillaPath || used["oldsessions"] && name == "sessions" {
			continue
		}
		if imp.Name != nil {
			astutil.DeleteNamedImport(fset, syntax, imp.Name.Name, path)
		} else {
			astutil.DeleteImport(fset, syntax, path)
		}
	}
}

// packagesUsed returns the names before a dot.
func packagesUsed(syntax *ast.File) map[string]bool {
	used := map[string]bool{}
	ast.Inspect(syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				used[id.Name] = true
			}
		}
		return true
	})
	return used
}

// Write writes the files.
func (r *Result) Write() error {
	for name, text := range r.Files {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Diff returns the changes as a unified diff.
func (r *Result) Diff() (string, error) {
	dir, err := os.MkdirTemp("", "movesessions")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		rel, err := filepath.Rel(r.m.p.dir, name)
		if err != nil {
			return "", err
		}
		old := filepath.Join(dir, "old")
		before, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			return "", err
		}
		if err := os.WriteFile(old, before, 0o600); err != nil {
			return "", err
		}
		cmd := exec.Command("diff", "-u", "--label", "a/"+rel, "--label", "b/"+rel, old, "-")
		cmd.Stdin = bytes.NewReader(r.Files[name])
		out, err := cmd.Output() // the status is 1 if there is a difference
		if err != nil && len(out) == 0 {
			return "", err
		}
		b.Write(out)
	}
	return b.String(), nil
}

// Report tells of the library found, the changes made, and the work that is left.
func (r *Result) Report() string {
	m := r.m
	var b strings.Builder
	fmt.Fprintf(&b, "Sessions of %s in %s:\n\n", m.old.name, m.p.module)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "  key\tfield\ttype\tput\tread\ttaken\tfirst seen")
	for _, name := range slices.Sorted(maps.Keys(m.keys.keys)) {
		k := m.keys.keys[name]
		typ := "?"
		if k.typ != nil {
			typ = m.spell(&file{pkg: &pkg{Package: new(packageOf(m.home.path))}, imports: map[string]string{}})(k.typ)
		}
		field := k.field
		if k.left != "" {
			field = "(left)"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%d\t%d\t%d\t%s:%d\n", name, field, typ, k.uses[opPut]+k.uses[opAddFlash]+k.uses[opRemove],
			k.uses[opGet]+k.uses[opExists], k.uses[opPop]+k.uses[opFlashes], k.first.Filename, k.first.Line)
	}
	t.Flush()
	if m.ownerKey != nil {
		fmt.Fprintf(&b, "\nSessionOwner returns %s. If that does not name the user, change the method.\n", m.ownerKey.field)
	} else if len(m.keys.keys) > 0 {
		fmt.Fprintf(&b, "\nNo key was found that names the user. If there are log-ins, add a method SessionOwner to %s.\n", m.home.typ)
	}
	fmt.Fprintf(&b, "\n%d places rewritten in %d files, %d files new.\n", r.Sites, len(r.Files)-len(m.created), len(m.created))
	list := func(title string, items []Item) {
		if len(items) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s:\n\n", title)
		for len(items) > 0 {
			first, others := items[0], items[1:]
			items = slices.DeleteFunc(slices.Clone(others), func(i Item) bool { return i.Why == first.Why })
			more := ""
			if n := len(others) - len(items); n > 0 {
				more = fmt.Sprintf(", and %d more places", n)
			}
			at := first.Pos.Filename
			if first.Pos.Line > 0 {
				at = fmt.Sprintf("%s:%d", at, first.Pos.Line)
			}
			fmt.Fprintf(&b, "  %s: %s%s\n      %s (%s, %q)\n", at,
				strings.Join(strings.Fields(first.Code), " "), more, first.Why, m.old.guide, first.Guide)
		}
	}
	list("Left as it is", r.Left)
	list("Rewritten, but look at it", r.Notes)
	return b.String()
}
