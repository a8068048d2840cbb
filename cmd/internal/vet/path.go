package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// A path is a variable, or a part of it: the variable's fields that lead to the
// part.
type path struct {
	root   types.Object
	fields string // "Address.City"
	part   bool   // the expression goes on with an index: it is only a part of the last field
}

// covers reports whether an assignment to p replaces q whole.
func (p path) covers(q path) bool {
	return p.root == q.root && !p.part && within(q.fields, p.fields)
}

// within reports whether the fields inner are outer, or lie within it.
func within(inner, outer string) bool {
	return inner == outer || outer == "" || strings.HasPrefix(inner, outer+".")
}

// overlaps reports whether one field lies within the other.
func overlaps(a, b string) bool { return within(a, b) || within(b, a) }

func (p path) String() string {
	if p.fields == "" {
		return p.root.Name()
	}
	return p.root.Name() + "." + p.fields
}

// pathOf returns the path of an expression such as v, v.Address.City, (*v).Items[i].
func pathOf(info *types.Info, e ast.Expr) (path, bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, ok := info.ObjectOf(e).(*types.Var)
		return path{root: v}, ok
	case *ast.StarExpr:
		return pathOf(info, e.X)
	case *ast.SelectorExpr:
		if s := info.Selections[e]; s == nil { // pkg.Var
			v, ok := info.Uses[e.Sel].(*types.Var)
			return path{root: v}, ok
		} else if s.Kind() != types.FieldVal {
			return path{}, false
		}
		p, ok := pathOf(info, e.X)
		if ok && !p.part {
			if p.fields != "" {
				p.fields += "."
			}
			p.fields += e.Sel.Name
		}
		return p, ok
	case *ast.IndexExpr:
		p, ok := pathOf(info, e.X)
		p.part = true
		return p, ok
	case *ast.SliceExpr:
		p, ok := pathOf(info, e.X)
		p.part = true
		return p, ok
	}
	return path{}, false
}

// outside reports whether the object is declared outside the node.
func outside(obj types.Object, n ast.Node) bool {
	return obj != nil && (obj.Pos() < n.Pos() || obj.Pos() >= n.End())
}

// mentions reports whether the node uses the path, or a part of it.
func mentions(info *types.Info, n ast.Node, p path) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && !found {
			if q, ok := pathOf(info, e); ok && q.root == p.root && overlaps(q.fields, p.fields) {
				found = true
			}
			_, isPath := pathOf(info, e)
			return !found && !isPath || hasIndex(e)
		}
		return !found
	})
	return found
}

// usesWhole reports whether the node uses the field that the path names, and not only a
// struct around it.
func usesWhole(info *types.Info, n ast.Node, p path) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && !found {
			q, isPath := pathOf(info, e)
			found = isPath && q.root == p.root && within(q.fields, p.fields)
			return !found && (!isPath || hasIndex(e))
		}
		return !found
	})
	return found
}

// hasIndex reports whether a path has an index, which may mention other paths.
func hasIndex(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.IndexExpr, *ast.SliceExpr:
		return true
	case *ast.SelectorExpr:
		return hasIndex(e.X)
	case *ast.StarExpr:
		return hasIndex(e.X)
	}
	return false
}

// mentionsObject reports whether the node uses the variable.
func mentionsObject(info *types.Info, n ast.Node, obj types.Object) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && info.Uses[id] == obj {
			found = true
		}
		return !found
	})
	return found
}

// isAccumulating reports whether the operator adds to the variable's value.
func isAccumulating(tok token.Token) bool { return tok != token.ASSIGN && tok != token.DEFINE }
