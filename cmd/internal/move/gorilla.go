package move

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

const (
	gorillaPath = "github.com/gorilla/sessions"
	ginPath     = "github.com/gin-contrib/sessions"
	echoPath    = "github.com/labstack/echo-contrib"
)

func isGorilla(t types.Type) bool { return isNamed(t, gorillaPath, "Session") }

func isGin(t types.Type) bool { return isNamed(t, ginPath, "Session") }

func isOld(t types.Type) bool { return isGorilla(t) || isGin(t) }

// findGorilla finds the uses of sessions of gorilla/sessions, and of the libraries that
// build on it.
func findGorilla(m *mover) {
	m.old = library{name: "gorilla/sessions", path: gorillaPath, guide: "from-gorilla.md"}
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
			if inStore(f, path) {
				return
			}
			switch n := n.(type) {
			case *ast.AssignStmt:
				m.gorillaAssign(f, n, path)
			case *ast.IndexExpr:
				m.gorillaIndex(f, n, path)
			case *ast.CallExpr:
				m.gorillaCall(f, n, path)
			case *ast.SelectorExpr:
				m.gorillaSelector(f, n, path)
			case *ast.RangeStmt:
				m.gorillaRange(f, n, path)
			case *ast.CompositeLit:
				m.cookiePlace(f, n)
			case ast.Expr:
				if tv := f.pkg.TypesInfo.Types[n]; tv.IsType() && isOld(tv.Type) {
					m.touch(f)
				}
			}
		})
	})
	if m.gin {
		m.old.name = "gin-contrib/sessions"
	} else if m.echo != "" {
		m.old.name = "echo-contrib/session"
	}
}

// inStore reports whether the code is a method of a store for gorilla/sessions. A
// program's own store stays as it is: it reads the sessions from before.
func inStore(f *file, path []ast.Node) bool {
	for _, n := range path {
		if decl, ok := n.(*ast.FuncDecl); ok && decl.Recv != nil && len(decl.Recv.List) > 0 {
			return isStore(f.pkg.TypesInfo.TypeOf(decl.Recv.List[0].Type))
		}
	}
	return false
}

// newSite returns a site for the session that the expression names.
func (m *mover) newSite(f *file, n ast.Node, path []ast.Node, session ast.Expr, o op) *site {
	m.touch(f)
	s := &site{f: f, node: n, path: slices.Clone(path), op: o, group: f.sourceOf(m.p.fset, session)}
	if id, ok := session.(*ast.Ident); ok {
		s.variable = declared(m.p.fset, f.pkg.TypesInfo.Uses[id])
	}
	if call, ok := ast.Unparen(session).(*ast.CallExpr); ok && m.isDefault(f, call) {
		s.context = f.sourceOf(m.p.fset, call.Args[0]) + ".Request.Context()"
	}
	return s
}

func (m *mover) addSite(s *site) { m.sites = append(m.sites, s) }

// isDefault reports whether the call gets gin's session.
func (m *mover) isDefault(f *file, call *ast.CallExpr) bool {
	fn := calledFunc(f.pkg.TypesInfo, call)
	return fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == ginPath && (fn.Name() == "Default" || fn.Name() == "DefaultMany")
}

// valuesOf returns the session whose Values the expression is.
func valuesOf(f *file, e ast.Expr) (ast.Expr, bool) {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Values" || !isGorilla(f.pkg.TypesInfo.TypeOf(sel.X)) {
		return nil, false
	}
	return sel.X, true
}

// gorillaAssign finds values that are put, and options that are set.
func (m *mover) gorillaAssign(f *file, n *ast.AssignStmt, path []ast.Node) {
	for i, lhs := range n.Lhs {
		if ix, ok := lhs.(*ast.IndexExpr); ok {
			if session, ok := valuesOf(f, ix.X); ok && len(n.Lhs) == len(n.Rhs) {
				s := m.newSite(f, n, path, session, opPut)
				s.keyExpr, s.value = ix.Index, n.Rhs[i]
				if f.pkg.TypesInfo.Types[s.value].IsNil() {
					s.op, s.value = opRemove, nil
				}
				m.addSite(s)
			}
		}
	}
	if len(n.Lhs) != 1 || len(n.Rhs) != 1 {
		return
	}
	if session, ok := valuesOf(f, n.Lhs[0]); ok { // session.Values = make(…)
		m.addSite(m.newSite(f, n, path, session, opClear))
		return
	}
	m.gorillaOptions(f, n, path)
}

// gorillaIndex finds values that are read.
func (m *mover) gorillaIndex(f *file, n *ast.IndexExpr, path []ast.Node) {
	session, ok := valuesOf(f, n.X)
	if !ok {
		return
	}
	if assign, ok := path[len(path)-1].(*ast.AssignStmt); ok && slices.Contains(assign.Lhs, ast.Expr(n)) {
		return
	}
	s := m.newSite(f, n, path, session, opGet)
	s.keyExpr = n.Index
	m.addSite(s)
}

// gorillaRange finds loops that delete all values.
func (m *mover) gorillaRange(f *file, n *ast.RangeStmt, path []ast.Node) {
	session, ok := valuesOf(f, n.X)
	if !ok {
		return
	}
	if len(n.Body.List) == 1 {
		if stmt, ok := n.Body.List[0].(*ast.ExprStmt); ok {
			if call, ok := stmt.X.(*ast.CallExpr); ok && isDelete(call) {
				s := m.newSite(f, n, path, session, opClear)
				m.addSite(s)
				return
			}
		}
	}
	m.leave(f, n.X, "the values are fields of a struct now", guideChange)
}

func isDelete(call *ast.CallExpr) bool {
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "delete" && len(call.Args) == 2
}

// gorillaCall finds calls of a session's methods, and calls that get or save one.
func (m *mover) gorillaCall(f *file, n *ast.CallExpr, path []ast.Node) {
	info := f.pkg.TypesInfo
	if isDelete(n) {
		if session, ok := valuesOf(f, n.Args[0]); ok && !m.clears(f, path) {
			s := m.newSite(f, n, path, session, opRemove)
			s.keyExpr = n.Args[1]
			m.addSite(s)
		}
		return
	}
	if sel, ok := n.Fun.(*ast.SelectorExpr); ok && isOld(info.TypeOf(sel.X)) {
		m.sessionMethod(f, n, sel, path)
		return
	}
	fn := calledFunc(info, n)
	if fn == nil || fn.Pkg() == nil {
		return
	}
	results := fn.Signature().Results()
	switch {
	case fn.Pkg().Path() == echoPath+"/session" && fn.Name() == "Get":
		m.getter(f, n, path, 1, 0, ".Request()")
	case fn.Pkg().Path() == echoPath+"/session" && strings.HasPrefix(fn.Name(), "Middleware"):
		m.echo = echoOf(fn)
		m.mounts = append(m.mounts, mount{f, n, n.Args[0], true})
		m.touch(f)
	case fn.Pkg().Path() == ginPath && strings.HasPrefix(fn.Name(), "Sessions"):
		m.gin = true
		m.ginMount(f, n)
	case fn.Pkg().Path() == ginPath && (fn.Name() == "Default" || fn.Name() == "DefaultMany"):
		m.gin = true
		m.touch(f)
		m.getters = append(m.getters, getter{f, n, f.sourceOf(m.p.fset, n.Args[0]), path[len(path)-1]})
	case fn.Pkg().Path() == gorillaPath && fn.Name() == "Save" && fn.Signature().Recv() == nil && len(n.Args) == 2,
		fn.Name() == "Save" && len(n.Args) == 3 && isGorilla(info.TypeOf(n.Args[2])) && !strings.HasPrefix(fn.Pkg().Path(), m.p.module):
		m.touch(f)
		s := &site{f: f, node: n, path: slices.Clone(path), op: opSave}
		s.saveContext = f.sourceOf(m.p.fset, n.Args[0]) + ".Context()"
		s.context, s.group = s.saveContext, s.saveContext
		m.addSite(s)
	case (fn.Name() == "Get" || fn.Name() == "New") && fn.Signature().Recv() != nil && results.Len() == 2 && isGorilla(results.At(0).Type()) &&
		len(n.Args) == 2 && isNamed(info.TypeOf(n.Args[0]), "net/http", "Request"):
		m.getter(f, n, path, 0, 1, "")
		if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
			m.noteStore(f, sel.X)
		}
	}
}

// clears reports whether a delete is in a loop that deletes all values.
func (m *mover) clears(f *file, path []ast.Node) bool {
	for _, n := range path {
		if r, ok := n.(*ast.RangeStmt); ok {
			if _, ok := valuesOf(f, r.X); ok && len(r.Body.List) == 1 {
				return true
			}
		}
	}
	return false
}

// echoOf returns the path of echo that the middleware is for.
func echoOf(fn *types.Func) string {
	t := fn.Signature().Results().At(0).Type()
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		return n.Obj().Pkg().Path()
	}
	return "github.com/labstack/echo/v4"
}

// A getter is a call that gets a session.
type getter struct {
	f       *file
	call    *ast.CallExpr
	request string
	parent  ast.Node
}

func (m *mover) getter(f *file, n *ast.CallExpr, path []ast.Node, request, name int, suffix string) {
	m.touch(f)
	m.getters = append(m.getters, getter{f, n, f.sourceOf(m.p.fset, n.Args[request]) + suffix, nil})
	m.sessionName(f, n.Args[name])
	if assign, ok := path[len(path)-1].(*ast.AssignStmt); ok {
		if id, ok := assign.Lhs[0].(*ast.Ident); ok {
			if name, _, ok := m.keys.name(f, n.Args[name]); ok {
				m.nameOf[declared(m.p.fset, f.pkg.TypesInfo.ObjectOf(id))] = name
			}
		}
	}
}

func (m *mover) sessionName(f *file, e ast.Expr) {
	if name, _, ok := m.keys.name(f, e); ok && !slices.Contains(m.oldNames, name) {
		m.oldNames = append(m.oldNames, name)
	}
}

// sessionMethod finds the meaning of a session's method.
func (m *mover) sessionMethod(f *file, n *ast.CallExpr, sel *ast.SelectorExpr, path []ast.Node) {
	gin := isGin(f.pkg.TypesInfo.TypeOf(sel.X))
	s := m.newSite(f, n, path, sel.X, opGet)
	arg := func(i int) ast.Expr {
		if i < len(n.Args) {
			return n.Args[i]
		}
		return nil
	}
	switch sel.Sel.Name {
	case "AddFlash":
		s.op, s.value, s.keyExpr, s.defaultKey = opAddFlash, arg(0), arg(1), "_flash"
	case "Flashes":
		s.op, s.keyExpr, s.defaultKey = opFlashes, arg(0), "_flash"
	case "Save":
		s.op = opSave
		if gin {
			s.saveContext = m.ginContext(s) + ".Request.Context()"
		} else {
			s.saveContext = f.sourceOf(m.p.fset, arg(0)) + ".Context()"
		}
	case "Get":
		s.keyExpr = arg(0)
	case "Set":
		s.op, s.keyExpr, s.value = opPut, arg(0), arg(1)
		if f.pkg.TypesInfo.Types[s.value].IsNil() {
			s.op, s.value = opRemove, nil
		}
	case "Delete":
		s.op, s.keyExpr = opRemove, arg(0)
	case "Clear":
		s.op = opClear
	case "Options":
		m.options(f, n, path, sel.X, fieldsOf(arg(0)))
		return
	case "ID":
		s.op = opID
	default:
		m.leave(f, n, sel.Sel.Name+" has no counterpart", guideChange)
		return
	}
	m.addSite(s)
}

// ginContext returns the name of gin's context around the site.
func (m *mover) ginContext(s *site) string {
	for _, n := range slices.Backward(s.path) {
		var t *ast.FuncType
		switch n := n.(type) {
		case *ast.FuncDecl:
			t = n.Type
		case *ast.FuncLit:
			t = n.Type
		}
		if t == nil {
			continue
		}
		for _, field := range t.Params.List {
			if len(field.Names) > 0 && isNamed(s.f.pkg.TypesInfo.TypeOf(field.Type), "github.com/gin-gonic/gin", "Context") {
				return field.Names[0].Name
			}
		}
	}
	m.leave(s.f, s.node, "there is no context at hand to commit with", guideChange)
	return "c"
}

// gorillaSelector finds fields of a session that are methods now.
func (m *mover) gorillaSelector(f *file, n *ast.SelectorExpr, path []ast.Node) {
	if !isGorilla(f.pkg.TypesInfo.TypeOf(n.X)) {
		return
	}
	switch n.Sel.Name {
	case "IsNew":
		m.addSite(m.newSite(f, n, path, n.X, opIsNew))
	case "ID":
		m.addSite(m.newSite(f, n, path, n.X, opID))
	case "Values":
		if !isElement(n, path[len(path)-1]) {
			m.leave(f, n, "the values are fields of a struct now", guideChange)
		}
	case "Options":
		assign := path[len(path)-1]
		if _, ok := assign.(*ast.SelectorExpr); ok {
			assign = path[len(path)-2]
		}
		if a, ok := assign.(*ast.AssignStmt); !ok || !contains(a.Lhs[0], n) {
			m.leave(f, n, "the cookie's options are the manager's: Manager.Options", guideManager)
		}
	}
}

// isElement reports whether the session's values are used one by one, or replaced.
func isElement(values *ast.SelectorExpr, parent ast.Node) bool {
	switch p := parent.(type) {
	case *ast.IndexExpr:
		return p.X == values
	case *ast.RangeStmt:
		return p.X == values
	case *ast.CallExpr:
		return isDelete(p)
	case *ast.AssignStmt:
		return slices.Contains(p.Lhs, ast.Expr(values))
	}
	return false
}

// rewriteGorilla rewrites types, calls that get a session, and the middleware.
func rewriteGorilla(m *mover) {
	for _, g := range m.getters {
		text := fmt.Sprintf("%sGet[%s](%s)", placeholder, m.in(g.f, m.home.typ), g.request)
		if g.parent != nil { // gin's
			if sel, ok := g.parent.(*ast.SelectorExpr); ok && sel.X == ast.Expr(g.call) {
				continue // rewritten with its method
			}
			text = fmt.Sprintf("%s(%s.Request.Context())", m.in(g.f, m.home.of), g.request)
		} else {
			g.f.imports[libraryPath] = "sessions"
		}
		g.f.replace(m.p.fset, g.call.Pos(), g.call.End(), text)
		m.count.rewritten++
	}
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
			e, ok := n.(ast.Expr)
			if !ok || inStore(f, path) {
				return
			}
			tv := f.pkg.TypesInfo.Types[e]
			star, isStar := e.(*ast.StarExpr)
			if !tv.IsType() || !(isStar && isGorilla(f.pkg.TypesInfo.TypeOf(star.X)) || !isStar && isGin(tv.Type)) || m.rewritten(f, e) {
				return
			}
			f.imports[libraryPath] = "sessions"
			f.replace(m.p.fset, e.Pos(), e.End(), fmt.Sprintf("*%sSession[%s]", placeholder, m.in(f, m.home.typ)))
		})
	})
	m.dropUnused()
	if !m.gin && m.echo == "" {
		m.findServers()
	}
	for _, at := range m.mounts {
		m.mount(at)
	}
	m.notes = append(m.notes, Item{Pos: token.Position{Filename: m.home.path}, Code: "oldCookies",
		Why: "must have the Path and Domain that the old cookies were set with: another one stays in the browser, and is refused with a warning", Guide: guideMove})
	if len(m.oldNames) > 1 {
		m.notes = append(m.notes, Item{Pos: token.Position{Filename: m.home.path}, Code: strings.Join(m.oldNames, ", "),
			Why: "the sessions of these names are one now: Destroy and Clear are for all their keys", Guide: guideDeclare})
	}
}
