package move

import (
	"fmt"
	"go/ast"
	"go/constant"
)

// gorillaOptions finds assignments to a session's options: a negative MaxAge ends
// the session, the others are the manager's.
func (m *mover) gorillaOptions(f *file, n *ast.AssignStmt, path []ast.Node) {
	sel, ok := n.Lhs[0].(*ast.SelectorExpr)
	if !ok {
		return
	}
	if inner, ok := sel.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "Options" && isGorilla(f.pkg.TypesInfo.TypeOf(inner.X)) {
		m.options(f, n, path, inner.X, map[string]ast.Expr{sel.Sel.Name: n.Rhs[0]})
		return
	}
	if sel.Sel.Name != "Options" || !isGorilla(f.pkg.TypesInfo.TypeOf(sel.X)) {
		return
	}
	m.options(f, n, path, sel.X, fieldsOf(n.Rhs[0]))
}

// fieldsOf returns the fields of a composite literal, or of a pointer to one.
func fieldsOf(e ast.Expr) map[string]ast.Expr {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	set := map[string]ast.Expr{}
	if lit, ok := e.(*ast.CompositeLit); ok {
		for _, elt := range lit.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok {
					set[id.Name] = kv.Value
				}
			}
		}
	}
	return set
}

func (m *mover) options(f *file, n ast.Node, path []ast.Node, session ast.Expr, set map[string]ast.Expr) {
	maxAge := set["MaxAge"]
	m.cookiePart(f, set)
	s := m.newSite(f, n, path, session, opOptions)
	if maxAge != nil {
		v := f.pkg.TypesInfo.Types[maxAge].Value
		switch {
		case v != nil && constant.Sign(v) < 0:
			s.op = opDestroy
		case v != nil && len(set) == 1:
			s.op = opRemember
			s.remember = fmt.Sprint(constant.Sign(v) > 0)
			m.note(f, n, "Remember says only whether the session outlives the browser; how long is in Options.Remember", guideManager)
		}
	}
	if s.op == opOptions {
		m.note(f, n, "the cookie's options are the manager's: set them where it is made", guideManager)
	}
	m.addSite(s)
}

// cookiePart notes the Path or the Domain if it is set alone. The other one comes from
// the store, or from another place.
func (m *mover) cookiePart(f *file, set map[string]ast.Expr) {
	if len(set) != 1 {
		return // a literal: see cookiePlace
	}
	for _, name := range []string{"Path", "Domain"} {
		if e := set[name]; e != nil {
			m.leave(f, e, "the cookie's "+name+" is set alone: put it into oldCookies with the other, or the cookie stays in browsers", guideMove)
		}
	}
}
