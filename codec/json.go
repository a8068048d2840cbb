package codec

import (
	"encoding/json"
	"errors"
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

// JSON returns a codec whose data other programs and people can read. It encodes
// as encoding/json does, with its tags, but without escaping HTML. It refuses
// strings that are not valid UTF-8, null in place of a value, and data after the
// value.
//
// Types with unexported state need MarshalJSON and UnmarshalJSON, or MarshalText
// and UnmarshalText. A pointer to a nil slice, map or pointer is decoded as a nil
// pointer.
//
// JSON takes a third more space than [MessagePack], and more than twice as long to
// decode.
func JSON[T any]() Codec[T] {
	return &jsonCodec[T]{deep.For[T](typeinfo.JSON), jsonFitterOf(reflect.TypeFor[T]()), mayBeNull[T](typeinfo.JSON)}
}

type jsonCodec[T any] struct {
	plan   deep.Plan[T]
	fitter *jsonFitter
	null   bool // a T may be encoded as null
}

func (c *jsonCodec[T]) Append(dst []byte, v *T) ([]byte, error) {
	if err := c.plan.Verify(v); err != nil {
		return dst, err
	}
	e := jsonEncoders.Get().(*jsonEncoder)
	out, err := e.encode(dst, v)
	if err != nil {
		return dst, err
	}
	if len(out) <= maxPooled {
		jsonEncoders.Put(e)
	}
	err = c.inspect(out[len(dst):], true)
	if errors.Is(err, errNotUTF8) { // unless a type wrote the escape itself
		err = c.fitter.fit(out[len(dst):], true)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

func (c *jsonCodec[T]) Decode(data []byte, v *T) error {
	var zero T
	*v = zero
	if err := refuseVersion(data); err != nil {
		return err
	}
	if err := c.inspect(data, false); err != nil {
		return err
	}
	err := c.fitter.check(data)
	if err == nil {
		err = unmarshal(data, v)
	}
	if err != nil {
		*v = zero
		return err
	}
	c.plan.Normalize(v)
	return nil
}

// Check returns an error for each part of T that JSON cannot keep.
func (c *jsonCodec[T]) Check() error { return check(typeinfo.JSON, Codec[T](c)) }

// inspect refuses data that encoding/json would accept, but must not.
func (c *jsonCodec[T]) inspect(data []byte, encoded bool) error {
	if !c.null && string(data) == "null" {
		return errNull
	}
	return scanJSON(data, encoded)
}

func unmarshal(data []byte, v any) (err error) {
	defer rescue(&err)
	return json.Unmarshal(data, v)
}

var jsonEncoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.enc = json.NewEncoder(&e.out)
	e.enc.SetEscapeHTML(false)
	return e
}}

type jsonEncoder struct {
	enc *json.Encoder
	out appender
}

func (e *jsonEncoder) encode(dst []byte, v any) (_ []byte, err error) {
	defer rescue(&err)
	e.out.buf = dst
	if err := e.enc.Encode(v); err != nil {
		return nil, err
	}
	out := e.out.buf
	e.out.buf = nil
	return out[:len(out)-1], nil // without the newline that Encode adds
}
