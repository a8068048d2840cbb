package vet

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// Unmanaged reports sessions that no manager can give.
var Unmanaged = &analysis.Analyzer{
	Name: "unmanaged",
	Doc: `report sessions that no manager can give

Get, FromContext, Handle and Fail find the manager of their type by the request's
context. If no manager of that type is in the chain, they fail with ErrNoSession.
Reported are types for which the program makes no manager, and handlers made by
Handle on a mux that is served without one.`,
	URL:       docURL,
	Requires:  []*analysis.Analyzer{inspect.Analyzer},
	FactTypes: []analysis.Fact{new(sessionTypes)},
	Run:       runUnmanaged,
}

// sessionTypes is a fact about a package and its imports: the types for which they ask
// sessions, and the types for which they make managers. It repeats the facts of imports
// because go vet does not pass on facts of packages that no exported type mentions.
type sessionTypes struct {
	Asked   []asked
	Managed []string
	Any     bool // a manager is made for a type that its caller chooses
}

// asked is a type and a package that asks for sessions of it.
type asked struct{ Type, Package string }

func (*sessionTypes) AFact() {}

func (s *sessionTypes) String() string {
	text := fmt.Sprintf("asks for %s, manages %s", s.Asked, s.Managed)
	if s.Any {
		text += " and any"
	}
	return text
}

// add adds the facts of an import.
func (s *sessionTypes) add(other *sessionTypes) {
	for _, a := range other.Asked {
		if !slices.Contains(s.Asked, a) {
			s.Asked = append(s.Asked, a)
		}
	}
	for _, name := range other.Managed {
		if !slices.Contains(s.Managed, name) {
			s.Managed = append(s.Managed, name)
		}
	}
	s.Any = s.Any || other.Any
}

func runUnmanaged(pass *analysis.Pass) (any, error) {
	if inLibrary(pass.Pkg.Path()) {
		return nil, nil
	}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	own, at := typesOf(pass, in)
	for _, imported := range pass.Pkg.Imports() {
		var fact sessionTypes
		if pass.ImportPackageFact(imported, &fact) {
			own.add(&fact)
		}
	}
	if len(own.Asked)+len(own.Managed) > 0 || own.Any {
		pass.ExportPackageFact(own)
	}
	if pass.Pkg.Name() == "main" {
		program(pass, own, at)
	}
	m := muxChecker{pass: pass, info: pass.TypesInfo}
	m.check(in)
	return nil, nil
}

// typesOf returns the package's types of sessions, and where each is first asked for.
func typesOf(pass *analysis.Pass, in *inspector.Inspector) (*sessionTypes, map[string]token.Pos) {
	own, at := &sessionTypes{}, map[string]token.Pos{}
	for n := range in.PreorderSeq((*ast.CallExpr)(nil)) {
		call := n.(*ast.CallExpr)
		f := callee(pass.TypesInfo, call)
		t := typeArg(pass.TypesInfo, call)
		if t == nil || f == nil {
			continue
		}
		makes := isFunc(f, "New")
		if !makes && !isFunc(f, "Get", "FromContext", "Handle") || isTestFile(pass, call) && !makes {
			continue
		}
		name := types.TypeString(t, nil)
		switch _, isParam := types.Unalias(t).(*types.TypeParam); {
		case isParam && makes:
			own.Any = true
		case isParam:
		case makes:
			own.Managed = append(own.Managed, name)
		default:
			if _, ok := at[name]; !ok {
				at[name] = call.Pos()
				own.Asked = append(own.Asked, asked{name, pass.Pkg.Path()})
			}
		}
	}
	return own, at
}

// program checks a whole program, by the facts of its packages.
func program(pass *analysis.Pass, all *sessionTypes, at map[string]token.Pos) {
	if all.Any {
		return
	}
	for _, a := range all.Asked {
		switch pos, own := at[a.Type]; {
		case slices.Contains(all.Managed, a.Type):
		case own && a.Package == pass.Pkg.Path():
			pass.Reportf(pos, "asks for a session of type %s, but the program makes no manager for this type; make one by sessions.New, and wrap the handler by its Handler", short(a.Type))
		case !own && mainFunc(pass).IsValid():
			pass.Reportf(mainFunc(pass), "package %s asks for a session of type %s, but the program makes no manager for this type; make one by sessions.New, and wrap the handler by its Handler", a.Package, short(a.Type))
		}
	}
}

// short returns a type's name with the last element of its package's path.
func short(name string) string { return name[strings.LastIndex(name, "/")+1:] }

func mainFunc(pass *analysis.Pass) token.Pos {
	if obj := pass.Pkg.Scope().Lookup("main"); obj != nil {
		return obj.Pos()
	}
	return token.NoPos
}

type muxChecker struct {
	pass *analysis.Pass
	info *types.Info
}

// muxUses says how a function uses a mux.
type muxUses struct {
	handled ast.Node // the first registration of a handler made by Handle
	served  bool     // a server gets it as it is
	other   bool     // something else gets it
}

func (m *muxChecker) check(in *inspector.Inspector) {
	muxes := map[types.Object]*muxUses{}
	for n := range in.PreorderSeq((*ast.AssignStmt)(nil)) {
		assign := n.(*ast.AssignStmt)
		if assign.Tok != token.DEFINE || len(assign.Lhs) != 1 {
			continue
		}
		if call, ok := assign.Rhs[0].(*ast.CallExpr); ok && isFuncOf(callee(m.info, call), "net/http", "NewServeMux") {
			if obj := m.info.Defs[identOf(assign.Lhs[0])]; obj != nil {
				muxes[obj] = &muxUses{}
			}
		}
	}
	for cur := range in.Root().Preorder((*ast.Ident)(nil)) {
		if uses := muxes[m.info.Uses[cur.Node().(*ast.Ident)]]; uses != nil {
			m.use(cur, uses)
		}
	}
	for _, obj := range slices.SortedFunc(maps.Keys(muxes), func(a, b types.Object) int { return cmp.Compare(a.Pos(), b.Pos()) }) {
		uses := muxes[obj]
		if uses.handled != nil && uses.served && !uses.other {
			m.pass.Reportf(uses.handled.Pos(), "no manager wraps the mux that serves this handler, so that it fails with ErrNoSession; serve manager.Handler(mux)")
		}
	}
	m.defaultMux(in)
}

// use sorts a use of a mux.
func (m *muxChecker) use(cur inspector.Cursor, uses *muxUses) {
	switch n := cur.Parent().Node().(type) {
	case *ast.SelectorExpr:
		call, ok := cur.Parent().Parent().Node().(*ast.CallExpr)
		if !ok || n.Sel.Name != "Handle" && n.Sel.Name != "HandleFunc" {
			uses.other = true
			return
		}
		if uses.handled == nil && len(call.Args) == 2 && m.isHandle(call.Args[1]) {
			uses.handled = call
		}
		return
	case *ast.CallExpr:
		if serves(m.info, n, cur.Node()) {
			uses.served = true
			return
		}
	case *ast.KeyValueExpr:
		if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Handler" && m.serverField(id) {
			uses.served = true
			return
		}
	}
	uses.other = true
}

// serves reports whether the call serves the handler as it is.
func serves(info *types.Info, call *ast.CallExpr, handler ast.Node) bool {
	return isFuncOf(callee(info, call), "net/http", "ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS") &&
		len(call.Args) > 1 && call.Args[1] == handler ||
		isFuncOf(callee(info, call), "net/http", "ListenAndServeTLS") && call.Args[len(call.Args)-1] == handler
}

func (m *muxChecker) serverField(id *ast.Ident) bool {
	v, ok := m.info.Uses[id].(*types.Var)
	return ok && v.IsField() && v.Pkg() != nil && v.Pkg().Path() == "net/http"
}

func (m *muxChecker) isHandle(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && isFunc(callee(m.info, call), "Handle")
}

// defaultMux checks a program that serves http.DefaultServeMux.
func (m *muxChecker) defaultMux(in *inspector.Inspector) {
	var handled ast.Node
	served := false
	for n := range in.PreorderSeq((*ast.CallExpr)(nil)) {
		call := n.(*ast.CallExpr)
		f := callee(m.info, call)
		switch {
		case isFuncOf(f, "net/http", "Handle", "HandleFunc") && len(call.Args) == 2 && m.isHandle(call.Args[1]):
			if handled == nil {
				handled = call
			}
		case isFuncOf(f, "net/http", "ListenAndServe", "ListenAndServeTLS"):
			served = served || m.info.Types[call.Args[len(call.Args)-1]].IsNil()
		}
	}
	if handled != nil && served {
		m.pass.Reportf(handled.Pos(), "no manager wraps the mux that serves this handler, so that it fails with ErrNoSession; serve manager.Handler(http.DefaultServeMux)")
	}
}
