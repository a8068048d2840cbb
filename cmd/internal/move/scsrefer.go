package move

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// referSCS rewrites types that name the old manager, and uses that only the old
// one has.
func (m *mover) referSCS(f *file, n ast.Node, path []ast.Node) {
	fset := m.p.fset
	if star, ok := n.(*ast.StarExpr); ok {
		if tv := f.pkg.TypesInfo.Types[star]; tv.IsType() && isNamed(tv.Type, scsPath, "SessionManager") {
			text := "*" + m.in(f, m.home.handle)
			if field, ok := path[len(path)-1].(*ast.Field); ok && len(field.Names) == 0 && isStructField(path) {
				text = "SessionManager " + text
			}
			f.replace(fset, star.Pos(), star.End(), text)
		}
		return
	}
	e, ok := n.(ast.Expr)
	if !ok || m.renamed[e] || !m.isManager(f, e) || f.pkg.TypesInfo.Types[e].IsType() {
		return
	}
	if _, isCall := e.(*ast.CallExpr); isCall && len(path) > 0 {
		if _, ok := path[len(path)-1].(*ast.SelectorExpr); !ok {
			return
		}
	}
	if m.isOld(f, e, path) && !m.rewritten(f, e) {
		f.insert(fset, e.End(), ".Old")
	}
}

func isStructField(path []ast.Node) bool {
	if len(path) < 3 {
		return false
	}
	_, ok := path[len(path)-3].(*ast.StructType)
	return ok
}

// isOld reports whether the use needs the old manager: a method or a field of it, or
// an interface.
func (m *mover) isOld(f *file, e ast.Expr, path []ast.Node) bool {
	switch p := path[len(path)-1].(type) {
	case *ast.SelectorExpr:
		if p.X != e {
			return false
		}
		if p.Sel.Name == "LoadAndSave" {
			return false
		}
		if s := f.pkg.TypesInfo.Selections[p]; s != nil && s.Kind() == types.FieldVal && !m.rewritten(f, e) {
			m.note(f, p, "setting "+p.Sel.Name+" of the old manager does not set the new one: set it where the manager is made", guideManager)
		}
		return true
	case *ast.CallExpr:
		for i, arg := range p.Args {
			if arg != e {
				continue
			}
			fn := calledFunc(f.pkg.TypesInfo, p)
			if fn == nil || fn.Pkg() == nil {
				return false
			}
			params := fn.Signature().Params()
			foreign := !strings.HasPrefix(fn.Pkg().Path(), m.p.module)
			isInterface := i < params.Len() && types.IsInterface(params.At(i).Type())
			if takesAny(params, i) {
				return false
			}
			if foreign || isInterface {
				m.leave(f, p, "it takes the old manager", guideManager)
				return true
			}
		}
	}
	return false
}

// rewritten reports whether an edit covers the expression.
func (m *mover) rewritten(f *file, e ast.Expr) bool {
	start, end := f.offset(m.p.fset, e.Pos()), f.offset(m.p.fset, e.End())
	return slices.ContainsFunc(f.edits, func(t textEdit) bool { return t.start <= start && end <= t.end && t.start < t.end })
}

// takesAny reports whether the parameter for argument i takes values of any type.
func takesAny(params *types.Tuple, i int) bool {
	if params.Len() == 0 {
		return false
	}
	t := params.At(min(i, params.Len()-1)).Type()
	if s, ok := t.(*types.Slice); ok && i >= params.Len()-1 {
		t = s.Elem()
	}
	in, ok := t.Underlying().(*types.Interface)
	return ok && in.NumMethods() == 0
}
