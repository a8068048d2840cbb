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

// findSCS finds the uses of sessions of scs.
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
		s.op, s.value = opRemember, call.Args[1]
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
		if m.need.seedOld = m.leftKeys(); m.need.seedOld { // the test may use old sessions, too
			s.f.insert(m.p.fset, call.Pos(), name+"(")
			s.f.insert(m.p.fset, call.End(), ")")
		} else {
			m.replaceNode(s, fmt.Sprintf("%s(%s)", name, s.f.text(m.p.fset, call.Args[0])))
		}
		m.count.rewritten++
	}
}

// isEmptyToken reports whether a test loads a session that is not there: by a
// constant, or by the header of a request that has none.
func isEmptyToken(info *types.Info, e ast.Expr) bool {
	if info.Types[e].Value != nil { // no token is known in advance
		return true
	}
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	f := calledFunc(info, call)
	return f != nil && f.FullName() == "(net/http.Header).Get"
}

func (f *file) sourceOf(fset *token.FileSet, n ast.Node) string {
	return string(f.source[f.offset(fset, n.Pos()):f.offset(fset, n.End())])
}
