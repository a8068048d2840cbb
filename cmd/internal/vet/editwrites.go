package vet

import (
	"cmp"
	"go/ast"
	"go/token"
	"maps"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/cfg"
)

// A write is an assignment to a variable outside the edit.
type write struct {
	path
	pos  token.Pos
	adds bool // the new value depends on the old one
}

// writes reports assignments outside the edit, unless each run makes them anew.
func (c *effectChecker) writes(cfgs *ctrlflow.CFGs) {
	var g *cfg.CFG
	switch fun := c.fun.(type) {
	case *ast.FuncLit:
		g = cfgs.FuncLit(fun)
	case *ast.FuncDecl:
		g = cfgs.FuncDecl(fun)
	}
	if g == nil {
		return
	}
	w := writeChecker{effectChecker: c, in: map[*cfg.Block]map[path]bool{}, reported: map[path]bool{}}
	w.flow(g)
}

// A writeChecker knows, for each block, the paths that each run has assigned to
// before it.
type writeChecker struct {
	*effectChecker
	in       map[*cfg.Block]map[path]bool
	reported map[path]bool
}

func (w *writeChecker) flow(g *cfg.CFG) {
	if len(g.Blocks) == 0 {
		return
	}
	w.in[g.Blocks[0]] = map[path]bool{}
	for work := []*cfg.Block{g.Blocks[0]}; len(work) > 0; work = work[1:] {
		out := maps.Clone(w.in[work[0]])
		w.block(work[0], out, false)
		for _, next := range work[0].Succs {
			if w.meet(next, out) {
				work = append(work, next)
			}
		}
	}
	assigned := map[path]write{}
	for _, b := range g.Blocks {
		if w.in[b] != nil {
			for _, wr := range w.block(b, maps.Clone(w.in[b]), true) {
				if _, ok := assigned[wr.path]; !ok {
					assigned[wr.path] = wr
				}
			}
		}
	}
	for _, b := range g.Blocks {
		if w.in[b] != nil && len(b.Succs) == 0 && !panics(b) {
			out := maps.Clone(w.in[b])
			w.block(b, out, false)
			w.exit(assigned, out)
		}
	}
}

// panics reports whether a block without successors ends otherwise than by return.
func panics(b *cfg.Block) bool {
	if len(b.Nodes) == 0 || b.Return() != nil {
		return false
	}
	stmt, ok := b.Nodes[len(b.Nodes)-1].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := stmt.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "panic"
}

// meet merges what a predecessor has assigned. It reports whether that changed
// anything.
func (w *writeChecker) meet(b *cfg.Block, out map[path]bool) bool {
	old := w.in[b]
	if old == nil {
		w.in[b] = maps.Clone(out)
		return true
	}
	n := len(old)
	maps.DeleteFunc(old, func(p path, _ bool) bool { return !out[p] })
	return len(old) != n
}

// exit reports the variables that a run may leave as an earlier run has set them.
func (w *writeChecker) exit(assigned map[path]write, out map[path]bool) {
	for _, wr := range slices.SortedFunc(maps.Values(assigned), func(a, b write) int { return cmp.Compare(a.pos, b.pos) }) {
		p := wr.path
		if covered(out, p) || w.reported[p] {
			continue
		}
		w.reported[p] = true
		w.pass.Report(analysis.Diagnostic{
			Pos: wr.pos,
			Message: p.String() + " is not assigned on each run of the edit, and keeps what an earlier run has set; " +
				"assign it first",
			SuggestedFixes: w.resetFix(p),
		})
	}
}

func covered(assigned map[path]bool, p path) bool {
	for q := range assigned {
		if q.covers(p) {
			return true
		}
	}
	return false
}

// block runs through a block, adds to assigned, and returns the plain assignments. If
// report is set, it reports the assignments that add to a value from an earlier run.
func (w *writeChecker) block(b *cfg.Block, assigned map[path]bool, report bool) []write {
	var plain []write
	for _, n := range b.Nodes {
		for _, wr := range w.writesIn(n) {
			switch {
			case covered(assigned, wr.path):
			case wr.adds || wr.part:
				if report && !w.reported[wr.path] {
					w.reported[wr.path] = true
					w.pass.Report(analysis.Diagnostic{
						Pos:            wr.pos,
						Message:        "changes " + wr.String() + " in an edit, outside its argument; " + once + ": assign it anew on each run, or change it after Commit",
						SuggestedFixes: w.resetFix(wr.path),
					})
				}
			default:
				plain = append(plain, wr)
				assigned[wr.path] = true
			}
		}
	}
	return plain
}

// writesIn returns the node's assignments to variables outside the edit. Assignments in
// functions within the edit count as made where the function is.
func (w *writeChecker) writesIn(n ast.Node) []write {
	var found []write
	inner := 0
	add := func(e ast.Expr, pos token.Pos, adds bool) {
		if p, ok := pathOf(w.info, e); ok && outside(p.root, w.fun) && p.root.Name() != "_" {
			found = append(found, write{p, pos, adds || inner > 0})
		}
	}
	var stack []ast.Node
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil {
			if _, ok := stack[len(stack)-1].(*ast.FuncLit); ok {
				inner--
			}
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.FuncLit:
			inner++
		case *ast.IncDecStmt:
			add(n.X, n.Pos(), true)
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if n.Tok == token.DEFINE && w.info.Defs[identOf(lhs)] != nil {
					continue
				}
				adds := isAccumulating(n.Tok)
				if p, ok := pathOf(w.info, lhs); ok && len(n.Lhs) == len(n.Rhs) {
					adds = adds || mentions(w.info, n.Rhs[i], p)
				}
				add(lhs, n.Pos(), adds)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND { // given to a function that sets it
				add(n.X, n.Pos(), false)
			}
		}
		return true
	})
	return found
}

func identOf(e ast.Expr) *ast.Ident {
	id, _ := e.(*ast.Ident)
	return id
}
