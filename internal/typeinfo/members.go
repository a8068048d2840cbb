package typeinfo

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// A Member is a field of a struct as a codec stores it. The fields of embedded structs
// are members of the struct around them.
type Member struct {
	Field  *Field
	Name   string // in the encoding
	Alias  string // under which it is read too
	Path   string // in Go, from the struct on
	Type   reflect.Type
	Offset uintptr // from the beginning of the struct; not if an embedded pointer is in between
	Omit   bool    // it is left out if empty
	Far    bool    // an embedded pointer is in between: it is left out if that is nil
}

// Members are the fields of a struct as a codec stores them.
type Members struct {
	List   []Member
	Spread []string // names of the embedded structs, under which msgpack/v5 reads them whole

	taken    map[string]string // all names, with the paths of the members that have them
	places   []place           // all fields, also of embedded structs
	problems []problem
}

// A place is a field, its path, and its treatment by the codec.
type place struct {
	*Field
	path string
	as   treatment
}

type treatment int

const (
	written treatment = iota
	skipped           // by its tag
	unseen            // since it is unexported
)

// A problem is a reason why a part of a type cannot be kept.
type problem struct{ path, text string }

// Sound reports whether the codec stores all of the members so that it finds them again.
func (m *Members) Sound() bool { return len(m.problems) == 0 }

func (m *Members) refuse(path, format string, args ...any) {
	m.problems = append(m.problems, problem{path, fmt.Sprintf(format, args...)})
}

// take gives a name to the member with a path.
func (m *Members) take(name, path string) {
	if other, taken := m.taken[name]; taken {
		m.refuse(path, "is stored under the name %q, and so is %s; rename one", name, other)
		return
	}
	m.taken[name] = path
}

// see notes how the codec treats a field.
func (m *Members) see(f *Field, as treatment) {
	m.places = append(m.places, place{f, f.Name, as})
}

// within adds the places of an embedded struct.
func (m *Members) within(f *Field, inner *Members) {
	m.see(f, written)
	for _, p := range inner.problems {
		m.refuse(f.Name+"."+p.path, "%s", p.text)
	}
	for _, p := range inner.places {
		m.places = append(m.places, place{p.Field, f.Name + "." + p.path, p.as})
	}
}

// msgpackMembers lists the members of a struct as msgpack/v5 does. It treats the fields
// of an embedded struct as the struct's own, unless the embedded struct encodes itself,
// or a field of it has a name that is taken.
func msgpackMembers(i *Info) *Members {
	m := &Members{taken: map[string]string{}}
	for k := range i.Fields {
		f := &i.Fields[k]
		tag := f.Tags[MessagePack]
		if tag.Problem != "" {
			m.refuse(f.Name, "%s", tag.Problem)
		}
		switch {
		case tag.Skip:
			m.see(f, skipped)
		case !f.IsExported() && !f.Anonymous:
			m.see(f, unseen)
		case f.Anonymous && !tag.NoInline && m.spread(f):
		case !f.IsExported():
			m.see(f, unseen)
		default:
			m.own(f)
		}
	}
	return m
}

// own adds a field that msgpack/v5 stores as itself.
func (m *Members) own(f *Field) {
	tag := f.Tags[MessagePack]
	if tag.Inline {
		m.refuse(f.Name, "msgpack/v5 cannot inline a %v; remove inline", f.Type)
	}
	if tag.OmitEmpty && mayBeEmpty(f.Type) {
		m.refuse(f.Name, "msgpack/v5 looks into a %v to find out whether it is empty, and finds nothing; remove omitempty, or use a pointer", f.Type)
	}
	name := tag.Name
	if name == "" {
		name = f.Name
	}
	m.see(f, written)
	m.List = append(m.List, Member{f, name, tag.Alias, f.Name, f.Type, f.Offset, tag.OmitEmpty, false})
	if m.take(name, f.Name); tag.Alias != "" {
		m.take(tag.Alias, f.Name)
	}
}

// mayBeEmpty reports whether msgpack/v5 treats a value of the struct type t as empty that
// may not be zero: the type encodes itself, and has no field that is always stored.
func mayBeEmpty(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t.Implements(reflect.TypeFor[Zeroer]()) || Of(t).own[MessagePack].To == nil {
		return false
	}
	return !slices.ContainsFunc(Of(t).Members(MessagePack).List, func(m Member) bool { return !m.Omit })
}

// A Zeroer is a type that says itself whether a value is zero.
type Zeroer interface{ IsZero() bool }

// IsZero asks the [Zeroer] v, unless that is nil. A value is kept if the method panics.
func IsZero(v reflect.Value) (zero bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return true
		}
	}
	defer func() {
		if recover() != nil {
			zero = false
		}
	}()
	return v.Interface().(Zeroer).IsZero()
}

// spread adds the fields of an embedded struct. It reports false if msgpack/v5 stores the
// struct as itself.
func (m *Members) spread(f *Field) bool {
	embedded, tag := f.Type, f.Tags[MessagePack]
	if embedded.Kind() == reflect.Pointer {
		embedded = embedded.Elem()
	}
	if own := Of(embedded).own[MessagePack]; embedded.Kind() != reflect.Struct || embedded == timeType || own.To != nil || own.From != nil {
		return false
	}
	if f.Type.Kind() == reflect.Pointer {
		m.refuse(f.Name, "a nil pointer to an embedded struct would not be nil when decoded; name the field, or tag it `msgpack:\",noinline\"`")
		return true
	}
	inner := Of(embedded).Members(MessagePack)
	if !tag.Inline && slices.ContainsFunc(inner.List, func(in Member) bool { return m.taken[in.Name] != "" }) {
		return false
	}
	for _, in := range inner.List {
		if in.Alias != "" {
			m.refuse(f.Name+"."+in.Path, "msgpack/v5 ignores the alias of a field of an embedded struct; name the struct's field, or tag it `msgpack:\",noinline\"`")
		}
		in.Path, in.Alias, in.Offset = f.Name+"."+in.Path, "", in.Offset+f.Offset
		m.List = append(m.List, in)
		m.take(in.Name, in.Path)
	}
	name := tag.Name
	if name == "" {
		name = f.Name
	}
	m.Spread = append(m.Spread, name)
	m.take(name, f.Name)
	m.within(f, inner)
	return true
}

// jsonMembers lists the members of a struct as encoding/json does. If two have one name,
// encoding/json drops one or both. The struct is embedded in others.
func jsonMembers(i *Info, within []reflect.Type) *Members {
	m := &Members{taken: map[string]string{}}
	for k := range i.Fields {
		f := &i.Fields[k]
		tag := f.Tags[JSON]
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case tag.Skip:
			m.see(f, skipped)
		case f.Anonymous && embedded.Kind() == reflect.Struct && tag.Name == "":
			m.spreadJSON(f, embedded, append(within[:len(within):len(within)], i.Type))
		case !f.Visible():
			m.see(f, unseen)
		default:
			if tag.Problem != "" {
				m.refuse(f.Name, "%s", tag.Problem)
			}
			if own := Of(embedded).own[JSON]; tag.Quoted && (embedded.Kind() <= reflect.Float64 || embedded.Kind() == reflect.String) && (own.To != nil || own.From != nil) {
				m.refuse(f.Name, "encoding/json reads the option string of its tag, and ignores it when it writes a %v; remove string", embedded)
			}
			m.see(f, written)
			name := tag.Name
			if name == "" {
				name = f.Name
			}
			m.List = append(m.List, Member{f, name, "", f.Name, f.Type, f.Offset, tag.OmitEmpty || tag.OmitZero, false})
			m.take(name, f.Name)
		}
	}
	return m
}

// spreadJSON adds the fields of an embedded struct.
func (m *Members) spreadJSON(f *Field, embedded reflect.Type, within []reflect.Type) {
	if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
		m.refuse(f.Name, "a pointer to an unexported embedded struct cannot be decoded; name the field")
		return
	}
	if slices.Contains(within, embedded) {
		m.refuse(f.Name, "%v embeds itself; name the field", embedded)
		return
	}
	inner := jsonMembers(Of(embedded), within)
	pointer := f.Type.Kind() == reflect.Pointer
	if pointer && !slices.ContainsFunc(inner.List, func(in Member) bool { return !in.Omit && !in.Far }) {
		m.refuse(f.Name, "a pointer to an embedded struct, of which every field may be left out, would be nil when decoded; name the field")
	}
	for _, in := range inner.List {
		in.Path, in.Offset, in.Far = f.Name+"."+in.Path, in.Offset+f.Offset, in.Far || pointer
		m.List = append(m.List, in)
		m.take(in.Name, in.Path)
	}
	m.within(f, inner)
}
