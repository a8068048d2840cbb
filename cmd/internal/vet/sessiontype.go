package vet

import (
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
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
	c := typeChecker{open: map[types.Type]bool{}}
	c.check(t, name)
	return c.problems
}

// A typeChecker follows what session.Check does with reflection. It says less: what
// it says, session.Check says too.
type typeChecker struct {
	problems []string
	open     map[types.Type]bool
}

func (c *typeChecker) refuse(path, problem string) {
	c.problems = append(c.problems, fmt.Sprintf("sessions cannot keep %s: %s", path, problem))
}

const orTag = ", or tag it `msgpack:\"-\" json:\"-\"`"

func (c *typeChecker) check(t types.Type, path string) {
	if c.open[t] || encodesItself(t) {
		return
	}
	c.open[t] = true
	defer delete(c.open, t)
	switch u := t.Underlying().(type) {
	case *types.Chan:
		c.refuse(path, "a channel cannot be stored; remove it"+orTag)
	case *types.Signature:
		c.refuse(path, "a function cannot be stored; remove it"+orTag)
	case *types.Interface:
		c.refuse(path, "values of an interface are decoded as another type; use a concrete type"+orTag)
	case *types.Basic:
		c.basic(u, path)
	case *types.Pointer:
		c.check(u.Elem(), path)
	case *types.Slice:
		c.check(u.Elem(), path+"[]")
	case *types.Array:
		c.check(u.Elem(), path+"[]")
	case *types.Map:
		c.check(u.Key(), path+"[key]")
		c.check(u.Elem(), path+"[]")
	case *types.Struct:
		c.fields(u, path)
	}
}

func (c *typeChecker) basic(t *types.Basic, path string) {
	switch {
	case t.Info()&types.IsComplex != 0:
		c.refuse(path, "a complex number cannot be stored; use two floats"+orTag)
	case t.Kind() == types.Uintptr:
		c.refuse(path, "a uintptr cannot be stored; use a uint64"+orTag)
	case t.Kind() == types.UnsafePointer:
		c.refuse(path, "an unsafe pointer cannot be stored; remove it"+orTag)
	}
}

func (c *typeChecker) fields(s *types.Struct, path string) {
	for i := range s.NumFields() {
		f := s.Field(i)
		if f.Name() == "_" || skipped(s.Tag(i)) {
			continue
		}
		_, isStruct := f.Type().Underlying().(*types.Struct)
		if !f.Exported() && !(f.Embedded() && isStruct) {
			c.refuse(path+"."+f.Name(), "an unexported field would be lost; export it"+orTag)
			continue
		}
		c.check(f.Type(), path+"."+f.Name())
	}
}

// skipped reports whether a tag takes the field out of a codec's encoding.
func skipped(tag string) bool {
	msgpack, _, _ := strings.Cut(reflect.StructTag(tag).Get("msgpack"), ",")
	return msgpack == "-" || reflect.StructTag(tag).Get("json") == "-"
}

// encodesItself reports whether t has methods that a codec uses instead of its
// fields.
func encodesItself(t types.Type) bool {
	set := types.NewMethodSet(types.NewPointer(t))
	has := func(name string) bool {
		for m := range set.Methods() {
			if m.Obj().Name() == name {
				return true
			}
		}
		return false
	}
	for _, pair := range [][2]string{
		{"MarshalBinary", "UnmarshalBinary"}, {"MarshalText", "UnmarshalText"}, {"MarshalJSON", "UnmarshalJSON"},
		{"EncodeMsgpack", "DecodeMsgpack"}, {"MarshalMsgpack", "UnmarshalMsgpack"},
	} {
		if has(pair[0]) && has(pair[1]) {
			return true
		}
	}
	return false
}
