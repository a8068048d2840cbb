package sessions_test

import (
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
)

// The root's types are aliases, and pkg.go.dev shows no method or field of an alias. So
// the package's comment lists them.
func TestTablesOfThePackageComment(t *testing.T) {
	sections := packageSections(t)
	for _, table := range []struct {
		section string
		names   []string
	}{
		{"The methods of a Session", methods[*sessions.Session[Cart]]()},
		{"The methods of a Manager", methods[*sessions.Manager[Cart]]()},
		{"The fields of Options", append(fields[sessions.Options](), fields[sessions.Cookie]()...)},
	} {
		t.Run(table.section, func(t *testing.T) {
			text := sections[table.section]
			if len(table.names) == 0 || text == "" {
				t.Fatalf("%d names, and a section of %d bytes", len(table.names), len(text))
			}
			for _, name := range table.names {
				if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
					t.Errorf("doc.go, section %q: %s is missing", table.section, name)
				}
			}
		})
	}
}

// Each alias links to the type that has the methods and the fields.
func TestAliasesLinkToTheirTypes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "sessions.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	aliases := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !spec.Assign.IsValid() {
			return true
		}
		aliases++
		of := spec.Type
		if index, ok := of.(*ast.IndexExpr); ok {
			of = index.X
		}
		sel := of.(*ast.SelectorExpr)
		link := "[" + sel.X.(*ast.Ident).Name + "." + sel.Sel.Name + "]"
		if !strings.Contains(spec.Doc.Text(), link) {
			t.Errorf("the comment of %s has no link %s", spec.Name.Name, link)
		}
		return true
	})
	if aliases == 0 {
		t.Error("no alias was found")
	}
}

// packageSections returns the blocks of code of the package's comment, by heading.
func packageSections(t *testing.T) map[string]string {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	sections, heading := map[string]string{}, ""
	for _, block := range new(comment.Parser).Parse(file.Doc.Text()).Content {
		switch block := block.(type) {
		case *comment.Heading:
			heading = string(block.Text[0].(comment.Plain))
		case *comment.Code:
			sections[heading] += block.Text
		}
	}
	return sections
}

// methods returns the names of the methods, but for those that only package fmt and
// package slog call.
func methods[T any]() (names []string) {
	t := reflect.TypeFor[T]()
	for method := range t.Methods() {
		if name := method.Name; name != "Format" && name != "LogValue" {
			names = append(names, name)
		}
	}
	return names
}

func fields[T any]() (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if f.IsExported() {
			names = append(names, f.Name)
		}
	}
	return names
}

// A program that sets options by itself imports no package but the root for their types.
func TestTypesOfOptionsAndConfigHaveAliases(t *testing.T) {
	source, err := os.ReadFile("sessions.go")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, settings := range []reflect.Type{reflect.TypeFor[sessions.Options](), reflect.TypeFor[sessions.Config]()} {
		for field := range settings.Fields() {
			if !field.IsExported() || !strings.HasPrefix(field.Type.PkgPath(), settings.PkgPath()[:strings.LastIndex(settings.PkgPath(), "/")]) {
				continue
			}
			checked++
			if !regexp.MustCompile(`\t` + field.Type.Name() + ` += \w+\.` + field.Type.Name() + `\n`).Match(source) {
				t.Errorf("the type of %s.%s, %v, has no alias in sessions.go", settings.Name(), field.Name, field.Type)
			}
		}
	}
	if checked < 8 {
		t.Errorf("only %d fields have a type of this module", checked)
	}
}
