package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A jsonFitter compares JSON with the shape of a type. It refuses data that encoding/json
// would take, but must not: integers that a float rounds, numbers of package math/big that
// take memory out of proportion, more elements than an array has, and, of data that was
// encoded just now, strings that were not valid UTF-8. Where data and shape differ in form
// it accepts the data, since encoding/json refuses it.
type jsonFitter struct {
	root    *shape
	numbers bool // the type has floats
	large   bool // the type has numbers of package math/big
	arrays  bool // the type has arrays
}

// longInteger is how many digits an integer may have that every float holds.
const longInteger = 7

func jsonFitterOf(t reflect.Type) *jsonFitter {
	c := shaper{codec: typeinfo.JSON, made: map[reflect.Type]*shape{}, narrowest: everything}
	f := &jsonFitter{root: c.shape(t)}
	f.large = c.bounded
	f.note(f.root, map[*shape]bool{})
	return f
}

// note goes through a shape, and notes what there is to check.
func (f *jsonFitter) note(s *shape, met map[*shape]bool) {
	if s == nil || met[s] {
		return
	}
	met[s] = true
	f.numbers = f.numbers || s.precision > 0
	f.arrays = f.arrays || s.array
	f.note(s.key, met)
	f.note(s.elem, met)
	for _, field := range s.fields {
		f.note(field, met)
	}
}

// check returns an error if data must not be decoded. It must not nest too deep.
func (f *jsonFitter) check(data []byte) error {
	if f.large || f.arrays || f.numbers && hasLongInteger(data) {
		return f.fit(data, false)
	}
	return nil
}

// fit goes through data, which was encoded just now or not.
func (f *jsonFitter) fit(data []byte, encoded bool) error {
	w := jsonWalk{data: data, encoded: encoded}
	w.value(f.root)
	return w.err
}

func hasLongInteger(data []byte) bool {
	run := 0
	for _, c := range data {
		if c < '0' || c > '9' {
			run = 0
			continue
		}
		if run++; run > longInteger {
			return true
		}
	}
	return false
}

// A jsonWalk is one walk through data. It ends early at data that is not JSON.
type jsonWalk struct {
	data    []byte
	pos     int
	encoded bool
	err     error
}

func (w *jsonWalk) next() byte {
	for ; w.pos < len(w.data); w.pos++ {
		if c := w.data[w.pos]; c > ' ' {
			return c
		}
	}
	return 0
}

func (w *jsonWalk) value(s *shape) {
	switch w.next() {
	case '{':
		w.each('}', func() {
			key := w.text()
			w.leaf(s.keyOf(), key)
			if w.next() == ':' {
				w.pos++
			}
			w.value(s.member(key))
		})
	case '[':
		n := 0
		w.each(']', func() { n++; w.value(s.element()) })
		if s != nil && s.array && n > s.len && w.err == nil {
			w.err = fmt.Errorf("codec: %d elements do not fit into type %v", n, s.typ)
		}
	case '"':
		w.leaf(s, w.text())
	default:
		w.leaf(s, w.literal())
	}
}

// each calls part at the beginning of each part of an array or an object.
func (w *jsonWalk) each(end byte, part func()) {
	for w.pos++; w.err == nil; {
		switch c := w.next(); {
		case c == 0:
			return
		case c == end:
			w.pos++
			return
		case c == ',':
			w.pos++
		default:
			before := w.pos
			if part(); w.pos == before {
				w.pos = len(w.data)
			}
		}
	}
}

// text passes a string, and returns it with its quotes.
func (w *jsonWalk) text() []byte {
	begin := w.pos
	if w.next() != '"' {
		return nil
	}
	w.pos = min(stringEnd(w.data, w.pos+1)+1, len(w.data))
	return w.data[begin:w.pos]
}

// literal passes a number, true, false or null.
func (w *jsonWalk) literal() []byte {
	begin := w.pos
	for w.pos < len(w.data) && w.data[w.pos] > ' ' && !bytes.ContainsRune([]byte(",:]}[{\""), rune(w.data[w.pos])) {
		w.pos++
	}
	return w.data[begin:w.pos]
}

func (w *jsonWalk) leaf(s *shape, text []byte) {
	switch {
	case w.err != nil || len(text) == 0:
	case w.encoded:
		if text[0] == '"' && hasReplaced(text) && (s == nil || !s.own) {
			w.err = errNotUTF8
		}
	case s == nil:
	case s.precision > 0:
		w.err = fitsFloat(string(bytes.Trim(text, `"`)), s)
	case typeinfo.Of(s.typ).Excessive(bytes.Trim(text, `"`)) && string(text) != "null":
		w.err = &misfit{typ: s.typ, long: true}
	}
}

// fitsFloat returns an error if a float of the shape rounds the integer: it is neither exact
// nor the shortest form of a float, which encoding/json writes.
func fitsFloat(text string, s *shape) error {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) <= longInteger || strings.Trim(digits, "0123456789") != "" {
		return nil
	}
	f, err := strconv.ParseFloat(text, s.typ.Bits())
	if err == nil && strconv.FormatFloat(f, 'f', -1, s.typ.Bits()) == text {
		return nil
	}
	if n, ok := new(big.Int).SetString(text[:min(len(text), 32)], 10); ok && len(text) < 32 && err == nil {
		if exact, _ := big.NewFloat(f).Int(nil); exact.Cmp(n) == 0 {
			return nil
		}
	}
	return fmt.Errorf("codec: the number %.32s does not fit into type %v", text, s.typ)
}

// member returns the shape of an object's value for a key, as encoding/json finds it: the
// case of letters does not count.
func (s *shape) member(key []byte) *shape {
	if s == nil || s.own || s.fields == nil {
		return s.element()
	}
	var name string
	if json.Unmarshal(key, &name) != nil {
		return nil
	}
	if field, ok := s.fields[name]; ok {
		return field
	}
	for other, field := range s.fields {
		if strings.EqualFold(other, name) {
			return field
		}
	}
	return nil
}

// keyOf returns the shape of an object's keys.
func (s *shape) keyOf() *shape {
	if s == nil || s.own {
		return s
	}
	return s.key
}

// element returns the shape of an element. In JSON of a type's own, that is the same.
func (s *shape) element() *shape {
	if s == nil || s.own {
		return s
	}
	return s.elem
}
