package codec

import (
	"errors"
	"reflect"
	"sync"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec/internal/msgplan"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

// MessagePack returns the default codec, which is compact and fast.
//
// A struct becomes a map from field names to values, so fields may be added and removed
// between deployments. It follows the tags of msgpack/v5:
//
//	Name  string   `msgpack:"n"`           // stored under another name
//	Notes []string `msgpack:",omitempty"`  // not stored if empty; nil when decoded
//	Cache *Cache   `msgpack:"-" json:"-"`  // not stored
//
// Types with unexported state need a pair of methods that msgpack/v5 knows: EncodeMsgpack
// and DecodeMsgpack, MarshalMsgpack and UnmarshalMsgpack, MarshalBinary and
// UnmarshalBinary, or MarshalText and UnmarshalText.
//
// Functions that a program registers with msgpack/v5 itself must be registered before
// MessagePack is called.
//
// Decode refuses a number that does not fit into its type. A pointer to a nil
// slice, map or pointer is decoded as a nil pointer. Encodings of equal values may
// differ in the order of their maps' keys.
func MessagePack[T any]() Codec[T] {
	t := reflect.TypeFor[T]()
	return &messagePack[T]{
		plan:     deep.For[T](typeinfo.MessagePack),
		encoding: planOf(t),
		numbers:  numbersOf(t),
		null:     mayBeNull[T](typeinfo.MessagePack),
	}
}

type messagePack[T any] struct {
	plan     deep.Plan[T]
	encoding msgplan.Plan // gives up where msgpack/v5 must encode
	numbers  numbers
	null     bool // a T may be encoded as nil
}

var errNull = errors.New("codec: nil in place of a value")

func (c *messagePack[T]) Append(dst []byte, v *T) ([]byte, error) {
	if err := c.plan.Verify(v); err != nil { // msgpack/v5 would follow a cycle without end
		return dst, err
	}
	if out, ok := c.encoding.Append(dst, unsafe.Pointer(v)); ok && (c.null || !isNil(out[len(dst):])) {
		return out, nil
	}
	e := encoders.Get().(*encoder)
	out, err := e.encode(dst, v)
	if err == nil {
		err = e.walker.walk(out[len(dst):])
	}
	if err == nil && !c.null && isNil(out[len(dst):]) {
		err = errNull
	}
	if err != nil {
		return dst, err
	}
	if len(out) <= maxPooled {
		encoders.Put(e)
	}
	return out, nil
}

func (c *messagePack[T]) Decode(data []byte, v *T) error {
	var zero T
	*v = zero
	if err := refuseVersion(data); err != nil {
		return err
	}
	if !c.null && isNil(data) {
		return errNull
	}
	if !c.encoding.Decode(data, unsafe.Pointer(v)) {
		*v = zero
		if err := c.decode(data, v); err != nil {
			*v = zero
			return inField[T](data, err)
		}
	}
	c.plan.Normalize(v)
	return nil
}

// decode decodes data by msgpack/v5.
func (c *messagePack[T]) decode(data []byte, v *T) error {
	d := decoders.Get().(*decoder)
	err := d.decode(data, v, &c.numbers)
	if err == nil && len(data) <= maxPooled {
		decoders.Put(d)
	}
	return err
}

// Check returns an error for each part of T that MessagePack cannot keep.
func (c *messagePack[T]) Check() error { return check(typeinfo.MessagePack, Codec[T](c)) }

// isNil reports whether data is MessagePack's nil.
func isNil(data []byte) bool { return len(data) == 1 && data[0] == 0xc0 }

// Encoders and decoders are kept between calls. After an error they are not, since
// their state may be inconsistent.
var (
	encoders = sync.Pool{New: func() any { return &encoder{enc: msgpack.NewEncoder(nil)} }}
	decoders = sync.Pool{New: func() any { return &decoder{dec: msgpack.NewDecoder(nil)} }}
)

func init() {
	typeinfo.Custom.Encode = func(v any) ([]byte, error) {
		e := encoder{enc: msgpack.NewEncoder(nil)}
		return e.encode(nil, v)
	}
	typeinfo.Custom.Decode = func(v any, data []byte) error {
		d := decoder{dec: msgpack.NewDecoder(nil)}
		return d.decode(data, v, &numbers{narrowest: everything})
	}
}

type encoder struct {
	enc    *msgpack.Encoder
	out    appender
	walker walker
}

// encode appends the encoding of the value at v, a pointer.
func (e *encoder) encode(dst []byte, v any) ([]byte, error) {
	return e.run(dst, func() error { return e.enc.Encode(v) })
}

// encodeValue appends the encoding of v, which is addressable.
func (e *encoder) encodeValue(dst []byte, v reflect.Value) ([]byte, error) {
	return e.run(dst, func() error { return e.enc.EncodeValue(v) })
}

func (e *encoder) run(dst []byte, encode func() error) (_ []byte, err error) {
	defer rescue(&err)
	e.out.buf = dst
	e.enc.Reset(&e.out) // for each value: a type's own EncodeMsgpack may set flags
	e.enc.SetSortMapKeys(true)
	e.enc.UseCompactInts(true)
	err = encode()
	out := e.out.buf
	e.out.buf = nil
	return out, err
}

type decoder struct {
	dec    *msgpack.Decoder
	in     reader
	walker walker
}

// decode sets the value at v, a pointer.
func (d *decoder) decode(data []byte, v any, holds *numbers) error {
	return d.run(data, holds, func() error { return d.dec.Decode(v) })
}

// decodeValue sets v, which is addressable.
func (d *decoder) decodeValue(data []byte, v reflect.Value, holds *numbers) error {
	return d.run(data, holds, func() error { return d.dec.DecodeValue(v) })
}

func (d *decoder) run(data []byte, holds *numbers, decode func() error) (err error) {
	defer rescue(&err)
	if err := d.walker.walk(data); err != nil {
		return err
	}
	if err := holds.check(data, d.walker.found); err != nil {
		return err
	}
	d.in = reader{data: data, exts: d.walker.exts}
	d.dec.Reset(&d.in)
	if err := decode(); err != nil {
		return err
	}
	read := d.in.pos
	d.in = reader{}
	if read != len(data) {
		return errTrailing
	}
	return nil
}
