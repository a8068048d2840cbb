package typeinfo

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
)

// A Pair is two methods by which a type encodes itself.
type Pair struct {
	Writer, Reader string // their names
	Group          string // what they write

	writes, reads func(reflect.Type) bool // whether the type itself has the method
	marshal       func(ptr any) ([]byte, error)
	unmarshal     func(ptr any, data []byte) error
}

func (p *Pair) String() string { return p.Writer + " and " + p.Reader }

// Custom encodes and decodes a value, given by its address, by the methods that only
// msgpack/v5 can call. Package codec sets it.
var Custom struct {
	Encode func(ptr any) ([]byte, error)
	Decode func(ptr any, data []byte) error
}

var errNoCustom = errors.New("package codec is not linked")

type (
	msgpackMarshaler   interface{ MarshalMsgpack() ([]byte, error) }
	msgpackUnmarshaler interface{ UnmarshalMsgpack([]byte) error }
)

// The pairs that codecs know.
var (
	CustomPair = &Pair{
		Writer: "EncodeMsgpack", Reader: "DecodeMsgpack", Group: "msgpack",
		writes: func(t reflect.Type) bool {
			m, ok := t.MethodByName("EncodeMsgpack")
			return ok && takes(m, t, "Encoder")
		},
		reads: func(t reflect.Type) bool {
			m, ok := t.MethodByName("DecodeMsgpack")
			return ok && takes(m, t, "Decoder")
		},
		marshal: func(v any) ([]byte, error) {
			if Custom.Encode == nil {
				return nil, errNoCustom
			}
			return Custom.Encode(v)
		},
		unmarshal: func(v any, data []byte) error {
			if Custom.Decode == nil {
				return errNoCustom
			}
			return Custom.Decode(v, data)
		},
	}
	msgpackPair = pairOf[msgpackMarshaler, msgpackUnmarshaler]("msgpack", msgpackMarshaler.MarshalMsgpack, msgpackUnmarshaler.UnmarshalMsgpack)
	BinaryPair  = pairOf[encoding.BinaryMarshaler, encoding.BinaryUnmarshaler]("binary", encoding.BinaryMarshaler.MarshalBinary, encoding.BinaryUnmarshaler.UnmarshalBinary)
	TextPair    = pairOf[encoding.TextMarshaler, encoding.TextUnmarshaler]("text", encoding.TextMarshaler.MarshalText, encoding.TextUnmarshaler.UnmarshalText)
	JSONPair    = pairOf[json.Marshaler, json.Unmarshaler]("json", json.Marshaler.MarshalJSON, json.Unmarshaler.UnmarshalJSON)
)

// pairs are the pairs of methods that each codec looks for, in its order.
var pairs = [len(Codecs)][]*Pair{
	MessagePack: {CustomPair, msgpackPair, BinaryPair, TextPair},
	JSON:        {JSONPair, TextPair},
}

// Pairs returns the pairs that the codec looks for, in its order.
func (c Codec) Pairs() []*Pair { return pairs[c] }

func pairOf[W, R any](group string, marshal func(W) ([]byte, error), unmarshal func(R, []byte) error) *Pair {
	to, from := reflect.TypeFor[W](), reflect.TypeFor[R]()
	return &Pair{
		Writer: to.Method(0).Name, Reader: from.Method(0).Name, Group: group,
		writes:    func(t reflect.Type) bool { return t.Implements(to) },
		reads:     func(t reflect.Type) bool { return t.Implements(from) },
		marshal:   func(ptr any) ([]byte, error) { return marshal(ptr.(W)) },
		unmarshal: func(ptr any, data []byte) error { return unmarshal(ptr.(R), data) },
	}
}

// takes reports whether the method of t takes a type of msgpack/v5 of this name and
// returns an error.
func takes(m reflect.Method, t reflect.Type, name string) bool {
	if m.Type.NumIn() != 2 || m.Type.NumOut() != 1 || m.Type.Out(0) != reflect.TypeFor[error]() {
		return false
	}
	arg := m.Type.In(1)
	return arg.Kind() == reflect.Pointer && arg.Elem().Name() == name && arg.Elem().PkgPath() == "github.com/vmihailenco/msgpack/v5"
}

// Marshal returns the encoding of the value at ptr. A panic of the method is an error:
// the method need not expect a zero value.
func (p *Pair) Marshal(ptr any) (data []byte, err error) {
	defer rescue(p.Writer, &err)
	return p.marshal(ptr)
}

// Unmarshal sets the value at ptr, which must be zero.
func (p *Pair) Unmarshal(ptr any, data []byte) (err error) {
	defer rescue(p.Reader, &err)
	return p.unmarshal(ptr, data)
}

func rescue(method string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic in %s: %v", method, p)
	}
}

// Trip takes the value at ptr through its encoding and back.
func (p *Pair) Trip(t reflect.Type, ptr any) (reflect.Value, error) {
	back := reflect.New(t)
	data, err := p.Marshal(ptr)
	if err == nil {
		err = p.Unmarshal(back.Interface(), data)
	}
	return back, err
}

// Own holds the methods that a codec finds in a type. Either may be nil.
type Own struct{ To, From *Pair }

// ownOf returns the first methods that the codec finds: msgpack/v5 looks for every pair
// in t before it looks in *t, encoding/json for each pair in both.
func ownOf(t reflect.Type, c Codec) Own {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return Own{}
	}
	first := func(has func(*Pair) func(reflect.Type) bool) *Pair {
		ptr := reflect.PointerTo(t)
		for _, p := range pairs[c] {
			if has(p)(t) || c == JSON && has(p)(ptr) {
				return p
			}
		}
		for _, p := range pairs[c] {
			if has(p)(ptr) {
				return p
			}
		}
		return nil
	}
	return Own{
		first(func(p *Pair) func(reflect.Type) bool { return p.writes }),
		first(func(p *Pair) func(reflect.Type) bool { return p.reads }),
	}
}

// Promoted returns the name of the embedded field from which the struct t has a
// method, or "" if t declares the method itself or lacks it.
func Promoted(t reflect.Type, method string) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	m, ok := t.MethodByName(method)
	if !ok {
		if m, ok = reflect.PointerTo(t).MethodByName(method); !ok {
			return ""
		}
	}
	// The compiler generates promoted methods, and methods of *t whose receiver is t.
	pc := m.Func.Pointer()
	if file, _ := runtime.FuncForPC(pc).FileLine(pc); file != "<autogenerated>" {
		return ""
	}
	for f := range t.Fields() {
		if !f.Anonymous {
			continue
		}
		if _, ok := f.Type.MethodByName(method); ok {
			return f.Name
		}
		if _, ok := reflect.PointerTo(f.Type).MethodByName(method); ok {
			return f.Name
		}
	}
	return ""
}
