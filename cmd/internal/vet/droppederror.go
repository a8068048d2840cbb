package vet

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
)

// DroppedError reports errors that are not looked at, and handlers that go on after Fail.
var DroppedError = &analysis.Analyzer{
	Name: "droppederror",
	Doc: `report dropped errors of Commit and the like, and handlers that go on after Fail

A handler calls Session.Commit, or Once, to know whether its changes are stored. Revoke,
RevokeAll, End and EndAll end sessions: after an error they may live on. So their errors
must be looked at. An assignment to _ says that the error is dropped on purpose.

Fail answers the request. A handler must return after it.`,
	URL:      docURL,
	Requires: []*analysis.Analyzer{inspect.Analyzer, ctrlflow.Analyzer},
	Run:      runDroppedError,
}

func runDroppedError(pass *analysis.Pass) (any, error) {
	if inLibrary(pass.Pkg.Path()) || !uses(pass.Pkg) {
		return nil, nil
	}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	for n := range in.PreorderSeq((*ast.ExprStmt)(nil), (*ast.DeferStmt)(nil), (*ast.GoStmt)(nil)) {
		var call *ast.CallExpr
		switch n := n.(type) {
		case *ast.ExprStmt:
			call, _ = ast.Unparen(n.X).(*ast.CallExpr)
		case *ast.DeferStmt:
			call = n.Call
		case *ast.GoStmt:
			call = n.Call
		}
		if call == nil || isTestFile(pass, n) {
			continue
		}
		if why := whyChecked(pass.TypesInfo, call); why != "" {
			pass.Reportf(call.Pos(), "drops the error of %s: %s", types.ExprString(call.Fun), why)
		}
	}
	eachGraph(pass, in, func(fun ast.Node, g *cfg.CFG) { failsAndGoesOn(pass, fun, g) })
	return nil, nil
}

// whyChecked returns why the call's error must be looked at, or "".
func whyChecked(info *types.Info, call *ast.CallExpr) string {
	if _, ok := sessionCall(info, call, isSession, "Commit"); ok {
		return "the changes may not be stored; return it, or call Fail with it"
	}
	if _, ok := sessionCall(info, call, isManager, "Revoke", "RevokeAll", "End", "EndAll"); ok {
		return "the sessions may live on; handle it"
	}
	if _, ok := sessionCall(info, call, isManager, "Edit", "UpdateOwner"); ok {
		return "the sessions may be unchanged; handle it"
	}
	if isFunc(callee(info, call), "Once") {
		return "the edit may not be stored; handle it"
	}
	if isFuncOf(callee(info, call), library+"/stores/sqlstore", "Transact") {
		return "the transaction may have been rolled back; handle it"
	}
	return ""
}

// eachGraph calls do with the flow graph of each function of the package.
func eachGraph(pass *analysis.Pass, in *inspector.Inspector, do func(fun ast.Node, g *cfg.CFG)) {
	cfgs := pass.ResultOf[ctrlflow.Analyzer].(*ctrlflow.CFGs)
	for n := range in.PreorderSeq((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		var g *cfg.CFG
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				g = cfgs.FuncDecl(n)
			}
		case *ast.FuncLit:
			g = cfgs.FuncLit(n)
		}
		if g != nil {
			do(n, g)
		}
	}
}

// failsAndGoesOn reports calls of Fail after which the response or a session is
// used.
func failsAndGoesOn(pass *analysis.Pass, fun ast.Node, g *cfg.CFG) {
	for _, b := range g.Blocks {
		if !b.Live {
			continue
		}
		for i, n := range b.Nodes {
			stmt, ok := n.(*ast.ExprStmt)
			if !ok {
				continue
			}
			call, ok := stmt.X.(*ast.CallExpr)
			if !ok || !isFunc(callee(pass.TypesInfo, call), "Fail") || len(call.Args) == 0 {
				continue
			}
			w, _ := pathOf(pass.TypesInfo, call.Args[0])
			goesOn := reaches(b, i+1, func(n ast.Node) bool {
				return w.root != nil && usesWhole(pass.TypesInfo, n, w) || usesSession(pass.TypesInfo, n)
			})
			if goesOn {
				pass.Report(analysis.Diagnostic{
					Pos:            call.Pos(),
					Message:        "goes on after Fail, which has answered the request; return",
					SuggestedFixes: returnFix(fun, stmt, i == len(b.Nodes)-1),
				})
			}
		}
	}
}

// reaches reports whether a node with the property follows node i of the block.
func reaches(b *cfg.Block, i int, is func(ast.Node) bool) bool {
	seen := map[*cfg.Block]bool{}
	var walk func(b *cfg.Block, i int) bool
	walk = func(b *cfg.Block, i int) bool {
		if slices.ContainsFunc(b.Nodes[i:], is) {
			return true
		}
		for _, next := range b.Succs {
			if !seen[next] {
				seen[next] = true
				if walk(next, 0) {
					return true
				}
			}
		}
		return false
	}
	return walk(b, i)
}

func usesSession(info *types.Info, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if obj := info.Uses[id]; obj != nil && isSession(obj.Type()) {
				found = true
			}
		}
		return !found
	})
	return found
}

// returnFix adds a return, if the function has no results and the statement is the last
// of its block.
func returnFix(fun ast.Node, stmt ast.Stmt, last bool) []analysis.SuggestedFix {
	t := funcType(fun)
	if !last || t == nil || t.Results != nil && len(t.Results.List) > 0 {
		return nil
	}
	return []analysis.SuggestedFix{{
		Message:   "return after Fail",
		TextEdits: []analysis.TextEdit{{Pos: stmt.End(), End: stmt.End(), NewText: []byte("\nreturn")}},
	}}
}

func funcType(fun ast.Node) *ast.FuncType {
	switch fun := fun.(type) {
	case *ast.FuncDecl:
		return fun.Type
	case *ast.FuncLit:
		return fun.Type
	}
	return nil
}
