// Package move moves programs from other session libraries to package sessions.
//
// It reads a program with its types, finds the keys of its sessions, proposes a type for
// them, and rewrites the calls that it understands. It leaves other calls as they are,
// and says where and why.
package move

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A program is the program to move: its files, each once, with their types.
type program struct {
	fset   *token.FileSet
	module string // the path of the main module
	dir    string // its folder
	pkgs   []*pkg
	files  map[string]*file // by name
}

// A pkg is a package with its tests, or the external tests of one.
type pkg struct {
	*packages.Package
	files []*file
}

// A file is a source file, and the changes to it.
type file struct {
	name    string
	syntax  *ast.File
	source  []byte
	pkg     *pkg
	edits   []textEdit
	imports map[string]string // packages to import, by path: name
}

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// load reads the packages that match the patterns, as the go command does in dir.
func load(dir string, patterns ...string) (*program, error) {
	p := &program{fset: token.NewFileSet(), files: map[string]*file{}}
	cfg := &packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule,
		Dir: dir, Fset: p.fset, Tests: true,
	}
	all, err := packages.Load(cfg, patterns...)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, one := range all {
		for _, err := range one.Errors {
			errs = append(errs, err)
		}
		if one.Module != nil && one.Module.Main {
			p.module, p.dir = one.Module.Path, one.Module.Dir
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("the program must compile first: %w", errors.Join(errs[:min(len(errs), 5)]...))
	}
	// A package with its tests has all files of the package without them.
	slices.SortStableFunc(all, func(a, b *packages.Package) int { return cmp.Compare(len(b.Syntax), len(a.Syntax)) })
	for _, one := range all {
		if err := p.add(one); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(p.pkgs, func(a, b *pkg) int { return strings.Compare(a.ID, b.ID) })
	return p, nil
}

// add adds a package's files, unless the program has them.
func (p *program) add(one *packages.Package) error {
	if strings.HasSuffix(one.PkgPath, ".test") || one.Module == nil || !one.Module.Main {
		return nil
	}
	added := &pkg{Package: one}
	for i, syntax := range one.Syntax {
		name := one.CompiledGoFiles[i]
		if p.files[name] != nil || ast.IsGenerated(syntax) {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f := &file{name: name, syntax: syntax, source: source, pkg: added, imports: map[string]string{}}
		p.files[name] = f
		added.files = append(added.files, f)
	}
	if len(added.files) > 0 {
		p.pkgs = append(p.pkgs, added)
	}
	return nil
}

// each calls do for every file.
func (p *program) each(do func(f *file)) {
	for _, pkg := range p.pkgs {
		for _, f := range pkg.files {
			do(f)
		}
	}
}

// declared names an object alike in all variants of its package.
func declared(fset *token.FileSet, obj types.Object) string {
	if obj == nil {
		return ""
	}
	return fset.Position(obj.Pos()).String() + " " + obj.Name()
}

// A textEdit replaces a part of a file.
type textEdit struct {
	start, end int
	text       string
}

func (f *file) offset(fset *token.FileSet, pos token.Pos) int { return fset.Position(pos).Offset }

// replace replaces a node's text, and drops earlier changes of its parts.
func (f *file) replace(fset *token.FileSet, from, to token.Pos, text string) {
	start, end := f.offset(fset, from), f.offset(fset, to)
	inserted := slices.ContainsFunc(f.edits, func(e textEdit) bool { return e.start == start && e.end == start })
	if text == "" && !inserted {
		start = f.lineStart(start, end)
	}
	f.edits = slices.DeleteFunc(f.edits, func(e textEdit) bool {
		return start <= e.start && e.end <= end && e.start < end && (e.start != e.end || e.start > start)
	})
	f.edits = append(f.edits, textEdit{start, end, text})
}

// lineStart returns the start of the line, the line break included, if the line has
// nothing else than the removed code.
func (f *file) lineStart(start, end int) int {
	at := start
	for at > 0 && (f.source[at-1] == ' ' || f.source[at-1] == '\t') {
		at--
	}
	if at == 0 || f.source[at-1] != '\n' || end < len(f.source) && f.source[end] != '\n' {
		return start
	}
	return at - 1
}

// insert inserts text before a position.
func (f *file) insert(fset *token.FileSet, at token.Pos, text string) {
	offset := f.offset(fset, at)
	f.edits = append(f.edits, textEdit{offset, offset, text})
}

// text returns the text of a node, with the edits within it.
func (f *file) text(fset *token.FileSet, n ast.Node) string {
	return f.textBetween(f.offset(fset, n.Pos()), f.offset(fset, n.End()))
}

func (f *file) textBetween(start, end int) string {
	var b strings.Builder
	at := start
	for _, e := range f.sorted() {
		if e.start < start || e.end > end || e.start < at || e.start == e.end && (e.start == start || e.start == end) && end != len(f.source) {
			continue
		}
		b.Write(f.source[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}
	b.Write(f.source[at:end])
	return b.String()
}

// sorted returns the edits in their order, insertions before replacements.
func (f *file) sorted() []textEdit {
	slices.SortStableFunc(f.edits, func(a, b textEdit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	return f.edits
}
