package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// Encoded keeps a value of a type that sessions cannot keep as a field, because it has
// interfaces, or unexported fields of another package. It holds the value's JSON with any
// codec of the store.
//
//	type User struct {
//		Name  string
//		Token codec.Encoded[oauth2.Token]
//	}
//
//	session.Update(func(u *User) { u.Token.Set(*token) })
//	token := session.Value().Token.Get()
//
// Parts that V leaves out of its JSON are lost, such as the extra fields of an
// oauth2.Token. Numbers in an any come back as float64. Set refuses a value whose JSON is
// read as another value, so a large integer in an any is an error and not another number.
//
// Two of them are equal if their JSON is equal. A change is reported for the whole field.
// A value whose JSON is null, such as a nil pointer, is the zero V.
// The zero Encoded holds a zero V, and takes a byte. In a store with [JSON], a field of
// type V can become Encoded[V], and the other way round, without losing its data.
type Encoded[V any] struct {
	text  string // the JSON; empty for a zero V that was never set
	fault string // why the value that was set cannot be kept
}

// EncodedOf returns an Encoded that holds v.
func EncodedOf[V any](v V) Encoded[V] {
	var e Encoded[V]
	e.Set(v)
	return e
}

// Set replaces the value by a copy of v. If v cannot be kept, the commit fails with a
// [session.EncodeError].
func (e *Encoded[V]) Set(v V) {
	text, err := encodedText(&v)
	if err != nil {
		*e = Encoded[V]{fault: err.Error()}
		return
	}
	*e = Encoded[V]{text: string(text)}
}

// Get returns a copy of the value.
func (e Encoded[V]) Get() V {
	v, _ := decodedText[V]([]byte(e.text))
	return v
}

// IsZero reports whether no value was set.
func (e Encoded[V]) IsZero() bool { return e == Encoded[V]{} }

var (
	errChanges = errors.New("its JSON is read as another value")
	errNothing = errors.New("its JSON holds nothing of it")

	errUnbounded = errors.New("a regexp.Regexp in it takes memory out of proportion to be decoded; keep its String")
)

// encodedText returns the JSON of the value at v. It must be read as the same.
func encodedText[V any](v *V) ([]byte, error) {
	text, err := new(jsonEncoder).fresh(v)
	if err == nil {
		err = scanJSON(text, true)
	}
	if errors.Is(err, errNotUTF8) { // unless a type wrote the escape itself
		err = fitterFor[V]().fit(text, true)
	}
	if err != nil {
		return nil, err
	}
	text = something(text)
	back, err := decodedText[V](text)
	if err != nil {
		return nil, err
	}
	if again, err := new(jsonEncoder).fresh(&back); err != nil || !bytes.Equal(something(again), text) {
		return nil, errChanges
	}
	return text, nil
}

// something returns JSON, or nothing if it is null: null is read as a zero V.
func something(text []byte) []byte {
	if string(text) == "null" {
		return nil
	}
	return text
}

func decodedText[V any](text []byte) (v V, err error) {
	if len(text) == 0 {
		return v, nil
	}
	if err = scanJSON(text, false); err == nil {
		err = fitterFor[V]().check(text)
	}
	if err == nil {
		err = unmarshal(text, &v)
	}
	if err != nil {
		var zero V
		return zero, err
	}
	return v, nil
}

var encodedFitters sync.Map // of reflect.Type to *jsonFitter

// fitterFor returns what refuses JSON of a V that encoding/json would take, but must not.
func fitterFor[V any]() *jsonFitter {
	t := reflect.TypeFor[V]()
	if known, ok := encodedFitters.Load(t); ok {
		return known.(*jsonFitter)
	}
	f := jsonFitterOf(t)
	encodedFitters.Store(t, f)
	return f
}

// fresh returns the encoding of v. It is for values of types that may encode others in turn.
func (*jsonEncoder) fresh(v any) ([]byte, error) {
	e := jsonEncoders.New().(*jsonEncoder)
	return e.encode(nil, v)
}

func (e Encoded[V]) bytes() ([]byte, error) {
	if e.fault != "" {
		return nil, fmt.Errorf("codec: Encoded[%v]: %s", reflect.TypeFor[V](), e.fault)
	}
	return []byte(e.text), nil
}

// MarshalJSON returns the value's JSON, or null if none was set.
func (e Encoded[V]) MarshalJSON() ([]byte, error) {
	data, err := e.bytes()
	if err == nil && len(data) == 0 {
		return []byte("null"), nil
	}
	return data, err
}

// UnmarshalJSON sets the value to the one in data, which must be a V's.
func (e *Encoded[V]) UnmarshalJSON(data []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return err
	}
	return e.UnmarshalBinary(compact.Bytes())
}

// MarshalBinary returns the value's JSON, or nothing if none was set.
func (e Encoded[V]) MarshalBinary() ([]byte, error) { return e.bytes() }

// UnmarshalBinary sets the value to the one in data, which must be a V's.
func (e *Encoded[V]) UnmarshalBinary(data []byte) error {
	data = something(data)
	if _, err := decodedText[V](data); err != nil {
		return err
	}
	*e = Encoded[V]{text: string(data)}
	return nil
}

// Check returns an error if made values of type V do not come back from their JSON.
func (Encoded[V]) Check() error {
	t := reflect.TypeFor[V]()
	if typeinfo.Unbounded(t) {
		return fmt.Errorf("a %v cannot be kept by its JSON: %w", t, errUnbounded)
	}
	var texts []string
	for _, sample := range typeinfo.Samples {
		v := sample.Make(t, typeinfo.JSON)
		text, err := encodedText(v.Interface().(*V))
		if err != nil {
			return fmt.Errorf("a %v cannot be kept by its JSON: %w", t, err)
		}
		texts = append(texts, string(text))
	}
	zero, full := texts[typeinfo.Zero], texts[typeinfo.Full]
	if info := typeinfo.Of(t); zero == full && info.Kind() == reflect.Struct && info.By(typeinfo.JSON) == nil && info.Size() > 0 {
		return fmt.Errorf("a %v cannot be kept by its JSON: %w", t, errNothing)
	}
	return nil
}
