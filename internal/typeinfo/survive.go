package typeinfo

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
)

var (
	errNil     = errors.New("a pointer to it would be nil when it is decoded")
	errAnother = errors.New("it is decoded as another value")

	errNothing = errors.New("it is encoded as nil, which is decoded as the zero value")

	errExcessive = fmt.Errorf("it has more than %d digits", maxDigits)
)

// Survives returns an error if the codec would not decode the value at ptr, of a type that
// encodes itself. A value behind a pointer must not be encoded as nil.
func (i *Info) Survives(c Codec, ptr reflect.Value, pointed bool) error {
	_, _, err := i.trip(c, ptr, pointed)
	return err
}

// trip takes the value at ptr through the codec's encoding and back. It returns the
// encoding, and no address if the codec writes nil and so does not call the type.
func (i *Info) trip(c Codec, ptr reflect.Value, pointed bool) (data []byte, back reflect.Value, err error) {
	p := i.By(c)
	if p == CustomPair && Custom.Encode == nil {
		return nil, back, nil // there is no codec that could
	}
	if c == MessagePack && !pointed && Nilable(i.Kind()) && ptr.Elem().IsNil() {
		return nil, back, nil
	}
	if data, err = p.Marshal(ptr.Interface()); err != nil {
		return nil, back, err
	}
	switch {
	case p.writesNull(data) && pointed:
		return nil, back, errNil
	case c == MessagePack && !pointed && (p.writesNull(data) || data == nil):
		return nil, back, p.nothing(ptr, reflect.New(i.Type))
	}
	if i.Excessive(data) {
		return nil, back, errExcessive
	}
	back = reflect.New(i.Type)
	if err = p.Unmarshal(back.Interface(), data); err == nil && p.writesNull(data) {
		err = p.nothing(ptr, back)
	}
	return data, back, err
}

// nothing returns an error if the value at ptr, which is encoded as nil, is decoded as the
// value at back and that is encoded as another.
func (p *Pair) nothing(ptr, back reflect.Value) error {
	if ptr.Elem().IsZero() {
		return nil
	}
	if data, err := p.Marshal(back.Interface()); err != nil || len(data) > 0 && !p.writesNull(data) {
		return errNothing
	}
	return nil
}

// ZeroSurvives returns an error if the codec would not decode a zero value as it was.
func (i *Info) ZeroSurvives(c Codec) error {
	data, back, err := i.trip(c, reflect.New(i.Type), false)
	if err != nil || !back.IsValid() {
		return err
	}
	if back.Elem().IsZero() {
		return nil
	}
	if again, err := i.By(c).Marshal(back.Interface()); err != nil || !permuted(again, data) {
		return errAnother
	}
	return nil
}

// permuted reports whether a and b have the same bytes, in any order: a method may write
// the keys of a map in another order each time.
func permuted(a, b []byte) bool {
	return bytes.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// writesNull reports whether data is the nil of the codec that calls the pair.
func (p *Pair) writesNull(data []byte) bool {
	switch p.Group {
	case "msgpack":
		return len(data) == 1 && data[0] == 0xc0
	case "json":
		return string(bytes.TrimSpace(data)) == "null"
	}
	return false
}

// Nilable reports whether msgpack/v5 stores a nil of the kind without asking its type.
func Nilable(k reflect.Kind) bool { return k == reflect.Slice || k == reflect.Map }

// ZeroProblems returns an error for each part of a zero t that no codec would decode as it
// was. Each new session has that value, so the first visitor would find out.
func ZeroProblems(t reflect.Type) (errs []error) {
	var found [len(Codecs)]map[string]error
	for _, c := range Codecs {
		found[c] = zeroProblems(t, c)
		maps.Copy(found[c], pointerProblems(t, c))
	}
	for _, path := range slices.Sorted(maps.Keys(found[MessagePack])) {
		if found[JSON][path] != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, found[MessagePack][path]))
		}
	}
	return errs
}

// ZeroProblemsFor returns the same for one codec.
func ZeroProblemsFor(t reflect.Type, c Codec) (errs []error) {
	found := zeroProblems(t, c)
	maps.Copy(found, pointerProblems(t, c))
	for _, path := range slices.Sorted(maps.Keys(found)) {
		errs = append(errs, fmt.Errorf("%s: %w", path, found[path]))
	}
	return errs
}

func zeroProblems(t reflect.Type, c Codec) map[string]error {
	z := zeros{c, map[string]error{}, map[reflect.Type]bool{}}
	z.part(t, PathOf(t))
	return z.found
}

// pointerProblems returns an error for each pointer in t to a type whose zero survives, but
// not behind a pointer.
func pointerProblems(t reflect.Type, c Codec) map[string]error {
	z := zeros{c, map[string]error{}, map[reflect.Type]bool{}}
	z.pointers(t, PathOf(t))
	return z.found
}

// zeros looks for parts in the memory of a zero value that do not survive.
type zeros struct {
	codec Codec
	found map[string]error
	met   map[reflect.Type]bool
}

func (z *zeros) part(t reflect.Type, path string) {
	info := Of(t)
	switch {
	case immutable[t] || t == rawType || t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
	case info.By(z.codec) != nil:
		if err := info.ZeroSurvives(z.codec); err != nil {
			z.found[path] = fmt.Errorf("a zero %v, which every new session has, cannot be stored: %w; use a pointer", t, err)
		}
	case t.Kind() == reflect.Array && t.Len() > 0:
		z.part(t.Elem(), path+"[]")
	case t.Kind() == reflect.Struct:
		for _, m := range info.Members(z.codec).List {
			if !m.omitsZero(z.codec) && !m.Far {
				z.part(m.Type, path+"."+m.Path)
			}
		}
	}
}

// pointers looks for such pointers everywhere in t.
func (z *zeros) pointers(t reflect.Type, path string) {
	info := Of(t)
	if z.met[t] || immutable[t] || info.By(z.codec) != nil {
		return
	}
	z.met[t] = true
	switch t.Kind() {
	case reflect.Pointer:
		if elem := Of(t.Elem()); elem.Type != rawType && elem.By(z.codec) != nil && elem.ZeroSurvives(z.codec) == nil {
			if err := elem.Survives(z.codec, reflect.New(elem.Type), true); err != nil {
				z.found[path] = fmt.Errorf("a pointer to a zero %v cannot be stored: %w; use no pointer", elem, err)
			}
		}
		z.pointers(t.Elem(), path)
	case reflect.Slice, reflect.Array:
		z.pointers(t.Elem(), path+"[]")
	case reflect.Map:
		z.pointers(t.Elem(), path+"[]")
	case reflect.Struct:
		for _, m := range info.Members(z.codec).List {
			z.pointers(m.Type, path+"."+m.Path)
		}
	}
}

// omitsZero reports whether the codec leaves out the member if it is zero and encodes
// itself.
func (m *Member) omitsZero(c Codec) bool {
	switch {
	case !m.Omit:
		return false
	case m.Type.Kind() != reflect.Struct && m.Type.Kind() != reflect.Array, c == JSON && m.Field.Tags[JSON].OmitZero:
		return true
	}
	return c == MessagePack && m.Type.Implements(reflect.TypeFor[Zeroer]())
}

// maxDigits bounds the numbers of package math/big: they take time out of proportion to
// their length to be decoded.
const maxDigits = 1 << 13

// Excessive reports whether the type's method would take memory or time out of proportion
// to decode data, which it does not write.
func (i *Info) Excessive(data []byte) bool {
	if !i.Bounded() {
		return false
	}
	for part := range bytes.SplitSeq(data, []byte{'/'}) {
		if len(part) > maxDigits {
			return true
		}
	}
	return bytes.ContainsAny(data, `eEpPxXoObB_\`)
}

// Bounded reports whether data can be excessive for the type.
func (i *Info) Bounded() bool {
	return i.Type == reflect.TypeFor[big.Int]() || i.Type == reflect.TypeFor[big.Rat]()
}
