package move

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
)

const (
	gorillaPath = "github.com/gorilla/sessions"
	ginPath     = "github.com/gin-contrib/sessions"
	echoPath    = "github.com/labstack/echo-contrib"
)

func isGorilla(t types.Type) bool { return isNamed(t, gorillaPath, "Session") }
func isGin(t types.Type) bool     { return isNamed(t, ginPath, "Session") }
func isOld(t types.Type) bool     { return isGorilla(t) || isGin(t) }

// findGorilla finds what a program does with sessions of gorilla/sessions, and of
// the libraries that are made of it.
func findGorilla(m *mover) {
	m.old = library{name: "gorilla/sessions", path: gorillaPath, guide: "from-gorilla.md"}
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
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
	s := m.newSite(f, n, path, session, opOptions)
	if maxAge != nil {
		v := f.pkg.TypesInfo.Types[maxAge].Value
		switch {
		case v != nil && constant.Sign(v) < 0:
			s.op = opDestroy
		case v != nil && len(set) == 1:
			s.op = opPersist
			s.persist = fmt.Sprint(constant.Sign(v) > 0)
			m.note(f, n, "Persist says only whether the session outlives the browser; how long is in Options.Lifetime and Remember", guideManager)
		}
	}
	if s.op == opOptions {
		m.note(f, n, "the cookie's options are the manager's: set them where it is made", guideManager)
	}
	m.addSite(s)
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

// sessionMethod finds what a method of a session does.
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
	}
}

// noteStore remembers a package's variable that holds the old store.
func (m *mover) noteStore(f *file, e ast.Expr) {
	id := lastIdent(e)
	if id == nil {
		return
	}
	if v, ok := f.pkg.TypesInfo.Uses[id].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		m.stores = append(m.stores, v)
	}
}

// A mount is a place where the old library's middleware is, or where a server gets
// its handler.
type mount struct {
	f     *file
	node  ast.Expr
	store ast.Expr // nil if it is to be found
	echo  bool
}

func (m *mover) ginMount(f *file, n *ast.CallExpr) {
	m.touch(f)
	m.mounts = append(m.mounts, mount{f, n, n.Args[1], false})
	if lit, ok := n.Args[0].(*ast.CompositeLit); ok {
		for _, e := range lit.Elts {
			m.sessionName(f, e)
		}
		return
	}
	m.sessionName(f, n.Args[0])
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
			if !ok {
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
	if len(m.oldNames) > 1 {
		m.notes = append(m.notes, Item{Pos: token.Position{Filename: m.home.dir}, Code: strings.Join(m.oldNames, ", "),
			Why: "the sessions of these names are one now: Destroy and Clear are for all their keys", Guide: guideDeclare})
	}
}

// mount puts the new manager where sessions of the old library begin.
func (m *mover) mount(at mount) {
	fset := m.p.fset
	store := ""
	if at.store != nil {
		store = at.f.sourceOf(fset, at.store)
	} else {
		store = m.storeAt(at)
	}
	if store == "" {
		m.leave(at.f, at.node, fmt.Sprintf("the store is not at hand here: give this handler to %s(store, …).Handler", m.home.new), guideManager)
		return
	}
	manager := fmt.Sprintf("%s(%s, %s)", m.in(at.f, m.home.new), store, m.memory(at.f))
	text := ""
	switch {
	case at.echo:
		at.f.imports[m.echo] = "echo"
		text = fmt.Sprintf("echo.WrapMiddleware(%s.Handler)", manager)
	case m.gin:
		text = manager + ".Gin()"
	case at.f.pkg.TypesInfo.Types[at.node].IsNil():
		text = manager + ".Handler(http.DefaultServeMux)"
	default:
		if at.f.isTest() {
			manager = m.testManager(at.f, store)
		}
		text = fmt.Sprintf("%s.Handler(%s)", manager, at.f.text(fset, at.node))
	}
	at.f.replace(fset, at.node.Pos(), at.node.End(), text)
	m.count.rewritten++
	if !at.f.isTest() && m.storeLeft {
		m.note(at.f, at.node, "another manager is made here, with a store of its own: share one, or take it away if these handlers use no sessions", guideManager)
	} else if !at.f.isTest() {
		m.storeLeft = true
		m.leave(at.f, at.node, "sessions are kept in memory until you choose a store on the server", guideManager)
	}
}

// testManager returns the code of the manager that all tests of a package share, so
// that sessions live from request to request.
func (m *mover) testManager(f *file, store string) string {
	if strings.ContainsAny(store, ".(") || f.pkg.Types.Scope().Lookup(store) == nil {
		return fmt.Sprintf("%s(%s, %s)", m.in(f, m.home.new), store, m.memory(f))
	}
	delete(f.imports, libraryPath+"/stores/memstore")
	name := "test" + m.home.typ + "s"
	m.seeded[f.pkg.PkgPath+" "+f.syntax.Name.Name] = f
	m.testStores[f.pkg.PkgPath+" "+f.syntax.Name.Name] = store
	return name
}

// storeAt returns the code of the old store at a place: a variable of the package, a
// local variable, or a field of one.
func (m *mover) storeAt(at mount) string {
	for _, v := range m.stores {
		if v.Pkg().Path() == at.f.pkg.PkgPath {
			return v.Name()
		}
		if v.Exported() && v.Pkg().Name() != "main" {
			at.f.imports[v.Pkg().Path()] = v.Pkg().Name()
			return v.Pkg().Name() + "." + v.Name()
		}
	}
	scope := at.f.pkg.Types.Scope().Innermost(at.node.Pos())
	for ; scope != nil && scope != types.Universe; scope = scope.Parent() {
		for _, name := range scope.Names() {
			v, ok := scope.Lookup(name).(*types.Var)
			if !ok || v.Pos() > at.node.Pos() && scope != at.f.pkg.Types.Scope() {
				continue
			}
			if isStore(v.Type()) {
				return name
			}
			if field := storeField(v.Type(), at.f.pkg.Types); field != "" {
				return name + "." + field
			}
		}
	}
	return ""
}

// isStore reports whether values of type t are stores of gorilla/sessions.
func isStore(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "New")
	f, ok := obj.(*types.Func)
	if !ok || f.Signature().Recv() == nil || f.Signature().Results().Len() != 2 {
		return false
	}
	return isGorilla(f.Signature().Results().At(0).Type())
}

func storeField(t types.Type, in *types.Package) string {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	for f := range s.Fields() {
		if (f.Exported() || f.Pkg() == in) && isStore(f.Type()) {
			return f.Name()
		}
	}
	return ""
}

// findServers finds the handlers that servers get.
func (m *mover) findServers() {
	using := map[string]bool{}
	for _, f := range m.touched {
		using[f.pkg.PkgPath] = true
	}
	isWrapped := func(f *file, e ast.Expr) bool { // the handler of a server, which is wrapped where the server gets it
		sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
		return ok && isServerHandler(f.pkg.TypesInfo, sel.Sel)
	}
	m.p.each(func(f *file) {
		info := f.pkg.TypesInfo
		if f.isTest() && !using[f.pkg.PkgPath] || !m.usesSessions(f.pkg.Types, using) {
			return // a server of something else
		}
		walk(f, func(n ast.Node, path []ast.Node) {
			switch n := n.(type) {
			case *ast.CallExpr:
				fn := calledFunc(info, n)
				if fn == nil || fn.Pkg() == nil {
					return
				}
				switch full := fn.FullName(); {
				case full == "net/http.ListenAndServe", full == "net/http.Serve":
					m.mounts = append(m.mounts, mount{f: f, node: n.Args[1]})
				case full == "net/http.ListenAndServeTLS":
					m.mounts = append(m.mounts, mount{f: f, node: n.Args[3]})
				case strings.HasPrefix(full, "net/http/httptest.New") && strings.HasSuffix(full, "Server"):
					m.mounts = append(m.mounts, mount{f: f, node: n.Args[0]})
				case f.isTest() && fn.Name() == "ServeHTTP" && len(n.Args) == 2:
					if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
						m.mounts = append(m.mounts, mount{f: f, node: sel.X})
					}
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && isServerHandler(info, id) {
					m.mounts = append(m.mounts, mount{f: f, node: n.Value})
				}
			case *ast.AssignStmt:
				if sel, ok := n.Lhs[0].(*ast.SelectorExpr); ok && len(n.Lhs) == 1 && isServerHandler(info, sel.Sel) {
					m.mounts = append(m.mounts, mount{f: f, node: n.Rhs[0]})
				}
			}
		})
	})
	m.mounts = slices.DeleteFunc(m.mounts, func(at mount) bool { return isWrapped(at.f, at.node) })
	if !slices.ContainsFunc(m.mounts, func(at mount) bool { return !at.f.isTest() }) {
		m.left = append(m.left, Item{Pos: token.Position{Filename: m.home.path}, Code: m.home.new,
			Why: "no place was found where a server gets its handler: give it the manager's Handler around the program's", Guide: guideManager})
	}
}

// isServerHandler reports whether the identifier is the field Handler of an
// http.Server.
func isServerHandler(info *types.Info, id *ast.Ident) bool {
	v, ok := info.Uses[id].(*types.Var)
	return ok && id.Name == "Handler" && v.IsField() && v.Pkg() != nil && v.Pkg().Path() == "net/http"
}

// usesSessions reports whether the package uses sessions, or imports one that does.
func (m *mover) usesSessions(p *types.Package, using map[string]bool) bool {
	seen := map[*types.Package]bool{}
	var walk func(*types.Package) bool
	walk = func(p *types.Package) bool {
		if seen[p] || !strings.HasPrefix(p.Path(), m.p.module) {
			return false
		}
		seen[p] = true
		return using[p.Path()] || slices.ContainsFunc(p.Imports(), walk)
	}
	return walk(p)
}

// dropUnused removes variables that held a session which nothing uses any more.
func (m *mover) dropUnused() {
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
			assign, ok := n.(*ast.AssignStmt)
			if !ok || assign.Tok != token.DEFINE || listOf(path[len(path)-1]) == nil {
				return
			}
			id, ok := assign.Lhs[0].(*ast.Ident)
			if !ok || !isOld(f.pkg.TypesInfo.TypeOf(id)) || f.pkg.TypesInfo.Defs[id] == nil || !m.vanishes(f, f.pkg.TypesInfo.Defs[id]) {
				return
			}
			for _, other := range assign.Lhs[1:] {
				if !isBlank(other) {
					f.replace(m.p.fset, id.Pos(), id.End(), "_")
					return
				}
			}
			f.replace(m.p.fset, assign.Pos(), assign.End(), "")
		})
	})
}

// vanishes reports whether every use of the variable has been removed.
func (m *mover) vanishes(f *file, obj types.Object) bool {
	for id, used := range f.pkg.TypesInfo.Uses {
		if used != obj {
			continue
		}
		at := f.offset(m.p.fset, id.Pos())
		gone := slices.ContainsFunc(f.edits, func(e textEdit) bool {
			return e.start <= at && at < e.end && !mentionsName(e.text, id.Name)
		})
		if !gone {
			return false
		}
	}
	return true
}

func mentionsName(text, name string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), name)
}
