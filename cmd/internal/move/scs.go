package move

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

const scsPath = "github.com/alexedwards/scs/v2"

// scsTypes are the types of the results of scs's methods that name them.
var scsTypes = map[string]types.Type{
	"String": types.Typ[types.String], "Int": types.Typ[types.Int], "Int64": types.Typ[types.Int64], "Int32": types.Typ[types.Int32],
	"Bool": types.Typ[types.Bool], "Float": types.Typ[types.Float64], "Bytes": types.NewSlice(types.Typ[types.Byte]),
}

// findSCS finds what a program does with sessions of scs.
func findSCS(m *mover) {
	m.old = library{name: "alexedwards/scs", path: scsPath, guide: "from-scs.md", renews: true, manager: true}
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
			switch n := n.(type) {
			case *ast.CallExpr:
				m.scsCall(f, n, path)
			case *ast.StarExpr:
				if tv := f.pkg.TypesInfo.Types[n]; tv.IsType() && isNamed(tv.Type, scsPath, "SessionManager") {
					m.touch(f)
				}
			}
		})
	})
}

// scsMethod returns the name of the method of scs's manager that a call calls.
func scsMethod(info *types.Info, call *ast.CallExpr) string {
	f := calledFunc(info, call)
	if f == nil || f.Signature().Recv() == nil || !isNamed(f.Signature().Recv().Type(), scsPath, "SessionManager") {
		return ""
	}
	return f.Name()
}

func (m *mover) scsCall(f *file, call *ast.CallExpr, path []ast.Node) {
	method := scsMethod(f.pkg.TypesInfo, call)
	if method == "" || method == "LoadAndSave" {
		return
	}
	m.touch(f)
	s := &site{f: f, node: call, path: slices.Clone(path)}
	if len(call.Args) > 0 {
		s.context = f.text(m.p.fset, call.Args[0])
		s.group = s.context
	}
	switch {
	case method == "Put" && len(call.Args) == 3:
		s.op, s.keyExpr, s.value = opPut, call.Args[1], call.Args[2]
	case method == "Exists" || method == "Remove":
		s.op, s.keyExpr = map[string]op{"Exists": opExists, "Remove": opRemove}[method], call.Args[1]
	case strings.HasPrefix(method, "Get") && len(call.Args) == 2:
		s.op, s.keyExpr, s.typ = opGet, call.Args[1], m.scsResult(f, call, strings.TrimPrefix(method, "Get"))
	case strings.HasPrefix(method, "Pop") && len(call.Args) == 2:
		s.op, s.keyExpr, s.typ = opPop, call.Args[1], m.scsResult(f, call, strings.TrimPrefix(method, "Pop"))
	case method == "RenewToken":
		s.op = opRenew
	case method == "Clear":
		s.op = opClear
	case method == "Destroy":
		s.op = opDestroy
	case method == "RememberMe":
		s.op, s.value = opPersist, call.Args[1]
	case method == "Deadline":
		s.op = opDeadline
	case method == "SetDeadline":
		s.op, s.value = opSetDeadline, call.Args[1]
	case method == "Load" && f.isTest():
		m.seeds = append(m.seeds, s)
		return
	default:
		m.unknown = append(m.unknown, s)
		return
	}
	m.sites = append(m.sites, s)
}

// scsResult returns the type that the method's name names, or nil for any.
func (m *mover) scsResult(f *file, call *ast.CallExpr, suffix string) types.Type {
	if suffix == "" {
		return nil
	}
	if suffix == "Time" {
		return f.pkg.TypesInfo.TypeOf(call)
	}
	return scsTypes[suffix]
}

// scsWhy says what to do about the methods that have no counterpart of their own.
var scsWhy = map[string]string{
	"Keys": "the keys are the fields of the struct", "Status": "Session.Modified says whether there are changes",
	"Token": "Session.ID names the session; Session.Token is a secret", "Commit": "Session.Commit returns only an error",
	"Load": "Manager.Open gives the session of a token", "MergeSession": "Manager.Open gives the other session, then Update",
	"Iterate": "Manager.All lists sessions, Manager.ByOwner those of one user",
}

// rewriteSCS rewrites the manager: its type, its construction, its middleware.
func rewriteSCS(m *mover) {
	for _, s := range m.unknown {
		call := s.node.(*ast.CallExpr)
		method := scsMethod(s.f.pkg.TypesInfo, call)
		why := scsWhy[method]
		if why == "" {
			why = "it has no counterpart"
		}
		m.leave(s.f, call, method+": "+why, guideChange)
	}
	m.seedSCS()
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
			switch n := n.(type) {
			case *ast.CallExpr:
				m.constructSCS(f, n, path)
			case *ast.SelectorExpr:
				if n.Sel.Name == "LoadAndSave" && isNamed(f.pkg.TypesInfo.TypeOf(n.X), scsPath, "SessionManager") || isPromoted(f, n, "LoadAndSave") {
					f.replace(m.p.fset, n.Sel.Pos(), n.Sel.End(), "Handler")
					m.count.rewritten++
				}
			}
		})
	})
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) { m.referSCS(f, n, path) })
	})
}

// isPromoted reports whether the selector is scs's method by way of an embedded
// manager.
func isPromoted(f *file, n *ast.SelectorExpr, method string) bool {
	s := f.pkg.TypesInfo.Selections[n]
	if s == nil || n.Sel.Name != method {
		return false
	}
	fn, ok := s.Obj().(*types.Func)
	return ok && fn.Signature().Recv() != nil && isNamed(fn.Signature().Recv().Type(), scsPath, "SessionManager")
}

// seedSCS rewrites tests that make a session by Load with an empty token.
func (m *mover) seedSCS() {
	for _, s := range m.seeds {
		call := s.node.(*ast.CallExpr)
		if !isEmptyToken(s.f.pkg.TypesInfo, call.Args[1]) {
			m.leave(s.f, call, "Load: "+scsWhy["Load"], guideTests)
			continue
		}
		m.seeded[s.f.pkg.PkgPath+" "+s.f.syntax.Name.Name] = s.f
		name := lowerFirst(m.home.typ) + "Context"
		m.replaceNode(s, fmt.Sprintf("%s(%s)", name, s.f.text(m.p.fset, call.Args[0])))
		m.count.rewritten++
	}
}

// isEmptyToken reports whether a test loads a session that is not there: by an empty
// token, or by the header of a request that has none.
func isEmptyToken(info *types.Info, e ast.Expr) bool {
	if v := info.Types[e].Value; v != nil {
		return v.ExactString() == `""`
	}
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	f := calledFunc(info, call)
	return f != nil && f.FullName() == "(net/http.Header).Get"
}

// constructSCS makes the new manager where the program makes the old one.
func (m *mover) constructSCS(f *file, call *ast.CallExpr, path []ast.Node) {
	fn := calledFunc(f.pkg.TypesInfo, call)
	if fn == nil || fn.Pkg() == nil || fn.Pkg().Path() != scsPath || fn.Name() != "New" && fn.Name() != "NewSession" {
		return
	}
	fset := m.p.fset
	parent := path[len(path)-1]
	if assign, ok := parent.(*ast.AssignStmt); ok && len(assign.Lhs) == 1 {
		if list, at, ok := statementIn(append(slices.Clone(path), call)); ok && list[at] == ast.Stmt(assign) {
			m.constructInList(f, assign, list, at, path)
			return
		}
	}
	if spec, ok := parent.(*ast.ValueSpec); ok && len(spec.Names) == 1 {
		if m.constructGlobal(f, spec, call, path) {
			return
		}
	}
	f.replace(fset, call.Pos(), call.End(), fmt.Sprintf("%s(%s, %s)", m.in(f, m.home.new), f.text(fset, call), m.memory(f)))
}

func (m *mover) memory(f *file) string {
	f.imports[libraryPath+"/stores/memstore"] = "memstore"
	return fmt.Sprintf("memstore.New[%s](nil)", m.in(f, m.home.typ))
}

// constructInList makes the new manager after the statements that set the old one.
func (m *mover) constructInList(f *file, assign *ast.AssignStmt, list []ast.Stmt, at int, path []ast.Node) {
	fset := m.p.fset
	name := f.text(fset, assign.Lhs[0])
	last := m.settings(f, name, list, at+1)
	fun := enclosing(path)
	old := unused(idents(fun), "old", "oldSessions")
	f.replace(fset, assign.Pos(), assign.Rhs[0].Pos(), old+" := ")
	store := ""
	for _, stmt := range list[at+1 : last+1] {
		store = m.rename(f, name, old, stmt, list, store)
	}
	if store == "" {
		store = m.memory(f)
	}
	end := list[last].End()
	f.insert(fset, end, fmt.Sprintf("\n%s %s %s(%s, %s)", name, assign.Tok, m.in(f, m.home.new), old, store))
}

// settings returns the index of the last statement that only sets fields of the
// manager, before any that uses it otherwise.
func (m *mover) settings(f *file, name string, list []ast.Stmt, from int) int {
	last := from - 1
	for i := from; i < len(list); i++ {
		uses, only := m.managerUses(f, name, list[i])
		if !uses {
			continue
		}
		if !only {
			break
		}
		last = i
	}
	return last
}

// managerUses reports whether the statement uses the manager of that name, and
// whether only to set its fields.
func (m *mover) managerUses(f *file, name string, stmt ast.Stmt) (uses, only bool) {
	only = true
	var stack []ast.Node
	ast.Inspect(stmt, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if e, ok := n.(ast.Expr); ok && m.isManager(f, e) && f.sourceOf(m.p.fset, e) == name {
			uses = true
			sel, isSel := stack[len(stack)-1].(*ast.SelectorExpr)
			if !isSel || sel.X != e || f.pkg.TypesInfo.Selections[sel] == nil || f.pkg.TypesInfo.Selections[sel].Kind() != types.FieldVal {
				only = false
			}
		}
		stack = append(stack, n)
		return true
	})
	return uses, only
}

func (f *file) sourceOf(fset *token.FileSet, n ast.Node) string {
	return string(f.source[f.offset(fset, n.Pos()):f.offset(fset, n.End())])
}

func (m *mover) isManager(f *file, e ast.Expr) bool {
	tv := f.pkg.TypesInfo.Types[e]
	if id, ok := e.(*ast.Ident); ok && tv.Type == nil {
		obj := f.pkg.TypesInfo.ObjectOf(id)
		_, isVar := obj.(*types.Var)
		return isVar && isNamed(obj.Type(), scsPath, "SessionManager")
	}
	return tv.IsValue() && isNamed(tv.Type, scsPath, "SessionManager")
}

// rename renames the manager in a statement that sets it, and returns the code of
// the new store if the statement sets the store.
func (m *mover) rename(f *file, name, old string, stmt ast.Stmt, list []ast.Stmt, store string) string {
	ast.Inspect(stmt, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if sel, ok := lhs.(*ast.SelectorExpr); ok && m.isManager(f, sel.X) && len(n.Lhs) == len(n.Rhs) {
					switch sel.Sel.Name {
					case "Store":
						if store == "" && slices.Contains(list, ast.Stmt(n)) {
							store = m.storeFor(f, n.Rhs[i])
						} else {
							m.leave(f, n, "which store is used is decided by conditions: decide the same for the new one", guideManager)
							store = m.memory(f)
						}
					case "ErrorFunc":
						m.need.errorFunc = true
					case "Codec":
						m.note(f, n, "the new store has its own codec, MessagePack", guideManager)
					}
				}
			}
		case ast.Expr:
			if m.isManager(f, n) && f.sourceOf(m.p.fset, n) == name {
				f.replace(m.p.fset, n.Pos(), n.End(), old)
				m.renamed[n] = true
				return false
			}
		}
		return true
	})
	return store
}

// constructGlobal makes the new manager of a package-level variable: after the
// statements that set it, if there are any.
func (m *mover) constructGlobal(f *file, spec *ast.ValueSpec, call *ast.CallExpr, path []ast.Node) bool {
	obj := f.pkg.TypesInfo.Defs[spec.Names[0]]
	if obj == nil || obj.Parent() != obj.Pkg().Scope() {
		return false
	}
	fset := m.p.fset
	for _, other := range f.pkg.files {
		for _, decl := range other.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || other.isTest() != f.isTest() {
				continue
			}
			for i, stmt := range fn.Body.List {
				uses, only := m.managerUses(other, obj.Name(), stmt)
				if !uses {
					continue
				}
				if !only {
					break
				}
				last := m.settings(other, obj.Name(), fn.Body.List, i)
				old, store := unused(idents(fn), "old", "oldSessions"), ""
				other.insert(fset, stmt.Pos(), fmt.Sprintf("%s := %s\n", old, f.sourceOf(fset, call)))
				other.imports[scsPath] = "scs"
				for _, stmt := range fn.Body.List[i : last+1] {
					store = m.rename(other, obj.Name(), old, stmt, fn.Body.List, store)
				}
				if store == "" {
					store = m.memory(other)
				}
				other.insert(fset, fn.Body.List[last].End(), fmt.Sprintf("\n%s = %s(%s, %s)", obj.Name(), m.in(other, m.home.new), old, store))
				f.replace(fset, spec.Pos(), spec.End(), obj.Name()+" *"+m.in(f, m.home.handle))
				return true
			}
		}
	}
	return false
}

func enclosing(path []ast.Node) ast.Node {
	for _, n := range slices.Backward(path) {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return n
		}
	}
	return path[0]
}

// storeFor returns the code that makes the new store where the old one is made.
func (m *mover) storeFor(f *file, e ast.Expr) string {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	fn := (*types.Func)(nil)
	if ok {
		fn = calledFunc(f.pkg.TypesInfo, call)
	}
	if fn == nil || fn.Pkg() == nil || len(call.Args) == 0 && !strings.HasSuffix(fn.Pkg().Path(), "/memstore") {
		m.leave(f, e, "no store for this one is known: sessions are kept in memory until you choose a store", guideManager)
		return m.memory(f)
	}
	first := ""
	if len(call.Args) > 0 {
		first = f.sourceOf(m.p.fset, call.Args[0])
	}
	switch path := fn.Pkg().Path(); path[strings.LastIndex(path, "/")+1:] {
	case "memstore":
		return m.memory(f)
	case "postgresstore", "mysqlstore", "sqlite3store":
		m.need.sql = true
		return fmt.Sprintf("%s(%s)", m.in(f, m.storeName()), first)
	case "pgxstore":
		m.need.sql = true
		f.imports["github.com/jackc/pgx/v5/stdlib"] = "stdlib"
		return fmt.Sprintf("%s(stdlib.OpenDBFromPool(%s))", m.in(f, m.storeName()), first)
	case "goredisstore":
		m.need.redis = true
		return fmt.Sprintf("%s(%s)", m.in(f, m.storeName()), first)
	}
	m.leave(f, e, fmt.Sprintf("no store for %s is known: sessions are kept in memory until you choose a store", fn.Pkg().Name()), guideManager)
	return m.memory(f)
}

func (m *mover) storeName() string {
	if m.home.private {
		return lowerFirst(m.home.typ) + "Store"
	}
	return "NewStore"
}

// referSCS rewrites types that name the old manager, and uses that only the old
// one has.
func (m *mover) referSCS(f *file, n ast.Node, path []ast.Node) {
	fset := m.p.fset
	if star, ok := n.(*ast.StarExpr); ok {
		if tv := f.pkg.TypesInfo.Types[star]; tv.IsType() && isNamed(tv.Type, scsPath, "SessionManager") {
			text := "*" + m.in(f, m.home.handle)
			if field, ok := path[len(path)-1].(*ast.Field); ok && len(field.Names) == 0 && isStructField(path) {
				text = "SessionManager " + text
			}
			f.replace(fset, star.Pos(), star.End(), text)
		}
		return
	}
	e, ok := n.(ast.Expr)
	if !ok || m.renamed[e] || !m.isManager(f, e) || f.pkg.TypesInfo.Types[e].IsType() {
		return
	}
	if _, isCall := e.(*ast.CallExpr); isCall && len(path) > 0 {
		if _, ok := path[len(path)-1].(*ast.SelectorExpr); !ok {
			return
		}
	}
	if m.isOld(f, e, path) && !m.rewritten(f, e) {
		f.insert(fset, e.End(), ".Old")
	}
}

func isStructField(path []ast.Node) bool {
	if len(path) < 3 {
		return false
	}
	_, ok := path[len(path)-3].(*ast.StructType)
	return ok
}

// isOld reports whether the use needs the old manager: a method or a field of it, or
// an interface.
func (m *mover) isOld(f *file, e ast.Expr, path []ast.Node) bool {
	switch p := path[len(path)-1].(type) {
	case *ast.SelectorExpr:
		if p.X != e {
			return false
		}
		if p.Sel.Name == "LoadAndSave" {
			return false
		}
		if s := f.pkg.TypesInfo.Selections[p]; s != nil && s.Kind() == types.FieldVal && !m.rewritten(f, e) {
			m.note(f, p, "setting "+p.Sel.Name+" of the old manager does not set the new one: set it where the manager is made", guideManager)
		}
		return true
	case *ast.CallExpr:
		for i, arg := range p.Args {
			if arg != e {
				continue
			}
			fn := calledFunc(f.pkg.TypesInfo, p)
			if fn == nil || fn.Pkg() == nil {
				return false
			}
			params := fn.Signature().Params()
			foreign := !strings.HasPrefix(fn.Pkg().Path(), m.p.module)
			isInterface := i < params.Len() && types.IsInterface(params.At(i).Type())
			if foreign || isInterface {
				m.leave(f, p, "it takes the old manager", guideManager)
				return true
			}
		}
	}
	return false
}

// rewritten reports whether an edit covers the expression.
func (m *mover) rewritten(f *file, e ast.Expr) bool {
	start, end := f.offset(m.p.fset, e.Pos()), f.offset(m.p.fset, e.End())
	return slices.ContainsFunc(f.edits, func(t textEdit) bool { return t.start <= start && end <= t.end && t.start < t.end })
}
