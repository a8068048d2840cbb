// Package deep copies, compares and checks values by a plan that is made once
// for each type.
//
// A value is a tree: two pointers to one variable become pointers to two variables,
// as codecs make them. Equality differs from reflect.DeepEqual:
//
//   - Times are equal if they are the same instant.
//   - A NaN equals every NaN.
//   - Fields that sessions drop do not count.
//   - Values are equal if [Plan.Normalize] brings them into the same form.
//   - Values of a type that encodes itself are equal if their encodings are.
//
// Package typeinfo says which fields sessions drop, and which types encode themselves.
//
// Each kind of type has a node, which works on memory directly. The methods of a
// plan take addresses of values and write only to the value that their doc names.
package deep

import (
	"cmp"
	"errors"
	"reflect"
	"sync"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// MaxDepth is how deep a value may nest. Structs, slices, arrays and maps count.
// Codecs refuse deeper values.
const MaxDepth = typeinfo.MaxDepth

// ErrTooDeep means that a value nests deeper than [MaxDepth], which includes every
// value that contains itself, or has more parts than any store could keep.
var ErrTooDeep = errors.New("the value contains itself or nests deeper than 64 levels")

// A Plan handles values of type T. It is immutable.
type Plan[T any] struct{ *shared }

// A shared holds the parts that all plans for one type have in common.
type shared struct {
	root    node
	scratch sync.Pool // of *T: for Value
}

var plans sync.Map // of place to *shared

// Of returns the plan for T. Plans are made once and kept.
func Of[T any]() Plan[T] { return of[T](both) }

// For returns the plan for T of one codec: it compares and verifies by that alone.
func For[T any](c typeinfo.Codec) Plan[T] { return of[T](view(c)) }

func of[T any](v view) Plan[T] {
	at := place{reflect.TypeFor[T](), v}
	if known, ok := plans.Load(at); ok {
		return Plan[T]{known.(*shared)}
	}
	made := &shared{root: nodeOf(at.Type, v), scratch: sync.Pool{New: func() any { return new(T) }}}
	known, _ := plans.LoadOrStore(at, made)
	return Plan[T]{known.(*shared)}
}

// Copy returns a copy of *v that shares no memory with it, except through fields that
// sessions drop. The value must have passed [Plan.Verify].
func (p Plan[T]) Copy(v *T) *T {
	copied := new(T)
	p.CopyTo(copied, v)
	return copied
}

// CopyTo sets *dst to what [Plan.Copy] returns a pointer to.
func (p Plan[T]) CopyTo(dst, v *T) {
	*dst = *v
	if !p.root.about().flat {
		p.root.unshare(unsafe.Pointer(dst))
	}
}

// Value is [Plan.Copy] for a result that need not be on the heap. It makes the copy in
// memory that other copies had before, unless code of the type could keep the address.
func (p Plan[T]) Value(v *T) T {
	switch about := p.root.about(); {
	case about.flat:
		return *v
	case about.calls:
		return *p.Copy(v)
	}
	scratch := p.scratch.Get().(*T)
	p.CopyTo(scratch, v)
	var zero T
	copied := *scratch
	*scratch = zero
	p.scratch.Put(scratch)
	return copied
}

// Equal reports whether a and b hold the same value.
func (p Plan[T]) Equal(a, b *T) bool {
	return a == b || p.root.equal(unsafe.Pointer(a), unsafe.Pointer(b))
}

// Changes returns the paths of the struct fields in which a and b differ, such
// as "Items" and "Address.City", in the order of their declaration. If T is not
// a struct, the path is ".".
func (p Plan[T]) Changes(a, b *T) []string {
	if p.Equal(a, b) {
		return nil
	}
	return p.root.changes(nil, "", unsafe.Pointer(a), unsafe.Pointer(b))
}

// Normalize brings *v into the form that codecs return. Times are in UTC and without
// a monotonic reading. Dropped fields are zero, and so are fields that a codec may
// omit. A pointer to nil is nil, and a json.RawMessage is compact. Values of types
// that encode themselves stay as they are.
//
// It writes to *v and to everything that *v points to.
func (p Plan[T]) Normalize(v *T) {
	if p.root.about().normalizes {
		p.root.normalize(unsafe.Pointer(v))
	}
}

// Verify returns an error if *v cannot be copied and stored: [ErrTooDeep], or the
// error of a part's own marshaler.
func (p Plan[T]) Verify(v *T) error {
	if !p.root.about().verifies {
		return nil
	}
	w := walk{budget: maxParts}
	if p.root.verify(&w, unsafe.Pointer(v), 0) {
		return nil
	}
	return cmp.Or(w.err, ErrTooDeep)
}
