package move

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"
)

// A source builds a new file.
type source struct {
	m       *mover
	f       *file // stands for the file in spelling types
	body    bytes.Buffer
	pkgName string
	doc     string
}

func (m *mover) newSource(pkgName, path string) *source {
	f := &file{pkg: &pkg{}, imports: map[string]string{}}
	f.pkg.Package = new(packageOf(path))
	return &source{m: m, f: f, pkgName: pkgName}
}

func (s *source) add(text string, data any) {
	t := template.Must(template.New("").Funcs(template.FuncMap{"type": s.m.spell(s.f), "title": upperFirst, "quote": func(v any) string { return fmt.Sprintf("%q", v) }}).Parse(text))
	if err := t.Execute(&s.body, data); err != nil {
		panic(err)
	}
}

func (s *source) use(path string) { s.f.imports[path] = path[strings.LastIndex(path, "/")+1:] }

func (s *source) text() string {
	var b bytes.Buffer
	b.WriteString(s.doc)
	fmt.Fprintf(&b, "package %s\n\n", s.pkgName)
	b.WriteString("import (\n")
	for path, name := range s.f.imports {
		if name == baseName(path) {
			name = ""
		}
		fmt.Fprintf(&b, "\t%s %q\n", name, path)
	}
	b.WriteString(")\n\n")
	b.Write(s.body.Bytes())
	out, err := s.m.groupImports(b.Bytes())
	if err != nil {
		return b.String()
	}
	return string(out)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// baseName returns the package name that an import path suggests.
func baseName(path string) string {
	if dir, version, ok := cutLast(path, "/"); ok && strings.TrimLeft(version, "v0123456789") == "" && strings.HasPrefix(version, "v") {
		path = dir
	}
	_, name, _ := cutLast("/"+path, "/")
	return strings.TrimPrefix(name, "go-")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
