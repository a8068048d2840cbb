package vet

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// library is the module that the analyzers are about.
const library = "github.com/seed48429006/sessions"

// inLibrary reports whether path is a package that applications import from the
// library, or the tests of one. Its examples and guides are applications.
func inLibrary(path string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(path, "_test"), library)
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	return slices.Contains([]string{"", "session", "middleware", "sessiontest", "stores", "codec", "internal"}, first)
}

// uses reports whether the package imports a package of the library.
func uses(pkg *types.Package) bool {
	return slices.ContainsFunc(pkg.Imports(), func(p *types.Package) bool { return inLibrary(p.Path()) })
}

// ofLibrary returns the type argument of an instance of the library's type of that
// name, or of a pointer to it.
func ofLibrary(t types.Type, pkg, name string) (arg types.Type, ok bool) {
	if t == nil {
		return nil, false
	}
	if p, isPtr := types.Unalias(t).(*types.Pointer); isPtr {
		t = p.Elem()
	}
	n, isNamed := types.Unalias(t).(*types.Named)
	if !isNamed || n.Obj().Name() != name || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != library+"/"+pkg {
		return nil, false
	}
	if n.TypeArgs().Len() != 1 {
		return nil, false
	}
	return n.TypeArgs().At(0), true
}

func isSession(t types.Type) bool { _, ok := ofLibrary(t, "session", "Session"); return ok }
func isManager(t types.Type) bool { _, ok := ofLibrary(t, "middleware", "Manager"); return ok }

// callee returns the function or method that the call calls, without its type
// arguments, or nil.
func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	f, _ := typeutil.Callee(info, call).(*types.Func)
	if f == nil {
		return nil
	}
	return f.Origin()
}

// isFunc reports whether f is a function of the library with any of the names, in the
// root or in the package from which the root takes it.
func isFunc(f *types.Func, names ...string) bool {
	if f == nil || f.Pkg() == nil || f.Signature().Recv() != nil || !slices.Contains(names, f.Name()) {
		return false
	}
	switch f.Pkg().Path() {
	case library, library + "/middleware", library + "/session":
		return true
	}
	return false
}

// isFuncOf reports whether f is a function of the package, at a path such as "net/http",
// with any of the names.
func isFuncOf(f *types.Func, path string, names ...string) bool {
	return f != nil && f.Pkg() != nil && f.Pkg().Path() == path && f.Signature().Recv() == nil &&
		slices.Contains(names, f.Name())
}

// sessionCall returns the receiver, a session or manager, of a call of a method with any
// of the names.
func sessionCall(info *types.Info, call *ast.CallExpr, is func(types.Type) bool, names ...string) (ast.Expr, bool) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || !slices.Contains(names, sel.Sel.Name) || !is(info.TypeOf(sel.X)) {
		return nil, false
	}
	return sel.X, true
}

// typeArg returns the first type argument of a call of a function of the library.
func typeArg(info *types.Info, call *ast.CallExpr) types.Type {
	var id *ast.Ident
	fun := ast.Unparen(call.Fun)
	if ix, ok := fun.(*ast.IndexExpr); ok {
		fun = ix.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return nil
	}
	if args := info.Instances[id].TypeArgs; args.Len() > 0 {
		return args.At(0)
	}
	return nil
}

// isResponseWriter reports whether t is http.ResponseWriter.
func isResponseWriter(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == "ResponseWriter" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "net/http"
}

// namedIn reports whether t, or its target if it is a pointer, is a type of this name in
// a package whose path begins with prefix.
func namedIn(t types.Type, prefix string, names ...string) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && strings.HasPrefix(n.Obj().Pkg().Path(), prefix) && slices.Contains(names, n.Obj().Name())
}
