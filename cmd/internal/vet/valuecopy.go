package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// ValueCopy reports changed copies of a session's value that nothing uses.
var ValueCopy = &analysis.Analyzer{
	Name: "valuecopy",
	Doc: `report changed copies of a session's value that nothing uses

Session.Value returns a copy. Changing the copy does not change the session:

	c := cart.Value()
	c.Count++ // lost

Change the session by Update:

	cart.Update(func(c *Cart) { c.Count++ })`,
	URL:      docURL,
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runValueCopy,
}

func runValueCopy(pass *analysis.Pass) (any, error) {
	if inLibrary(pass.Pkg.Path()) {
		return nil, nil
	}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	c := copyChecker{pass: pass, info: pass.TypesInfo}
	for cur := range in.Root().Preorder((*ast.AssignStmt)(nil), (*ast.IncDecStmt)(nil), (*ast.CallExpr)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				c.temporary(lhs)
			}
			c.definition(cur, n)
		case *ast.IncDecStmt:
			c.temporary(n.X)
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && pass.TypesInfo.Types[n.Fun].IsBuiltin() &&
				(id.Name == "delete" || id.Name == "clear") {
				c.temporary(n.Args[0])
			}
		}
	}
	return nil, nil
}

type copyChecker struct {
	pass *analysis.Pass
	info *types.Info
}

// temporary reports a change of a part of what Value has just returned.
func (c *copyChecker) temporary(e ast.Expr) {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.CallExpr:
			if s, ok := sessionCall(c.info, x, isSession, "Value"); ok {
				c.pass.Reportf(x.Pos(), "changes a copy of the session's value, so that the change is lost; use %s.Update", types.ExprString(s))
			}
			return
		default:
			return
		}
	}
}

// definition checks the copy that a statement v := s.Value() makes.
func (c *copyChecker) definition(cur inspector.Cursor, n *ast.AssignStmt) {
	if n.Tok != token.DEFINE || len(n.Lhs) != 1 || len(n.Rhs) != 1 {
		return
	}
	call, ok := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
	if !ok {
		return
	}
	session, ok := sessionCall(c.info, call, isSession, "Value")
	if !ok {
		return
	}
	obj := c.info.Defs[identOf(n.Lhs[0])]
	if obj == nil {
		return
	}
	fun := enclosingFunc(cur)
	u := copyUses{info: c.info, obj: obj}
	u.collect(fun)
	lost := u.lost()
	if len(lost) == 0 {
		return
	}
	c.pass.Report(analysis.Diagnostic{
		Pos: lost[0].Pos(),
		Message: fmt.Sprintf("changes %s, a copy of the session's value, which is not used afterwards, so that the change is lost; use %s.Update",
			obj.Name(), types.ExprString(session)),
		SuggestedFixes: c.updateFix(cur, n, session, &u, call),
	})
}

func enclosingFunc(cur inspector.Cursor) ast.Node {
	for outer := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		return outer.Node()
	}
	return cur.Node()
}

// copyUses are the uses of a copy in a function.
type copyUses struct {
	info  *types.Info
	obj   types.Object
	fixes []ast.Stmt // statements that change the copy
	reads []copyRead
	loops []ast.Node
	taken bool // its address is taken, so that more may use it
}

type copyRead struct {
	pos     token.Pos
	in      ast.Stmt // the statement that changes the copy by it, or nil
	anytime bool     // a function within the function reads it
}

// collect sorts the uses into changes and reads.
func (u *copyUses) collect(fun ast.Node) {
	var stack []ast.Node
	ast.Inspect(fun, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			u.loops = append(u.loops, n)
		case *ast.Ident:
			if u.info.Uses[n] == u.obj {
				u.use(n, stack)
			}
		}
		return true
	})
}

// use sorts one use. The stack leads to the identifier.
func (u *copyUses) use(id *ast.Ident, stack []ast.Node) {
	var e ast.Expr = id
	i := len(stack) - 2
	for ; i >= 0; i-- { // up to the whole path
		p, ok := stack[i].(ast.Expr)
		if !ok || !isStep(p, e) {
			break
		}
		e = p
	}
	if i < 0 {
		return
	}
	switch n := stack[i].(type) {
	case *ast.IncDecStmt:
		u.change(n, stack)
		return
	case *ast.AssignStmt:
		for _, lhs := range n.Lhs {
			if lhs == e && e == ast.Expr(id) { // v = …: another value
				u.taken = true
				return
			}
			if lhs == e {
				u.change(n, stack)
				return
			}
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			u.taken = true
			return
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "delete" && len(n.Args) == 2 && n.Args[0] == e && i > 0 {
			if stmt, ok := stack[i-1].(*ast.ExprStmt); ok {
				u.change(stmt, stack)
				return
			}
		}
	}
	if sel, ok := e.(*ast.SelectorExpr); ok && u.pointerMethod(sel) {
		u.taken = true
		return
	}
	u.reads = append(u.reads, copyRead{id.Pos(), changing(stack, u), inClosure(stack[1:])})
}

// change notes a change. When a function within the function makes it is not known.
func (u *copyUses) change(stmt ast.Stmt, stack []ast.Node) {
	if inClosure(stack[1:]) {
		u.taken = true
		return
	}
	u.fixes = append(u.fixes, stmt)
}

func inClosure(stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool { _, ok := n.(*ast.FuncLit); return ok })
}

// isStep reports whether outer goes one step further on the path inner.
func isStep(outer, inner ast.Expr) bool {
	switch x := outer.(type) {
	case *ast.SelectorExpr:
		return x.X == inner
	case *ast.IndexExpr:
		return x.X == inner
	case *ast.StarExpr:
		return x.X == inner
	case *ast.ParenExpr:
		return true
	}
	return false
}

// pointerMethod reports whether the selector is a method that gets the copy's
// address.
func (u *copyUses) pointerMethod(sel *ast.SelectorExpr) bool {
	s := u.info.Selections[sel]
	if s == nil || s.Kind() == types.FieldVal {
		return false
	}
	f, ok := s.Obj().(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return false
	}
	_, isPtr := f.Signature().Recv().Type().(*types.Pointer)
	return isPtr
}

// changing returns the simple statement around a use that assigns to the copy, or
// nil.
func changing(stack []ast.Node, u *copyUses) ast.Stmt {
	for i := len(stack) - 1; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.FuncLit:
			return nil
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				if p, ok := pathOf(u.info, lhs); ok && p.root == u.obj {
					return n
				}
			}
			return nil
		case ast.Stmt:
			return nil
		}
	}
	return nil
}

// lost returns the changes that no use can see, if that is all of the last ones.
func (u *copyUses) lost() []ast.Stmt {
	if u.taken || len(u.fixes) == 0 {
		return nil
	}
	var lost []ast.Stmt
	for _, change := range u.fixes {
		if !u.seen(change) {
			lost = append(lost, change)
		}
	}
	return lost
}

// seen reports whether a use may see the change: it comes after it, or around a
// loop.
func (u *copyUses) seen(change ast.Stmt) bool {
	for _, r := range u.reads {
		if r.in != nil {
			continue // it serves a change of the copy, which is judged by itself
		}
		if r.anytime || r.pos > change.End() {
			return true
		}
		for _, loop := range u.loops {
			if within := loop.Pos() <= change.Pos() && change.End() <= loop.End(); within && repeats(loop, r.pos) {
				return true
			}
		}
	}
	return false
}

// repeats reports whether the loop evaluates the position more than once.
func repeats(loop ast.Node, pos token.Pos) bool {
	if r, ok := loop.(*ast.RangeStmt); ok {
		return r.Body.Pos() <= pos && pos < r.Body.End()
	}
	return loop.Pos() <= pos && pos < loop.End()
}

// updateFix moves changes that follow the copy at once into an Update.
func (c *copyChecker) updateFix(cur inspector.Cursor, def *ast.AssignStmt, session ast.Expr, u *copyUses, call *ast.CallExpr) []analysis.SuggestedFix {
	t := c.info.TypeOf(call)
	if _, isStruct := t.Underlying().(*types.Struct); !isStruct {
		return nil
	}
	for _, r := range u.reads {
		if r.in == nil {
			return nil
		}
	}
	block, ok := cur.Parent().Node().(*ast.BlockStmt)
	if !ok {
		return nil
	}
	var after []ast.Stmt
	for i, s := range block.List {
		if s == ast.Stmt(def) {
			after = block.List[i+1:]
		}
	}
	if len(after) < len(u.fixes) {
		return nil
	}
	for i, change := range u.fixes {
		if after[i] != change {
			return nil
		}
	}
	last := u.fixes[len(u.fixes)-1]
	open := fmt.Sprintf("%s.Update(func(%s *%s) {", types.ExprString(session), u.obj.Name(), types.TypeString(t, c.qualifier))
	if strings.Contains(open, "\n") {
		return nil
	}
	return []analysis.SuggestedFix{{
		Message: "change the session by Update",
		TextEdits: []analysis.TextEdit{
			{Pos: def.Pos(), End: def.End(), NewText: []byte(open)},
			{Pos: last.End(), End: last.End(), NewText: []byte("\n})")},
		},
	}}
}

func (c *copyChecker) qualifier(p *types.Package) string {
	if p == c.pass.Pkg {
		return ""
	}
	return p.Name()
}
