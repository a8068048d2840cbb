package move

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

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
