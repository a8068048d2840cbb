package deep

import (
	"reflect"
	"unsafe"
)

// A cloning is the node of a type with a method Clone, which makes its copies.
type cloning struct {
	node  // by kind, for the rest
	facts facts
	clone func(p unsafe.Pointer) // replaces *p by its clone
}

func newCloning(byKind node, clone func(unsafe.Pointer)) node {
	f := *byKind.about()
	f.flat, f.shares, f.calls = false, false, true
	return &cloning{byKind, f, clone}
}

func (n *cloning) about() *facts { return &n.facts }

func (n *cloning) unshare(p unsafe.Pointer) { n.clone(p) }

// cloneMethod returns a function that replaces a value by its clone, or nil if t
// has no method Clone() t.
func cloneMethod(t reflect.Type) func(unsafe.Pointer) {
	receiver := reflect.PointerTo(t)
	if t.Kind() == reflect.Pointer {
		receiver = t
	}
	m, ok := receiver.MethodByName("Clone")
	if !ok || t.Kind() == reflect.Interface || m.Type != reflect.FuncOf([]reflect.Type{receiver}, []reflect.Type{t}, false) {
		return nil
	}
	return func(p unsafe.Pointer) {
		self, v := reflect.NewAt(t, p), valueAt(t, p)
		if t.Kind() == reflect.Pointer {
			if self = v; v.IsNil() {
				return
			}
		}
		v.Set(self.Method(m.Index).Call(nil)[0])
	}
}
