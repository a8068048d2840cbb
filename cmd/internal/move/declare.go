package move

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// declare declares a variable for a session that a function uses several times.
func (m *mover) declare(sites []*site) {
	type where struct {
		fun   ast.Node
		group string
	}
	groups := map[where][]*site{}
	var order []where
	for _, s := range sites {
		if s.context == "" || s.fun() == nil {
			continue
		}
		w := where{s.fun(), s.group}
		if groups[w] == nil {
			order = append(order, w)
		}
		groups[w] = append(groups[w], s)
	}
	for _, w := range order {
		if group := groups[w]; len(group) > 1 {
			m.declareFor(w.fun, group)
		}
	}
}

func (m *mover) declareFor(fun ast.Node, group []*site) {
	slices.SortFunc(group, func(a, b *site) int { return cmp.Compare(a.node.Pos(), b.node.Pos()) })
	common := append(slices.Clone(group[0].path), group[0].node)
	for _, s := range group[1:] {
		own := append(slices.Clone(s.path), s.node)
		n := 0
		for n < len(common) && n < len(own) && common[n] == own[n] {
			n++
		}
		common = common[:n]
	}
	for len(common) > 0 && listOf(common[len(common)-1]) == nil {
		common = common[:len(common)-1]
	}
	if len(common) == 0 || !slices.Contains(common, fun) {
		return
	}
	list := listOf(common[len(common)-1])
	for _, stmt := range list {
		if stmt.Pos() <= group[0].node.Pos() && group[0].node.Pos() < stmt.End() {
			root, _, _ := strings.Cut(group[0].context, ".")
			if m.declaredAfter(group[0].f, fun, root, stmt.Pos()) {
				return
			}
			lower := lowerFirst(m.home.typ)
			name := unused(idents(fun), lower, "sess", lower+"Session")
			group[0].f.insert(m.p.fset, stmt.Pos(), fmt.Sprintf("%s := %s(%s)\n", name, m.in(group[0].f, m.home.of), group[0].context))
			for _, s := range group {
				s.name = name
			}
			return
		}
	}
}

// declaredAfter reports whether a variable of that name is declared in the function
// after the position.
func (m *mover) declaredAfter(f *file, fun ast.Node, name string, at token.Pos) bool {
	after := false
	ast.Inspect(fun, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name && f.pkg.TypesInfo.Defs[id] != nil && id.Pos() >= at {
			after = true
		}
		return true
	})
	return after
}
