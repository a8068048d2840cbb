package move

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

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
