package move

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// sessionsPath is imported for Take; the file's name for it is decided last.
const (
	libraryPath = "github.com/seed48429006/sessions"
	placeholder = "sessionsOfThisLibrary." // the qualifier of the library's root, until the file's imports are known
)

// in qualifies a name of the home package for a file.
func (m *mover) in(f *file, name string) string {
	if f.pkg.PkgPath == m.home.path {
		return name
	}
	f.imports[m.home.path] = m.home.name
	return m.home.name + "." + name
}

// spell returns the code of a type in a file.
func (m *mover) spell(f *file) func(types.Type) string {
	return func(t types.Type) string {
		return types.TypeString(t, func(p *types.Package) string {
			if p.Path() == f.pkg.PkgPath {
				return ""
			}
			f.imports[p.Path()] = p.Name()
			return p.Name()
		})
	}
}

// session returns the code of the site's session.
func (m *mover) session(s *site) string {
	switch {
	case s.name != "":
		return s.name
	case s.context != "":
		return fmt.Sprintf("%s(%s)", m.in(s.f, m.home.of), s.context)
	}
	return s.group
}

// rewrite rewrites all sites whose keys become fields.
func (m *mover) rewrite() {
	ready := slices.DeleteFunc(slices.Clone(m.sites), func(s *site) bool { return !m.ready(s) })
	m.declare(ready)
	for _, s := range ready {
		if s.op == opRenew && !s.done {
			m.logIn(s, ready)
		}
	}
	for _, s := range ready {
		if (s.op == opPut || s.op == opRemove || s.op == opAddFlash) && !s.done {
			m.update(s, ready)
		}
	}
	inner := slices.Clone(ready)
	slices.SortStableFunc(inner, func(a, b *site) int { return cmp.Compare(len(b.path), len(a.path)) })
	for _, s := range inner {
		if !s.done {
			m.rewriteSite(s)
		}
	}
}

// ready reports whether the site can be rewritten, and lists it if not.
func (m *mover) ready(s *site) bool {
	switch {
	case s.keyExpr == nil && s.defaultKey == "":
		return true
	case s.helper != nil && (s.helper.unbound || s.helper.typ == nil):
		m.leave(s.f, s.node, "the key is not known where the program is compiled", guideChange)
	case s.helper != nil:
		for _, name := range s.helper.keys {
			if k := m.keys.of(name); k.left != "" {
				m.leave(s.f, s.node, fmt.Sprintf("key %q: %s", name, k.left), guideDeclare)
				return false
			}
		}
		return true
	case s.key == nil:
		m.leave(s.f, s.node, "the key is not known where the program is compiled", guideChange)
	case s.key.left != "":
		m.leave(s.f, s.node, fmt.Sprintf("key %q: %s", s.key.name, s.key.left), guideDeclare)
	default:
		return true
	}
	return false
}

// logIn makes one log-in of a renewal and the edit beside it that sets the owner.
func (m *mover) logIn(s *site, sites []*site) {
	list, at, ok := s.statement()
	if !ok || m.ownerKey == nil {
		return
	}
	for _, other := range sites {
		if other.op != opPut || other.key != m.ownerKey || other.group != s.group || other.f != s.f {
			continue
		}
		if l, i, ok := other.statement(); ok && &l[0] == &list[0] && i != at {
			if m.remove(s, "") {
				s.done = true
				other.op = opPut
				m.logIns[other] = true
			}
			return
		}
	}
}

// update rewrites a run of statements that change one session.
func (m *mover) update(s *site, sites []*site) {
	list, at, ok := s.statement()
	if !ok || !isStatement(list[at], s) {
		m.leave(s.f, s.node, "the change is part of another statement", guideChange)
		return
	}
	var run []*site
	last := at - 1
	for i := at; i < len(list); i++ {
		here := len(run)
		for _, o := range sites {
			if !o.done && o.f == s.f && o.group == s.group && (o.op == opPut || o.op == opRemove || o.op == opAddFlash) && isStatement(list[i], o) {
				run = append(run, o)
			}
		}
		if assign, ok := list[i].(*ast.AssignStmt); ok && len(run)-here < len(assign.Lhs) {
			run = run[:here] // it assigns to something else, too
		}
		if len(run) == here {
			break
		}
		last = i
	}
	if len(run) == 0 {
		m.leave(s.f, s.node, "the change is part of another statement", guideChange)
		return
	}
	values := []ast.Node{}
	for _, r := range run {
		if r.value != nil {
			values = append(values, r.value)
		}
		if r.helper != nil {
			values = append(values, r.keyExpr)
		}
	}
	param := unused(idents(values...), strings.ToLower(m.home.typ[:1]), "value", "edited")
	var before, lines []string
	verb := "Update"
	for _, r := range run {
		hoisted, line := m.line(r, param, sites)
		before, lines = append(before, hoisted...), append(lines, line)
		if m.logIns[r] || m.logsInByPut(r) {
			verb = "LogIn"
		}
		r.done = true
	}
	body := " " + lines[0] + " "
	if len(lines) > 1 {
		body = "\n" + strings.Join(lines, "\n") + "\n"
	}
	text := fmt.Sprintf("%s.%s(func(%s *%s) {%s})", m.session(s), verb, param, m.in(s.f, m.home.typ), body)
	text = strings.Join(append(before, text), "\n")
	m.count.rewritten += len(run)
	s.f.replace(m.p.fset, list[at].Pos(), list[last].End(), text)
}

// logsInByPut reports whether setting the owner is the log-in, in libraries without
// renewal.
func (m *mover) logsInByPut(s *site) bool {
	return !m.old.renews && s.op == opPut && s.key == m.ownerKey && m.ownerKey != nil && !isZeroConstant(s.f.pkg.TypesInfo, s.value)
}

func isZeroConstant(info *types.Info, e ast.Expr) bool {
	v := info.Types[e].Value
	return v != nil && slices.Contains([]string{`""`, "0", "false"}, v.ExactString())
}

// isStatement reports whether the statement is nothing but the site.
func isStatement(stmt ast.Stmt, s *site) bool {
	if stmt == s.node {
		return true
	}
	e, ok := stmt.(*ast.ExprStmt)
	return ok && ast.Unparen(e.X) == s.node
}

// line returns the statement of an edit for a site, and what must be computed before
// the edit, because it must happen once.
func (m *mover) line(s *site, param string, sites []*site) (before []string, line string) {
	target := param
	if s.helper != nil {
		target = fmt.Sprintf("*%s(%s, %s)", m.in(s.f, m.fieldFunc(s.helper)), param, m.keyText(s))
	} else {
		target += "." + s.key.field
	}
	if s.op == opRemove {
		return nil, target + " = " + m.zero(s)
	}
	clean := pureWithout(s, sites)
	for _, inner := range sites {
		if inner == s || inner.done || inner.f != s.f || !contains(s.value, inner.node) {
			continue
		}
		if clean && inner.op == opGet && inner.group == s.group && inner.helper == nil {
			m.inEdit(inner, param)
		} else {
			m.rewriteSite(inner)
		}
		inner.done = true
	}
	value := s.f.text(m.p.fset, s.value)
	if !clean {
		name := unused(m.used(s), "value", lowerFirst(fieldNameOf(s))+"Value")
		m.used(s)[name] = true
		before, value = append(before, name+" := "+value), name
	}
	if s.op == opAddFlash {
		return before, fmt.Sprintf("%s = append(%s, %s)", target, target, value)
	}
	return before, target + " = " + value
}

func fieldNameOf(s *site) string {
	if s.key != nil {
		return s.key.field
	}
	return "helper"
}

// used returns the names in use in the function around the site.
func (m *mover) used(s *site) map[string]bool {
	fun := s.fun()
	if m.names[fun] == nil {
		m.names[fun] = idents(fun)
	}
	return m.names[fun]
}

// pureWithout reports whether the value may be computed again, with the program's
// own reads of the same session.
func pureWithout(s *site, sites []*site) bool {
	ok := true
	ast.Inspect(s.value, func(n ast.Node) bool {
		for _, inner := range sites {
			if inner != s && inner.node == n && inner.f == s.f {
				if inner.op != opGet || inner.group != s.group || inner.helper != nil || assertsOK(inner) {
					ok = false
				}
				return false
			}
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			ok = ok && pureCall(s.f.pkg.TypesInfo, n)
		case *ast.FuncLit:
			ok = false
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		}
		return ok
	})
	return ok
}

func contains(outer, inner ast.Node) bool {
	return outer != nil && outer.Pos() <= inner.Pos() && inner.End() <= outer.End()
}

func (m *mover) keyText(s *site) string { return s.f.text(m.p.fset, s.keyExpr) }

func (m *mover) typeOf(s *site) types.Type {
	if s.helper != nil {
		return s.helper.typ
	}
	return s.key.typ
}

func (m *mover) zero(s *site) string {
	return cmp.Or(zeroText(m.typeOf(s), m.spell(s.f)), "*new("+m.spell(s.f)(m.typeOf(s))+")")
}

// rewriteSite rewrites a site that is an expression, or a statement of its own.
func (m *mover) rewriteSite(s *site) {
	s.done = true
	m.count.rewritten++
	session := m.session(s)
	switch s.op {
	case opGet, opPop, opExists, opFlashes:
		m.rewriteRead(s, session)
	case opRenew:
		m.remove(s, session+".Renew()")
	case opClear:
		m.remove(s, session+".Clear()")
	case opDestroy:
		m.remove(s, session+".Destroy()")
	case opSave:
		m.rewriteSave(s, session)
	case opOptions:
		m.removeStatement(s, "")
	case opIsNew:
		m.replaceNode(s, session+".IsNew()")
	case opID:
		m.replaceNode(s, session+".ID().String()")
	case opRemember:
		if s.remember != "" {
			m.replaceNode(s, fmt.Sprintf("%s.Remember(%s)", session, s.remember))
			return
		}
		m.replaceNode(s, fmt.Sprintf("%s.Remember(%s)", session, s.f.text(m.p.fset, s.value)))
	case opDeadline:
		m.replaceNode(s, session+".Deadline()")
	case opSetDeadline:
		m.replaceNode(s, fmt.Sprintf("%s.SetDeadline(%s)", session, s.f.text(m.p.fset, s.value)))
	}
}

func (m *mover) replaceNode(s *site, text string) {
	s.f.replace(m.p.fset, s.node.Pos(), s.node.End(), text)
}
