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

// declare declares a variable for a session that a function uses several times.
func (m *mover) declare(sites []*site) {
	type where struct {
		fun   ast.Node
		group string
	}
	groups := map[where][]*site{}
	var order []where
	for _, s := range sites {
		if s.context == "" || s.fun() == nil {
			continue
		}
		w := where{s.fun(), s.group}
		if groups[w] == nil {
			order = append(order, w)
		}
		groups[w] = append(groups[w], s)
	}
	for _, w := range order {
		if group := groups[w]; len(group) > 1 {
			m.declareFor(w.fun, group)
		}
	}
}

func (m *mover) declareFor(fun ast.Node, group []*site) {
	slices.SortFunc(group, func(a, b *site) int { return cmp.Compare(a.node.Pos(), b.node.Pos()) })
	common := append(slices.Clone(group[0].path), group[0].node)
	for _, s := range group[1:] {
		own := append(slices.Clone(s.path), s.node)
		n := 0
		for n < len(common) && n < len(own) && common[n] == own[n] {
			n++
		}
		common = common[:n]
	}
	for len(common) > 0 && listOf(common[len(common)-1]) == nil {
		common = common[:len(common)-1]
	}
	if len(common) == 0 || !slices.Contains(common, fun) {
		return
	}
	list := listOf(common[len(common)-1])
	for _, stmt := range list {
		if stmt.Pos() <= group[0].node.Pos() && group[0].node.Pos() < stmt.End() {
			root, _, _ := strings.Cut(group[0].context, ".")
			if m.declaredAfter(group[0].f, fun, root, stmt.Pos()) {
				return
			}
			lower := lowerFirst(m.home.typ)
			name := unused(idents(fun), lower, "sess", lower+"Session")
			group[0].f.insert(m.p.fset, stmt.Pos(), fmt.Sprintf("%s := %s(%s)\n", name, m.in(group[0].f, m.home.of), group[0].context))
			for _, s := range group {
				s.name = name
			}
			return
		}
	}
}

// declaredAfter reports whether a variable of that name is declared in the function
// after the position.
func (m *mover) declaredAfter(f *file, fun ast.Node, name string, at token.Pos) bool {
	after := false
	ast.Inspect(fun, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name && f.pkg.TypesInfo.Defs[id] != nil && id.Pos() >= at {
			after = true
		}
		return true
	})
	return after
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

// inEdit rewrites a read within an edit to one of the edit's argument.
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
	case opPersist:
		if s.persist != "" {
			m.replaceNode(s, fmt.Sprintf("%s.Persist(%s)", session, s.persist))
			return
		}
		m.replaceNode(s, fmt.Sprintf("%s.Persist(%s)", session, s.f.text(m.p.fset, s.value)))
	case opDeadline:
		m.replaceNode(s, session+".Deadline()")
	case opSetDeadline:
		m.replaceNode(s, fmt.Sprintf("%s.SetDeadline(%s)", session, s.f.text(m.p.fset, s.value)))
	}
}

func (m *mover) replaceNode(s *site, text string) {
	s.f.replace(m.p.fset, s.node.Pos(), s.node.End(), text)
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
	fset := m.p.fset
	if _, ok := s.node.(ast.Stmt); ok {
		return m.removeStatement(s, stmt)
	}
	switch p := s.parent().(type) {
	case *ast.ExprStmt:
		return m.removeStatement(s, stmt)
	case *ast.AssignStmt:
		list, at, ok := s.statement()
		if !ok || len(p.Lhs) != 1 {
			break
		}
		if ifStmt, isIf := list[at].(*ast.IfStmt); isIf && ifStmt.Init == ast.Stmt(p) {
			if checksOnly(ifStmt, p.Lhs[0]) {
				s.f.replace(fset, ifStmt.Pos(), ifStmt.End(), stmt)
				m.dropWithin(s.f, ifStmt)
				return true
			}
			break
		}
		if list[at] != ast.Stmt(p) {
			break
		}
		if isBlank(p.Lhs[0]) {
			s.f.replace(fset, p.Pos(), p.End(), stmt)
			return true
		}
		end := p.End()
		if at+1 < len(list) {
			if ifStmt, ok := list[at+1].(*ast.IfStmt); ok && ifStmt.Init == nil && checksOnly(ifStmt, p.Lhs[0]) {
				end = ifStmt.End()
				m.dropWithin(s.f, ifStmt)
			}
		}
		id, isIdent := p.Lhs[0].(*ast.Ident)
		if !isIdent {
			break
		}
		obj := s.f.pkg.TypesInfo.Defs[id]
		switch {
		case p.Tok == token.DEFINE && obj != nil && m.usedOutside(s.f, obj, p.Pos(), end):
			stmt = strings.TrimSpace(stmt + "\nvar " + id.Name + " error")
		case p.Tok == token.ASSIGN && end == p.End():
			stmt = strings.TrimSpace(stmt + "\n" + id.Name + " = nil")
		case p.Tok == token.ASSIGN && m.usedOutside(s.f, s.f.pkg.TypesInfo.Uses[id], p.Pos(), end) && !m.reassigned(list[at+1:], id.Name):
			stmt = strings.TrimSpace(stmt + "\n" + id.Name + " = nil")
		}
		s.f.replace(fset, p.Pos(), end, stmt)
		return true
	case *ast.ReturnStmt:
		if list, at, ok := s.statement(); ok && list[at] == ast.Stmt(p) && len(p.Results) == 1 && stmt != "" {
			s.f.replace(fset, p.Pos(), p.End(), stmt+"\nreturn nil")
			return true
		}
	}
	if stmt == "" {
		return false
	}
	m.replaceNode(s, "func() error { "+stmt+"; return nil }()")
	return true
}

// reassigned reports that nothing needs the variable's value any more: which
// is not known, so that nil is assigned only if a later statement may read it.
func (m *mover) reassigned(rest []ast.Stmt, name string) bool {
	for _, stmt := range rest {
		if assign, ok := stmt.(*ast.AssignStmt); ok {
			for _, lhs := range assign.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && id.Name == name {
					return true
				}
			}
		}
		if idents(stmt)[name] {
			if i, ok := stmt.(*ast.IfStmt); ok && i.Init != nil {
				continue
			}
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
