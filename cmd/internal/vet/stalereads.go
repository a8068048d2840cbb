package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// A read is a part of a session's value that a variable was computed from.
type read struct {
	session path
	fields  string
}

// reads are the variables that were computed from sessions' values.
type reads struct {
	of    map[types.Object][]read
	plain map[types.Object]ast.Expr // the variable's only definition, if that is the part itself
	info  *types.Info
}

// findReads finds the variables that were computed from a session's value, directly
// or by way of other variables.
func findReads(pass *analysis.Pass, in *inspector.Inspector) *reads {
	r := &reads{of: map[types.Object][]read{}, plain: map[types.Object]ast.Expr{}, info: pass.TypesInfo}
	for range 3 { // variables computed from variables computed from variables
		for n := range in.PreorderSeq((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil)) {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, lhs := range n.Lhs {
					if id := identOf(lhs); id != nil && len(n.Lhs) == len(n.Rhs) {
						r.define(pass.TypesInfo.ObjectOf(id), n.Rhs[i])
					}
				}
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if i < len(n.Values) {
						r.define(pass.TypesInfo.ObjectOf(id), n.Values[i])
					}
				}
			}
		}
	}
	return r
}

func (r *reads) define(obj types.Object, e ast.Expr) {
	if old, ok := r.plain[obj]; ok && old != e {
		r.plain[obj] = nil
	} else {
		r.plain[obj] = e
	}
	for _, from := range r.in(e) {
		known := false
		for _, old := range r.of[obj] {
			known = known || old == from
		}
		if !known {
			r.of[obj] = append(r.of[obj], from)
		}
	}
}

// in returns the parts of sessions' values that the expression uses.
func (r *reads) in(e ast.Expr) []read {
	var found []read
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case ast.Expr:
			if from, ok := r.part(n); ok {
				found = append(found, from...)
				return false
			}
		}
		return true
	})
	return found
}

// part returns the parts that e names: s.Value().Count, or v.Count of a copy v.
func (r *reads) part(e ast.Expr) ([]read, bool) {
	fields, inner := "", ast.Unparen(e)
	for {
		if call, ok := inner.(*ast.CallExpr); ok {
			s, ok := sessionCall(r.info, call, isSession, "Value")
			if !ok {
				return nil, false
			}
			p, ok := pathOf(r.info, s)
			return []read{{p, fields}}, ok
		}
		if id, ok := inner.(*ast.Ident); ok {
			var found []read
			for _, from := range r.of[r.info.ObjectOf(id)] {
				found = append(found, read{from.session, strings.Trim(from.fields+"."+fields, ".")})
			}
			return found, len(found) > 0
		}
		switch x := inner.(type) {
		case *ast.SelectorExpr:
			if s := r.info.Selections[x]; s == nil || s.Kind() != types.FieldVal {
				return nil, false
			}
			fields = strings.Trim(x.Sel.Name+"."+fields, ".")
			inner = ast.Unparen(x.X)
		case *ast.IndexExpr: // what follows an index is only a part
			fields, inner = "", ast.Unparen(x.X)
		default:
			return nil, false
		}
	}
}

// staleReads reports assignments to a field that use the field's value from before the
// edit.
func (c *effectChecker) staleReads(r *reads) {
	session, ok := pathOf(c.info, c.session)
	if !ok {
		return
	}
	ast.Inspect(c.body, func(n ast.Node) bool {
		assign, ok := n.(*ast.AssignStmt)
		if !ok || len(assign.Lhs) != len(assign.Rhs) || assign.Tok == token.DEFINE {
			return true
		}
		for i, lhs := range assign.Lhs {
			to, ok := pathOf(c.info, lhs)
			if !ok || to.root != c.param {
				continue
			}
			if use := c.staleUse(r, session, to, assign.Rhs[i]); use != nil {
				c.pass.Report(analysis.Diagnostic{
					Pos: use.Pos(),
					Message: fmt.Sprintf("computes %s from a value that was read before the edit: %s; "+
						"if another request changes the session first, its change is lost: compute from the edit's argument",
						to, types.ExprString(use)),
					SuggestedFixes: c.argumentFix(r, use, to),
				})
			}
		}
		return true
	})
}

// staleUse returns the variable in e that was computed from the same field, or nil.
func (c *effectChecker) staleUse(r *reads, session, to path, e ast.Expr) (use ast.Expr) {
	ast.Inspect(e, func(n ast.Node) bool {
		x, ok := n.(ast.Expr)
		if !ok || use != nil {
			return use == nil
		}
		parts, ok := r.part(x)
		if !ok {
			return true
		}
		if p, isPath := pathOf(c.info, x); isPath && outside(p.root, c.fun) && !c.compares(p.root) {
			for _, from := range parts {
				if from.session == session && overlaps(from.fields, to.fields) && (from.fields == "") == (to.fields == "") {
					use = x
				}
			}
		}
		return false
	})
	return use
}

// compares reports whether the edit compares the variable with the present value.
func (c *effectChecker) compares(obj types.Object) bool {
	found := false
	ast.Inspect(c.body, func(n ast.Node) bool {
		if n, ok := n.(*ast.BinaryExpr); ok {
			switch n.Op {
			case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				found = found || mentionsObject(c.info, n, obj)
			}
		}
		return true
	})
	return found
}

// argumentFix replaces a variable that holds just the field by the field.
func (c *effectChecker) argumentFix(r *reads, use ast.Expr, to path) []analysis.SuggestedFix {
	id, ok := use.(*ast.Ident)
	if !ok || to.part || to.fields == "" {
		return nil
	}
	def := r.plain[c.info.Uses[id]]
	if def == nil || c.uses(c.info.Uses[id]) < 2 { // the compiler refuses unused variables
		return nil
	}
	if parts, ok := r.part(def); !ok || len(parts) != 1 || parts[0].fields != to.fields {
		return nil
	}
	return []analysis.SuggestedFix{{
		Message:   "use " + to.String(),
		TextEdits: []analysis.TextEdit{{Pos: use.Pos(), End: use.End(), NewText: []byte(to.String())}},
	}}
}

// uses counts the uses of the variable.
func (c *effectChecker) uses(obj types.Object) int {
	n := 0
	for _, used := range c.info.Uses {
		if used == obj {
			n++
		}
	}
	return n
}
