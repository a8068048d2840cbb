package move

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/seed48429006/sessions/cmd/internal/zero"
)

// A site is a place where the program uses a session.
type site struct {
	f       *file
	op      op
	node    ast.Node   // the replaced code: a call, an index expression, a statement
	path    []ast.Node // the nodes around it, the outermost first
	keyExpr ast.Expr
	key     *key
	helper  *helper  // whose parameter the key is
	value   ast.Expr // the value that is put
	typ     types.Type
	context string // the code that gives the request's context; empty if group is a variable
	group   string // the same for sites of one session
	done    bool
	name    string // the variable that holds the session, if one is declared

	saveContext string // the context for the commit that a save becomes
	defaultKey  string // the key if keyExpr is nil
	variable    string // the declaration of the variable that holds the session, if it is one
	remember    string // the argument of Remember, if it is not value
}

// parent returns the node around the site, without parentheses.
func (s *site) parent() ast.Node {
	for i := len(s.path) - 1; i >= 0; i-- {
		if _, ok := s.path[i].(*ast.ParenExpr); !ok {
			return s.path[i]
		}
	}
	return nil
}

// fun returns the function around the site.
func (s *site) fun() ast.Node {
	for _, n := range slices.Backward(s.path) {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return n
		}
	}
	return nil
}

func (s *site) decl() *ast.FuncDecl {
	for _, n := range s.path {
		if d, ok := n.(*ast.FuncDecl); ok {
			return d
		}
	}
	return nil
}

// statement returns the list of statements around the site and the place in it.
func (s *site) statement() (list []ast.Stmt, i int, ok bool) {
	return statementIn(append(slices.Clone(s.path), s.node))
}

func statementIn(path []ast.Node) (list []ast.Stmt, i int, ok bool) {
	for at := len(path) - 1; at > 0; at-- {
		stmt, isStmt := path[at].(ast.Stmt)
		if !isStmt {
			continue
		}
		if list := listOf(path[at-1]); list != nil {
			return list, slices.Index(list, stmt), slices.Contains(list, stmt)
		}
	}
	return nil, 0, false
}

func listOf(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// walk calls do for each node of the file with the nodes around it.
func walk(f *file, do func(n ast.Node, path []ast.Node)) {
	var stack []ast.Node
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		do(n, stack)
		stack = append(stack, n)
		return true
	})
}

// calledFunc returns the function that the call calls, or nil.
func calledFunc(info *types.Info, call *ast.CallExpr) *types.Func {
	f, _ := typeutil.Callee(info, call).(*types.Func)
	if f == nil {
		return nil
	}
	return f.Origin()
}

// idents returns the names that a node uses.
func idents(nodes ...ast.Node) map[string]bool {
	names := map[string]bool{}
	for _, n := range nodes {
		if n == nil {
			continue
		}
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names[id.Name] = true
			}
			return true
		})
	}
	return names
}

// unused returns the first of the names that is not in use.
func unused(used map[string]bool, names ...string) string {
	for _, name := range names {
		if !used[name] && !token.IsKeyword(name) {
			return name
		}
	}
	name := names[len(names)-1]
	for used[name] {
		name += "2"
	}
	return name
}

// isNamed reports whether t, or its target if it is a pointer, is the named type.
func isNamed(t types.Type, path, name string) bool {
	if t == nil {
		return false
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path
}

// pureCall reports whether making the call again does no harm.
func pureCall(info *types.Info, call *ast.CallExpr) bool {
	if tv := info.Types[call.Fun]; tv.IsType() || tv.IsBuiltin() {
		return true
	}
	f := calledFunc(info, call)
	if f == nil || f.Pkg() == nil {
		return false
	}
	switch path := f.Pkg().Path(); path {
	case "strings", "strconv", "slices", "maps", "errors", "html", "time", "net/url", "path", "unicode":
		return true
	case "fmt":
		return strings.HasPrefix(f.Name(), "Sprint")
	case "net/http":
		return slices.Contains([]string{"FormValue", "PostFormValue", "PathValue", "UserAgent", "Referer", "Get"}, f.Name())
	}
	return false
}

// zeroText returns the code of t's zero value, or "".
func zeroText(t types.Type, spell func(types.Type) string) string {
	switch t.Underlying().(type) {
	case *types.Struct, *types.Array:
		return spell(t) + "{}"
	}
	return zero.Text(t)
}

// presentText returns the code that says whether the value is there: it is not zero.
func presentText(value string, t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return value
		case u.Info()&types.IsString != 0:
			return value + ` != ""`
		case u.Info()&types.IsNumeric != 0:
			return value + " != 0"
		}
	case *types.Pointer, *types.Slice, *types.Map:
		return value + " != nil"
	}
	if isNamed(t, "time", "Time") {
		return "!" + value + ".IsZero()"
	}
	return ""
}

func negate(text string) string {
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		return rest
	}
	if before, after, ok := strings.Cut(text, " != "); ok {
		return before + " == " + after
	}
	return "!" + text
}
