package vet

import (
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// An edit is a function that may run again on a newer value: an argument of
// Session.Update and its kin, or of a function that hands it on to them.
type edit struct {
	call    *ast.CallExpr
	session ast.Expr // the session or nil, if the edit is for sessions that the code has not
	fun     ast.Node // *ast.FuncLit or *ast.FuncDecl
	body    *ast.BlockStmt
	param   types.Object // the value, or nil if it has no name
}

// isEdit is the fact that parameters of a function are edits.
type isEdit struct{ Params []int }

func (*isEdit) AFact() {}

func (e *isEdit) String() string { return fmt.Sprintf("edits %v", e.Params) }

// edits finds the edits of a package.
var edits = &analysis.Analyzer{
	Name:       "sessionedits",
	Doc:        "find the functions that sessions may run again",
	URL:        docURL,
	Requires:   []*analysis.Analyzer{inspect.Analyzer},
	FactTypes:  []analysis.Fact{new(isEdit)},
	ResultType: reflect.TypeFor[[]edit](),
	Run:        findEdits,
}

const docURL = "https://pkg.go.dev/" + library + "/cmd/sessionsvet"

func findEdits(pass *analysis.Pass) (any, error) {
	f := editFinder{pass: pass, in: pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)}
	f.declarations()
	for f.handOn() { // until no more functions hand their parameters on
	}
	return f.all(), nil
}

type editFinder struct {
	pass  *analysis.Pass
	in    *inspector.Inspector
	decls map[*types.Func]*ast.FuncDecl
	vars  map[*types.Var]*ast.FuncLit // local variables that only ever hold this function
}

func (f *editFinder) declarations() {
	f.decls, f.vars = map[*types.Func]*ast.FuncDecl{}, map[*types.Var]*ast.FuncLit{}
	f.in.Preorder([]ast.Node{(*ast.FuncDecl)(nil), (*ast.AssignStmt)(nil)}, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if fn, ok := f.pass.TypesInfo.Defs[n.Name].(*types.Func); ok && n.Body != nil {
				f.decls[fn] = n
			}
		case *ast.AssignStmt:
			f.assigned(n)
		}
	})
}

// assigned notes variables that hold a function. A second assignment makes it
// unknown which one.
func (f *editFinder) assigned(n *ast.AssignStmt) {
	for i, lhs := range n.Lhs {
		id, ok := lhs.(*ast.Ident)
		if !ok {
			continue
		}
		v, ok := f.pass.TypesInfo.ObjectOf(id).(*types.Var)
		if !ok {
			continue
		}
		if _, isFunc := v.Type().Underlying().(*types.Signature); !isFunc {
			continue
		}
		if _, known := f.vars[v]; known || len(n.Rhs) != len(n.Lhs) {
			f.vars[v] = nil
			continue
		}
		f.vars[v], _ = ast.Unparen(n.Rhs[i]).(*ast.FuncLit)
	}
}

// editArgs returns the arguments of the call that are edits.
func (f *editFinder) editArgs(call *ast.CallExpr) []ast.Expr {
	fn := callee(f.pass.TypesInfo, call)
	if fn == nil {
		return nil
	}
	var args []ast.Expr
	for i := range fn.Signature().Params().Len() {
		if i < len(call.Args) && f.takesEdit(fn, i) {
			args = append(args, call.Args[i])
		}
	}
	return args
}

// takesEdit reports whether the function's parameter i is an edit. For methods of
// sessions and managers, that are all parameters of type func(*T).
func (f *editFinder) takesEdit(fn *types.Func, i int) bool {
	if isFunc(fn, "Once") {
		return i == 2
	}
	if recv := fn.Signature().Recv(); recv != nil && (isSession(recv.Type()) || isManager(recv.Type())) {
		arg, ok := ofLibrary(recv.Type(), "session", "Session")
		if !ok {
			arg, _ = ofLibrary(recv.Type(), "middleware", "Manager")
		}
		return editsValue(fn.Signature().Params().At(i).Type(), arg)
	}
	var fact isEdit
	if f.pass.ImportObjectFact(fn, &fact) {
		if slices.Contains(fact.Params, i) {
			return true
		}
	}
	return false
}

// editsValue reports whether t is func(*value).
func editsValue(t, value types.Type) bool {
	sig, ok := t.Underlying().(*types.Signature)
	return ok && sig.Results().Len() == 0 && takesPointer(sig, value)
}

// takesPointer reports whether the only parameter is a pointer to value, or to any value
// if value is nil.
func takesPointer(sig *types.Signature, value types.Type) bool {
	if sig.Params().Len() != 1 {
		return false
	}
	p, ok := sig.Params().At(0).Type().(*types.Pointer)
	return ok && (value == nil || types.Identical(p.Elem(), value))
}

// handOn finds functions that hand a parameter on as an edit, or call it within
// one. It reports whether it found more.
func (f *editFinder) handOn() bool {
	more := false
	for fn, decl := range f.decls {
		ast.Inspect(decl.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for _, arg := range f.editArgs(call) {
				more = f.note(fn, arg) || more
				if lit, ok := ast.Unparen(arg).(*ast.FuncLit); ok {
					more = f.calledIn(fn, lit) || more
				}
			}
			return true
		})
	}
	return more
}

func (f *editFinder) calledIn(fn *types.Func, lit *ast.FuncLit) bool {
	more := false
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 {
			more = f.note(fn, call.Fun) || more
		}
		return true
	})
	return more
}

// note notes that e, if it is a parameter of fn of type func(*T), is an edit. It may have
// results, as for Once.
func (f *editFinder) note(fn *types.Func, e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	obj := f.pass.TypesInfo.Uses[id]
	params := fn.Signature().Params()
	for i := range params.Len() {
		if params.At(i) != obj || f.takesEdit(fn, i) {
			continue
		}
		if sig, ok := obj.Type().Underlying().(*types.Signature); !ok || !takesPointer(sig, nil) {
			continue
		}
		var fact isEdit
		f.pass.ImportObjectFact(fn, &fact)
		fact.Params = append(fact.Params, i)
		f.pass.ExportObjectFact(fn, &fact)
		return true
	}
	return false
}

// all returns the package's edits, each once.
func (f *editFinder) all() []edit {
	var found []edit
	seen := map[ast.Node]bool{}
	f.in.Preorder([]ast.Node{(*ast.CallExpr)(nil)}, func(n ast.Node) {
		call := n.(*ast.CallExpr)
		for _, arg := range f.editArgs(call) {
			e := f.resolve(arg)
			if e.body == nil || seen[e.fun] {
				continue
			}
			seen[e.fun] = true
			e.call = call
			if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && isSession(f.pass.TypesInfo.TypeOf(sel.X)) {
				e.session = sel.X
			}
			if isFunc(callee(f.pass.TypesInfo, call), "Once") {
				e.session = call.Args[1]
			}
			found = append(found, e)
		}
	})
	return found
}

// resolve finds the function that the argument is, in this package.
func (f *editFinder) resolve(arg ast.Expr) edit {
	info := f.pass.TypesInfo
	var id *ast.Ident
	switch arg := ast.Unparen(arg).(type) {
	case *ast.FuncLit:
		return literal(info, arg)
	case *ast.Ident:
		id = arg
	case *ast.SelectorExpr:
		id = arg.Sel
	default:
		return edit{}
	}
	switch obj := info.Uses[id].(type) {
	case *types.Var:
		if lit := f.vars[obj]; lit != nil {
			return literal(info, lit)
		}
	case *types.Func:
		if decl := f.decls[obj.Origin()]; decl != nil {
			return edit{fun: decl, body: decl.Body, param: firstParam(info, decl.Type)}
		}
	}
	return edit{}
}

func literal(info *types.Info, lit *ast.FuncLit) edit {
	return edit{fun: lit, body: lit.Body, param: firstParam(info, lit.Type)}
}

func firstParam(info *types.Info, t *ast.FuncType) types.Object {
	if len(t.Params.List) == 0 || len(t.Params.List[0].Names) == 0 {
		return nil
	}
	return info.Defs[t.Params.List[0].Names[0]]
}
