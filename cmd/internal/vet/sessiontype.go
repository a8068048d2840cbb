package vet

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/seed48429006/sessions/cmd/internal/storable"
)

// SessionType reports types whose values sessions cannot keep.
var SessionType = &analysis.Analyzer{
	Name: "sessiontype",
	Doc: `report types whose values sessions cannot keep

New refuses channels, functions, interfaces and unexported fields when the program
starts. This analyzer says so earlier, and that the type should not be a pointer.`,
	URL:      docURL,
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runSessionType,
}

func runSessionType(pass *analysis.Pass) (any, error) {
	if inLibrary(pass.Pkg.Path()) {
		return nil, nil
	}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	seen := map[string]bool{}
	for n := range in.PreorderSeq((*ast.CallExpr)(nil)) {
		call := n.(*ast.CallExpr)
		if !isFunc(callee(pass.TypesInfo, call), "New", "Get", "FromContext", "Handle") || isTestFile(pass, call) {
			continue
		}
		t := typeArg(pass.TypesInfo, call)
		if t == nil || seen[types.TypeString(t, nil)] {
			continue
		}
		seen[types.TypeString(t, nil)] = true
		for _, problem := range problems(pass.Pkg, t) {
			pass.Reportf(call.Pos(), "%s", problem)
		}
	}
	return nil, nil
}

// problems returns what sessions of type t cannot keep, as New would say it.
func problems(pkg *types.Package, t types.Type) []string {
	name := types.TypeString(t, func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	})
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return []string{fmt.Sprintf("the session's type is the pointer %s; use %s, since edits get a pointer to it",
			name, strings.TrimPrefix(name, "*"))}
	} else if p != nil {
		return nil
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return nil
	}
	problems := storable.Check(t, name)
	for i, problem := range problems {
		problems[i] = "sessions cannot keep " + problem
	}
	return problems
}
