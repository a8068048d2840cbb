package move

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// rewriteSave makes a commit of a save whose error is looked at. Others are not
// needed.
func (m *mover) rewriteSave(s *site, session string) {
	switch p := s.parent().(type) {
	case *ast.ExprStmt:
		m.removeStatement(s, "")
	case *ast.AssignStmt:
		if len(p.Lhs) == 1 && isBlank(p.Lhs[0]) {
			if _, _, ok := s.statement(); ok {
				s.f.replace(m.p.fset, p.Pos(), p.End(), "")
				return
			}
		}
		m.replaceNode(s, fmt.Sprintf("%s.Commit(%s)", session, s.saveContext))
	default:
		m.replaceNode(s, fmt.Sprintf("%s.Commit(%s)", session, s.saveContext))
	}
}

// remove replaces a call that returned an error by a statement that returns none,
// and removes the handling of the error. It reports whether it could.
func (m *mover) remove(s *site, stmt string) bool {
	if _, ok := s.node.(ast.Stmt); ok {
		return m.removeStatement(s, stmt)
	}
	switch p := s.parent().(type) {
	case *ast.ExprStmt:
		return m.removeStatement(s, stmt)
	case *ast.AssignStmt:
		if m.removeAssigned(s, p, stmt) {
			return true
		}
	case *ast.ReturnStmt:
		if list, at, ok := s.statement(); ok && list[at] == ast.Stmt(p) && len(p.Results) == 1 && stmt != "" {
			s.f.replace(m.p.fset, p.Pos(), p.End(), stmt+"\nreturn nil")
			return true
		}
	}
	if stmt == "" {
		return false
	}
	m.replaceNode(s, "func() error { "+stmt+"; return nil }()")
	return true
}

// removeAssigned is remove for a call whose error is assigned to a variable.
func (m *mover) removeAssigned(s *site, p *ast.AssignStmt, stmt string) bool {
	list, at, ok := s.statement()
	if !ok || len(p.Lhs) != 1 {
		return false
	}
	if ifStmt, ok := list[at].(*ast.IfStmt); ok && ifStmt.Init == ast.Stmt(p) && checksOnly(ifStmt, p.Lhs[0]) {
		s.f.replace(m.p.fset, ifStmt.Pos(), ifStmt.End(), stmt)
		m.dropWithin(s.f, ifStmt)
		return true
	}
	id, ok := p.Lhs[0].(*ast.Ident)
	if list[at] != ast.Stmt(p) || !ok {
		return false
	}
	if id.Name == "_" {
		s.f.replace(m.p.fset, p.Pos(), p.End(), stmt)
		return true
	}
	end := p.End()
	if at+1 < len(list) {
		if ifStmt, ok := list[at+1].(*ast.IfStmt); ok && ifStmt.Init == nil && checksOnly(ifStmt, id) {
			end = ifStmt.End()
			m.dropWithin(s.f, ifStmt)
		}
	}
	s.f.replace(m.p.fset, p.Pos(), end, m.withVariable(s.f, p, id, end, list[at+1:], stmt))
	return true
}

// withVariable adds the error's variable to the statement, if code after end needs it:
// its declaration, or that it is nil.
func (m *mover) withVariable(f *file, p *ast.AssignStmt, id *ast.Ident, end token.Pos, rest []ast.Stmt, stmt string) string {
	info := f.pkg.TypesInfo
	switch obj := info.ObjectOf(id); {
	case obj == nil:
	case info.Defs[id] != nil && m.usedOutside(f, obj, p.Pos(), end):
		stmt += "\nvar " + id.Name + " error"
	case info.Defs[id] == nil && (end == p.End() || m.usedOutside(f, obj, p.Pos(), end) && !assignedFirst(rest, id.Name)):
		stmt += "\n" + id.Name + " = nil"
	}
	return strings.TrimSpace(stmt)
}

// assignedFirst reports whether the statements assign to the variable before they
// read it.
func assignedFirst(rest []ast.Stmt, name string) bool {
	for _, stmt := range rest {
		if assign, ok := stmt.(*ast.AssignStmt); ok && slices.ContainsFunc(assign.Lhs, func(e ast.Expr) bool {
			id, ok := e.(*ast.Ident)
			return ok && id.Name == name
		}) {
			return true
		}
		if i, ok := stmt.(*ast.IfStmt); idents(stmt)[name] && !(ok && i.Init != nil) {
			return false
		}
	}
	return true
}

// checksOnly reports whether the statement is if err != nil { … }, without else.
func checksOnly(s *ast.IfStmt, e ast.Expr) bool {
	b, ok := s.Cond.(*ast.BinaryExpr)
	if !ok || b.Op != token.NEQ || s.Else != nil {
		return false
	}
	x, isIdent := b.X.(*ast.Ident)
	y, isNil := b.Y.(*ast.Ident)
	id, isErr := e.(*ast.Ident)
	return isIdent && isNil && isErr && x.Name == id.Name && y.Name == "nil"
}

// usedOutside reports whether the variable is used outside the range.
func (m *mover) usedOutside(f *file, obj types.Object, from, to token.Pos) bool {
	for id, used := range f.pkg.TypesInfo.Uses {
		if used == obj && (id.Pos() < from || id.Pos() >= to) {
			return true
		}
	}
	return false
}

// dropWithin marks the sites within a node that is removed.
func (m *mover) dropWithin(f *file, n ast.Node) {
	for _, s := range m.sites {
		if s.f == f && contains(n, s.node) {
			s.done = true
		}
	}
}

// removeStatement replaces the statement that the site is.
func (m *mover) removeStatement(s *site, stmt string) bool {
	list, at, ok := s.statement()
	if !ok {
		return false
	}
	s.f.replace(m.p.fset, list[at].Pos(), list[at].End(), stmt)
	return true
}
