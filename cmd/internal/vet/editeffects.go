package vet

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/seed48429006/sessions/cmd/internal/zero"
)

// EditEffects reports edits that do more than change their argument.
var EditEffects = &analysis.Analyzer{
	Name: "editeffects",
	Doc: `report edits that do more than change their argument

The functions given to Session.Update, LogIn and their kin run again if another
request changes the session first. So they must compute from their argument and
modify nothing else:

	cart.Update(func(c *Cart) {
		c.Orders++
		mailer.Send(c.Email) // sent twice if requests overlap
	})

To get a result out of an edit, assign it on each run. Tests are not checked,
since they count the runs of edits.`,
	URL:       docURL,
	Requires:  []*analysis.Analyzer{inspect.Analyzer, ctrlflow.Analyzer, edits},
	FactTypes: []analysis.Fact{new(hasEffect)},
	Run:       runEditEffects,
}

func runEditEffects(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	findEffects(pass, in)
	if inLibrary(pass.Pkg.Path()) {
		return nil, nil
	}
	var read *reads
	for _, e := range pass.ResultOf[edits].([]edit) {
		if isTestFile(pass, e.fun) {
			continue
		}
		c := effectChecker{pass: pass, info: pass.TypesInfo, edit: e}
		c.statements()
		c.writes(pass.ResultOf[ctrlflow.Analyzer].(*ctrlflow.CFGs))
		if e.session != nil && e.param != nil {
			if read == nil {
				read = findReads(pass, in)
			}
			c.staleReads(read)
		}
	}
	return nil, nil
}

func isTestFile(pass *analysis.Pass, n ast.Node) bool {
	return strings.HasSuffix(pass.Fset.File(n.Pos()).Name(), "_test.go")
}

const once = "an edit runs again if another request changes the session first"

type effectChecker struct {
	pass *analysis.Pass
	info *types.Info
	edit
	response bool // a use of the response was reported
}

func (c *effectChecker) outside(e ast.Expr) bool {
	p, ok := pathOf(c.info, e)
	return ok && outside(p.root, c.fun)
}

// statements reports calls and statements that have effects outside the edit.
func (c *effectChecker) statements() {
	ast.Inspect(c.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt:
			if c.outside(n.Chan) {
				c.pass.Reportf(n.Pos(), "sends to %s in an edit; %s: send after Commit", types.ExprString(n.Chan), once)
			}
		case *ast.GoStmt:
			c.pass.Reportf(n.Pos(), "starts a goroutine in an edit; %s: start it after Commit", once)
			return false
		case *ast.ExprStmt:
			if call, ok := n.X.(*ast.CallExpr); ok && c.discards(call) {
				return false
			}
		case *ast.CallExpr:
			return !c.call(n)
		case *ast.Ident:
			c.ident(n)
		}
		return true
	})
}

// ident reports the first use of the response.
func (c *effectChecker) ident(id *ast.Ident) {
	obj := c.info.Uses[id]
	if obj == nil || c.response || !outside(obj, c.fun) || !isResponseWriter(obj.Type()) {
		return
	}
	c.response = true
	c.pass.Reportf(id.Pos(), "uses the response in an edit; %s: answer after the edit", once)
}

// call reports calls that are known to have an effect, and calls of the edit's own
// session. It reports whether it did.
func (c *effectChecker) call(call *ast.CallExpr) bool {
	if c.ownSession(call) {
		c.pass.Reportf(call.Pos(), "calls the session within its own edit, which panics; use the edit's argument")
		return true
	}
	f := callee(c.info, call)
	if what := effectOf(f); what != "" {
		c.pass.Reportf(call.Pos(), "%s in an edit; %s: do it after Commit", what, once)
		return true
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && respondsByContext(c.info, sel) && c.outside(sel.X) {
		c.pass.Reportf(call.Pos(), "uses the response in an edit; %s: answer after the edit", once)
		return true
	}
	var fact hasEffect
	if f != nil && c.pass.ImportObjectFact(f, &fact) {
		c.pass.Reportf(call.Pos(), "calls %s, which %s, in an edit; %s: call it after Commit", f.Name(), fact.What, once)
		return true
	}
	return false
}

// ownSession reports whether the call is of a method of the session that is being
// edited, or of Take with it.
func (c *effectChecker) ownSession(call *ast.CallExpr) bool {
	if c.session == nil {
		return false
	}
	own, ok := pathOf(c.info, c.session)
	if !ok {
		return false
	}
	same := func(e ast.Expr) bool {
		p, ok := pathOf(c.info, e)
		return ok && p == own && isSession(c.info.TypeOf(e))
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && same(sel.X) {
		return true
	}
	return isFunc(callee(c.info, call), "Take") && len(call.Args) > 0 && same(call.Args[0])
}

// discards reports a call without a result that touches nothing of the edit's: it
// can be there only for an effect elsewhere.
func (c *effectChecker) discards(call *ast.CallExpr) bool {
	f := callee(c.info, call)
	if tv := c.info.Types[call.Fun]; tv.IsBuiltin() || tv.IsType() || c.ownSession(call) {
		return false
	}
	if harmless(f) || effectOf(f) != "" {
		return false
	}
	name := types.ExprString(call.Fun)
	sel, isSelector := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	switch {
	case isSelector && c.info.Selections[sel] != nil:
		if !c.outside(sel.X) {
			return false
		}
	case f == nil: // a function value: a literal's body is read, a local variable's is the edit's own
		if !c.outside(call.Fun) {
			return false
		}
	}
	for _, arg := range call.Args {
		if c.mayChange(arg) || isResponseWriter(c.info.TypeOf(arg)) {
			return false
		}
	}
	c.pass.Reportf(call.Pos(), "calls %s in an edit, which does nothing to the session; %s: call it after Commit", name, once)
	return true
}

// mayChange reports whether a function that gets e could change the edit's value,
// or a variable of the edit.
func (c *effectChecker) mayChange(e ast.Expr) bool {
	if basic(c.info.TypeOf(e)) {
		return false
	}
	own := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := c.info.Uses[id].(*types.Var); ok && !v.IsField() && !outside(v, c.fun) {
				own = true
			}
		}
		return !own
	})
	return own
}

func basic(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Basic)
	return ok
}

// harmless reports whether running f again does no harm: it writes a log, or
// guards data.
func harmless(f *types.Func) bool {
	if f == nil {
		return false
	}
	if f.Pkg() != nil && slices.Contains([]string{"log", "log/slog", "runtime", "time", "testing"}, f.Pkg().Path()) ||
		isFuncOf(f, "fmt", "Print", "Printf", "Println") {
		return true
	}
	if f.Signature().Recv() == nil {
		return false
	}
	switch f.Name() {
	case "Lock", "Unlock", "RLock", "RUnlock",
		"Print", "Printf", "Println", "Log", "Logf", "Debug", "Debugf", "Debugw", "Info", "Infof", "Infow",
		"Warn", "Warnf", "Warnw", "Warning", "Warningf", "Error", "Errorf", "Errorw", "Trace", "Tracef", "Msg", "Msgf":
		return true
	}
	return false
}

// resetFix returns the fix that sets the variable at the start of each run.
func (c *effectChecker) resetFix(p path) []analysis.SuggestedFix {
	zero := zero.Text(p.root.Type())
	if zero == "" || p.fields != "" || p.root.Parent() == p.root.Pkg().Scope() || !c.declaredZero(p.root) {
		return nil
	}
	text := fmt.Sprintf("\n\t\t%s = %s", p.root.Name(), zero)
	at := c.body.Lbrace + 1
	return []analysis.SuggestedFix{{
		Message:   fmt.Sprintf("set %s at the start of each run", p.root.Name()),
		TextEdits: []analysis.TextEdit{{Pos: at, End: at, NewText: []byte(text)}},
	}}
}

// declaredZero reports whether the variable's declaration leaves it zero.
func (c *effectChecker) declaredZero(obj types.Object) bool {
	zero := false
	for _, file := range c.pass.Files {
		if file.FileStart > obj.Pos() || obj.Pos() >= file.FileEnd {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 0 {
				zero = zero || slices.ContainsFunc(spec.Names, func(id *ast.Ident) bool { return c.info.Defs[id] == obj })
			}
			return true
		})
	}
	return zero
}
