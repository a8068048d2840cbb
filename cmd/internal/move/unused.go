package move

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
)

// dropUnused removes variables that held a session which nothing uses any more.
func (m *mover) dropUnused() {
	m.p.each(func(f *file) {
		walk(f, func(n ast.Node, path []ast.Node) {
			assign, ok := n.(*ast.AssignStmt)
			if !ok || assign.Tok != token.DEFINE || listOf(path[len(path)-1]) == nil {
				return
			}
			id, ok := assign.Lhs[0].(*ast.Ident)
			if !ok || !isOld(f.pkg.TypesInfo.TypeOf(id)) || f.pkg.TypesInfo.Defs[id] == nil || !m.vanishes(f, f.pkg.TypesInfo.Defs[id]) {
				return
			}
			for _, other := range assign.Lhs[1:] {
				if !isBlank(other) {
					f.replace(m.p.fset, id.Pos(), id.End(), "_")
					return
				}
			}
			f.replace(m.p.fset, assign.Pos(), assign.End(), "")
		})
	})
}

// vanishes reports whether every use of the variable has been removed.
func (m *mover) vanishes(f *file, obj types.Object) bool {
	for id, used := range f.pkg.TypesInfo.Uses {
		if used != obj {
			continue
		}
		at := f.offset(m.p.fset, id.Pos())
		gone := slices.ContainsFunc(f.edits, func(e textEdit) bool {
			return e.start <= at && at < e.end && !mentionsName(e.text, id.Name)
		})
		if !gone {
			return false
		}
	}
	return true
}

func mentionsName(text, name string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), name)
}
