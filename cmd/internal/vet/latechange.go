package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
)

// LateChange reports changes of a session after the response has begun.
var LateChange = &analysis.Analyzer{
	Name: "latechange",
	Doc: `report changes of a session after the response has begun

A change that needs a cookie, such as a log-in, is refused once the first byte is
written. Any other change can then fail only by breaking the response off:

	fmt.Fprintln(w, "Welcome")
	cart.LogIn(…) // too late

Change the session first. Packages that set Options.HoldBack are not checked.`,
	URL:      docURL,
	Requires: []*analysis.Analyzer{inspect.Analyzer, ctrlflow.Analyzer},
	Run:      runLateChange,
}

func runLateChange(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	if inLibrary(pass.Pkg.Path()) || !uses(pass.Pkg) || holdsBack(pass, in) {
		return nil, nil
	}
	eachGraph(pass, in, func(fun ast.Node, g *cfg.CFG) {
		if isTestFile(pass, fun) {
			return
		}
		if w := responseParam(pass.TypesInfo, fun); w != nil {
			l := lateChecker{pass: pass, info: pass.TypesInfo, w: w, reported: map[token.Pos]bool{}}
			l.check(g)
		}
	})
	return nil, nil
}

// holdsBack reports whether the package sets Options.HoldBack.
func holdsBack(pass *analysis.Pass, in *inspector.Inspector) bool {
	for n := range in.PreorderSeq((*ast.Ident)(nil)) {
		if v, ok := pass.TypesInfo.Uses[n.(*ast.Ident)].(*types.Var); ok &&
			v.IsField() && v.Name() == "HoldBack" && v.Pkg() != nil && inLibrary(v.Pkg().Path()) {
			return true
		}
	}
	return false
}

// responseParam returns the function's parameter of type http.ResponseWriter.
func responseParam(info *types.Info, fun ast.Node) types.Object {
	for _, field := range funcType(fun).Params.List {
		for _, name := range field.Names {
			if obj := info.Defs[name]; obj != nil && isResponseWriter(obj.Type()) {
				return obj
			}
		}
	}
	return nil
}

type lateChecker struct {
	pass     *analysis.Pass
	info     *types.Info
	w        types.Object
	reported map[token.Pos]bool
}

func (l *lateChecker) check(g *cfg.CFG) {
	for _, b := range g.Blocks {
		if !b.Live {
			continue
		}
		for i, n := range b.Nodes {
			if l.begins(n) {
				reaches(b, i+1, func(n ast.Node) bool {
					l.changes(n)
					return false
				})
			}
		}
	}
}

// begins reports whether the node surely sends the first byte.
func (l *lateChecker) begins(n ast.Node) bool {
	found := false
	l.calls(n, func(call *ast.CallExpr) {
		found = found || l.writes(call)
	})
	return found
}

// calls calls do for the calls that the node makes itself.
func (l *lateChecker) calls(n ast.Node, do func(*ast.CallExpr)) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt:
			return false
		case *ast.CallExpr:
			do(n)
		}
		return true
	})
}

func (l *lateChecker) isResponse(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	return ok && l.info.Uses[id] == l.w
}

// writes reports whether the call writes to the response.
func (l *lateChecker) writes(call *ast.CallExpr) bool {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && l.isResponse(sel.X) {
		return sel.Sel.Name == "Write" || sel.Sel.Name == "WriteHeader" && !l.informational(call)
	}
	f := callee(l.info, call)
	if f == nil || f.Pkg() == nil || len(call.Args) == 0 {
		return false
	}
	first := l.isResponse(call.Args[0])
	switch f.Pkg().Path() {
	case "fmt":
		return first && slices.Contains([]string{"Fprint", "Fprintf", "Fprintln"}, f.Name())
	case "io":
		return first && slices.Contains([]string{"WriteString", "Copy", "CopyN"}, f.Name())
	case "net/http":
		return first && slices.Contains([]string{"Error", "Redirect", "NotFound", "ServeContent", "ServeFile"}, f.Name())
	case "html/template", "text/template":
		return f.Name() == "Execute" && first || f.Name() == "ExecuteTemplate" && first
	case "encoding/json":
		return f.Name() == "Encode" && l.encodesToResponse(call)
	}
	return false
}

// informational reports a status below 200, which does not begin the response.
func (l *lateChecker) informational(call *ast.CallExpr) bool {
	if len(call.Args) != 1 {
		return false
	}
	v := l.info.Types[call.Args[0]].Value
	return v != nil && len(v.ExactString()) == 3 && v.ExactString()[0] == '1'
}

// encodesToResponse reports whether the call is json.NewEncoder(w).Encode(…).
func (l *lateChecker) encodesToResponse(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	inner, ok := ast.Unparen(sel.X).(*ast.CallExpr)
	return ok && len(inner.Args) == 1 && l.isResponse(inner.Args[0])
}

// changes reports the node's changes of a session.
func (l *lateChecker) changes(n ast.Node) {
	l.calls(n, func(call *ast.CallExpr) {
		if l.reported[call.Pos()] {
			return
		}
		if _, ok := sessionCall(l.info, call, isSession, "LogIn", "Renew", "Remember", "SetDeadline"); ok {
			l.reported[call.Pos()] = true
			l.pass.Reportf(call.Pos(), "%s after the response has begun is refused, since it needs a cookie; call it before the first byte, or set Options.HoldBack",
				types.ExprString(call.Fun))
			return
		}
		_, ok := sessionCall(l.info, call, isSession, "Update", "Set", "Clear")
		if ok || isFunc(callee(l.info, call), "Take") {
			l.reported[call.Pos()] = true
			l.pass.Reportf(call.Pos(), "changes the session after the response has begun, so that a failure can only break it off; change the session before the first byte, or set Options.HoldBack")
		}
	})
}
