package move

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// inEdit rewrites a read within an edit: it then reads the edit's argument.
func (m *mover) inEdit(s *site, param string) {
	n, _ := asserted(s)
	m.count.rewritten++
	s.f.replace(m.p.fset, n.Pos(), n.End(), param+"."+s.key.field)
}

// asserted returns the type assertion around a read, if it asserts the key's type.
func asserted(s *site) (n ast.Node, ok bool) {
	if a, isAssert := s.parent().(*ast.TypeAssertExpr); isAssert && a.Type != nil {
		t := s.f.pkg.TypesInfo.TypeOf(a.Type)
		if s.key != nil && s.key.typ != nil && types.TypeString(t, nil) == types.TypeString(s.key.typ, nil) ||
			s.helper != nil && s.helper.typ != nil && types.TypeString(t, nil) == types.TypeString(s.helper.typ, nil) {
			return a, true
		}
	}
	return s.node, false
}

// assertsOK reports whether the read is asserted with a second result.
func assertsOK(s *site) bool {
	a, ok := s.parent().(*ast.TypeAssertExpr)
	return ok && commaOK(s, a) != nil
}

// commaOK returns the statement v, ok := a, or nil.
func commaOK(s *site, a ast.Node) ast.Node {
	for i, n := range s.path {
		if n == a && i > 0 {
			switch p := s.path[i-1].(type) {
			case *ast.AssignStmt:
				if len(p.Lhs) == 2 && len(p.Rhs) == 1 {
					return p
				}
			case *ast.ValueSpec:
				if len(p.Names) == 2 && len(p.Values) == 1 {
					return p
				}
			}
		}
	}
	return nil
}

// field returns the code of the value that a site reads.
func (m *mover) field(s *site, session string) string {
	typ := m.in(s.f, m.home.typ)
	param := strings.ToLower(m.home.typ[:1])
	t := m.typeOf(s)
	switch {
	case s.op == opPop && s.helper != nil:
		s.f.imports[libraryPath] = "sessions"
		return fmt.Sprintf("%sTake(%s, func(%s *%s) *%s { return %s(%s, %s) })", placeholder, session, param, typ, m.spell(s.f)(t), m.in(s.f, m.fieldFunc(s.helper)), param, m.keyText(s))
	case s.op == opPop || s.op == opFlashes:
		s.f.imports[libraryPath] = "sessions"
		return fmt.Sprintf("%sTake(%s, func(%s *%s) *%s { return &%s.%s })", placeholder, session, param, typ, m.spell(s.f)(t), param, s.key.field)
	case s.helper != nil:
		return fmt.Sprintf("%s(%s, %s)", m.in(s.f, m.fieldFunc(s.helper)+"Of"), session, m.keyText(s))
	}
	return session + ".Value()." + s.key.field
}

// rewriteRead rewrites a read. A value that the old library returned as any stays
// nil if it is absent, unless the code around shows that it need not.
func (m *mover) rewriteRead(s *site, session string) {
	value, t := m.field(s, session), m.typeOf(s)
	switch {
	case s.op == opExists:
		if present := presentText(value, t); present != "" {
			if u, ok := s.parent().(*ast.UnaryExpr); ok && u.Op == token.NOT {
				s.f.replace(m.p.fset, u.Pos(), u.End(), negate(present))
				return
			}
			if _, ok := s.parent().(*ast.BinaryExpr); ok && strings.Contains(present, " ") {
				present = "(" + present + ")"
			}
			m.replaceNode(s, present)
			return
		}
		m.replaceNode(s, m.orNil(s, value)+" != nil")
	case s.op == opFlashes:
		m.replaceNode(s, fmt.Sprintf("%s(%s)", m.in(s.f, m.exported("anySlice")), value))
		m.need.anySlice = true
	case s.typ != nil: // GetString and the like
		m.replaceNode(s, value)
	default:
		m.rewriteAny(s, value, t)
	}
}

// rewriteAny rewrites a read whose result was any.
func (m *mover) rewriteAny(s *site, value string, t types.Type) {
	if b, ok := s.parent().(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		if s.f.pkg.TypesInfo.Types[b.X].IsNil() || s.f.pkg.TypesInfo.Types[b.Y].IsNil() {
			if present := presentText(value, t); present != "" && s.op == opGet {
				if b.Op == token.EQL {
					present = negate(present)
				}
				s.f.replace(m.p.fset, b.Pos(), b.End(), present)
				return
			}
		}
	}
	if assign, ok := s.parent().(*ast.AssignStmt); ok && len(assign.Lhs) == 2 && len(assign.Rhs) == 1 { // v, ok := session.Values[…]
		present := presentText(value, t)
		if present == "" {
			present = m.orNil(s, value) + " != nil"
		}
		m.replaceNode(s, m.orNil(s, value)+", "+present)
		return
	}
	a, same := asserted(s)
	if same && commaOK(s, a) == nil {
		s.f.replace(m.p.fset, a.Pos(), a.End(), value)
		return
	}
	if present := presentText(value, t); same && present != "" && s.op == opGet {
		if assign, ok := commaOK(s, a).(*ast.AssignStmt); ok && isBlank(assign.Lhs[1]) && assign.Tok == token.DEFINE {
			s.f.replace(m.p.fset, assign.Pos(), assign.End(), s.f.text(m.p.fset, assign.Lhs[0])+" := "+value)
			return
		} else if ok && isBlank(assign.Lhs[1]) {
			s.f.replace(m.p.fset, assign.Pos(), assign.End(), s.f.text(m.p.fset, assign.Lhs[0])+" = "+value)
			return
		}
		s.f.replace(m.p.fset, a.Pos(), a.End(), value+", "+present)
		return
	}
	m.replaceNode(s, m.orNil(s, value))
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

func (m *mover) orNil(s *site, value string) string {
	m.need.orNil = true
	return fmt.Sprintf("%s(%s)", m.in(s.f, m.exported("orNil")), value)
}

// exported returns the name of a helper, exported if other packages need it.
func (m *mover) exported(name string) string {
	if m.home.private {
		return name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
