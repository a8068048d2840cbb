package codec

import (
	"reflect"
	"strings"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/internal/rules"
)

// Pairs of methods in the order in which msgpack/v5 and encoding/json look for them.
var (
	msgpackPairs = []rules.Pair{
		rules.PairOf[msgpack.CustomEncoder, msgpack.CustomDecoder]("msgpack"),
		rules.PairOf[msgpack.Marshaler, msgpack.Unmarshaler]("msgpack"),
		rules.BinaryPair, rules.TextPair,
	}
	jsonPairs = []rules.Pair{rules.JSONPair, rules.TextPair}
)

// methods lists the pairs for an error.
func methods(pairs []rules.Pair) string {
	var names []string
	for _, p := range pairs {
		names = append(names, p.String())
	}
	return strings.Join(names, ", or ")
}

// writer returns the pair by which addressable values of type t are encoded, nil
// if t does not encode itself.
func (d *dialect) writer(t reflect.Type) *rules.Pair {
	return d.first(t, func(p *rules.Pair) reflect.Type { return p.To })
}

// reader returns the pair by which values of type t are decoded.
func (d *dialect) reader(t reflect.Type) *rules.Pair {
	return d.first(t, func(p *rules.Pair) reflect.Type { return p.From })
}

// first returns the pair that the codec finds first: msgpack/v5 looks for every
// pair in t before it looks in *t, encoding/json for each pair in both.
func (d *dialect) first(t reflect.Type, method func(*rules.Pair) reflect.Type) *rules.Pair {
	ptr := reflect.PointerTo(t)
	for i := range d.pairs {
		if p := &d.pairs[i]; t.Implements(method(p)) || !d.valueFirst && ptr.Implements(method(p)) {
			return p
		}
	}
	for i := range d.pairs {
		if p := &d.pairs[i]; ptr.Implements(method(p)) {
			return p
		}
	}
	return nil
}

// mayBeNull reports whether a value of type T may be encoded as a null.
func mayBeNull[T any](d *dialect) bool {
	switch t := reflect.TypeFor[T](); t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	default:
		return d.writer(t) != nil
	}
}

// encodesItself reports whether values of type t encode themselves. It refuses a
// type that is written but not read, or the reverse, and one that lacks the
// address that its methods need.
func (c *checker) encodesItself(t reflect.Type, path string, addressable bool) bool {
	to, from := c.writer(t), c.reader(t)
	if t.Kind() == reflect.Interface || to == nil && from == nil {
		return false
	}
	switch {
	case to == nil:
		c.refuse(path, "%v has %s, but no method to encode it", t, from.Reader())
	case from == nil:
		c.refuse(path, "%v has %s, but no method to decode it", t, to.Writer())
	case to.Group != from.Group:
		c.refuse(path, "%v is encoded by %s but decoded by %s; give it %v", t, to.Writer(), from.Reader(), c.pairs[0])
	case !addressable && !t.Implements(to.To):
		c.refuse(path, "%v values in a map have no address, which their %s needs; use a map of pointers, or a value receiver", t, to.Writer())
	case t.Kind() == reflect.Struct && keptFields(t) > 1 && rules.Promoted(t, to.Writer()) != "":
		c.refuse(path, "%v has %s from a field that it embeds, so that only that field would be stored; name the field", t, to.Writer())
	}
	return true
}

// keptFields counts the fields of t that sessions keep.
func keptFields(t reflect.Type) (n int) {
	for f := range t.Fields() {
		if rules.Keeps(t, f) {
			n++
		}
	}
	return n
}
