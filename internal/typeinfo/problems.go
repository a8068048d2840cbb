package typeinfo

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Problems returns an error for each part of t that no codec could keep. If the codecs
// keep all parts only between them, it returns the problems of the default codec.
func Problems(t reflect.Type) []error {
	none := problemsOf(t, nil)
	if len(none) > 0 {
		return none
	}
	var first []error
	for k, c := range Codecs {
		errs := problemsOf(t, &c)
		if len(errs) == 0 {
			return nil
		}
		if k == 0 {
			first = errs
		}
	}
	return first
}

// ProblemsFor returns an error for each part of t that the codec cannot keep.
func ProblemsFor(t reflect.Type, codec Codec) []error { return problemsOf(t, &codec) }

func problemsOf(t reflect.Type, codec *Codec) (errs []error) {
	c := &checker{codec: codec, root: Of(t)}
	if t.Kind() == reflect.Pointer {
		c.refuse(PathOf(t), "the type of a session's value must not be a pointer; use %v: sessions copy it", t.Elem())
	} else {
		c.check(t, PathOf(t), true)
	}
	for _, p := range c.problems {
		errs = append(errs, errors.New(p.path+": "+p.text))
	}
	return errs
}

// PathOf returns the beginning of the paths of t's fields.
func PathOf(t reflect.Type) string { return cmp.Or(t.Name(), t.String()) }

// unstorable gives, for each kind that no codec stores, the reason and a remedy.
var unstorable = map[reflect.Kind]string{
	reflect.Chan:          "a channel cannot be stored; remove it",
	reflect.Func:          "a function cannot be stored; remove it",
	reflect.UnsafePointer: "an unsafe pointer cannot be stored; remove it",
	reflect.Complex64:     "a complex number cannot be stored; use two floats",
	reflect.Complex128:    "a complex number cannot be stored; use two floats",
	reflect.Uintptr:       "a uintptr cannot be stored; use a uint64",
}

// unfit gives the same for types of the standard library that encode themselves.
var unfit = map[reflect.Type]string{
	reflect.TypeFor[big.Float]():     "is decoded as another number; use a big.Rat, or its Text",
	reflect.TypeFor[regexp.Regexp](): "takes memory out of proportion to be decoded; keep its String, and compile that",
}

// Unbounded reports whether encoding/json takes memory out of proportion to decode a t.
func Unbounded(t reflect.Type) bool { return unbounded(t, map[reflect.Type]bool{}) }

func unbounded(t reflect.Type, met map[reflect.Type]bool) bool {
	if met[t] {
		return false
	}
	met[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return unbounded(t.Elem(), met)
	case reflect.Struct:
		return t == reflect.TypeFor[regexp.Regexp]() ||
			slices.ContainsFunc(Of(t).Members(JSON).List, func(m Member) bool { return unbounded(m.Type, met) })
	}
	return false
}

// immutable are types of the standard library whose hidden state nothing can change.
var immutable = map[reflect.Type]bool{
	timeType:                          true,
	reflect.TypeFor[netip.Addr]():     true,
	reflect.TypeFor[netip.AddrPort](): true,
	reflect.TypeFor[netip.Prefix]():   true,
}

var rawType = reflect.TypeFor[json.RawMessage]() // plain data: codecs write it as it is

// codecPackage declares Encoded, which checks itself.
const codecPackage = "github.com/seed48429006/sessions/codec"

const skipIt = ", or tag it `msgpack:\"-\" json:\"-\"`"

// A checker looks for the parts of a type that cannot be kept.
type checker struct {
	codec    *Codec                // nil for problems that every codec has
	root     *Info                 // the type whose author reads the problems
	known    map[reflect.Type]bool // see storableWithin
	open     map[visit]bool        // the types around, to end recursions
	around   []reflect.Type        // the same, outermost first
	fine     map[visit]bool        // types without problems
	problems []problem
}

// A visit looks at a type, with or without an address: methods with pointer receivers
// need one.
type visit struct {
	reflect.Type
	addressable bool
}

// refuse adds a problem. If it is within a type of another package than the root's, it
// names the remedy that needs no change there.
func (c *checker) refuse(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if t := c.foreign(); t != nil && writesJSON(t) {
		text += fmt.Sprintf("; or keep the %v in a codec.Encoded[%v]", t, t)
	}
	c.problems = append(c.problems, problem{path, text})
}

// writesJSON reports whether encoding/json writes something of a t, so that a
// codec.Encoded can keep it.
func writesJSON(t reflect.Type) (ok bool) {
	if _, not := unfit[t]; not {
		return false
	}
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	info := Of(t)
	if t.Kind() == reflect.Struct && info.By(JSON) == nil && len(info.Members(JSON).List) == 0 {
		return false
	}
	_, err := json.Marshal(reflect.New(t).Interface())
	return err == nil
}

// foreign returns the outermost type around the part that is declared outside of the
// root's package, or nil.
func (c *checker) foreign() reflect.Type {
	for _, t := range c.around {
		if t.Name() != "" && t.PkgPath() != "" && t.PkgPath() != c.root.InPackage() {
			return t
		}
	}
	return nil
}

// member returns the type of the innermost field around the part.
func (c *checker) member() reflect.Type {
	for k := len(c.around) - 1; k > 0; k-- {
		if c.around[k-1].Kind() == reflect.Struct {
			return c.around[k]
		}
	}
	return c.around[0]
}

func (c *checker) stored(f *Field) bool {
	if c.known == nil {
		return f.Stored()
	}
	return f.storedIf(func(t reflect.Type) bool { return storableWithin(t, c.known) })
}

func (c *checker) check(t reflect.Type, path string, addressable bool) {
	this := visit{t, addressable}
	if c.open[this] || c.fine[this] || immutable[t] {
		return
	}
	if c.open == nil {
		c.open, c.fine = map[visit]bool{}, map[visit]bool{}
	}
	before := len(c.problems)
	c.open[this], c.around = true, append(c.around, t)
	c.parts(t, path, addressable)
	c.around = c.around[:len(c.around)-1]
	delete(c.open, this)
	if len(c.problems) == before {
		c.fine[this] = true
	}
}

func (c *checker) parts(t reflect.Type, path string, addressable bool) {
	info := Of(t)
	if problem, ok := unfit[t]; ok {
		c.refuse(path, "a %v %s", t, problem)
		return
	}
	if wrapper, ok := reflect.New(t).Interface().(interface{ Check() error }); ok && t.PkgPath() == codecPackage {
		if err := wrapper.Check(); err != nil {
			c.refuse(path, "%v", err)
		}
		return
	}
	if c.encodesItself(info, path, addressable) {
		return
	}
	if problem, ok := unstorable[t.Kind()]; ok {
		c.refuse(path, "%s%s", problem, skipIt)
		return
	}
	if t == reflect.TypeFor[json.Number]() && c.codec != nil && *c.codec == JSON {
		c.refuse(path, "an empty json.Number would come back as 0; use a string"+skipIt)
	}
	switch t.Kind() {
	case reflect.Interface:
		c.interfaces(t, path)
	case reflect.Pointer:
		c.pointer(t, path)
	case reflect.Slice:
		c.check(t.Elem(), path+"[]", true)
	case reflect.Array:
		c.check(t.Elem(), path+"[]", addressable)
	case reflect.Map:
		c.key(t.Key(), path)
		c.check(t.Elem(), path+"[]", false)
	case reflect.Struct:
		c.structs(info, path, addressable)
	}
}

func (c *checker) interfaces(t reflect.Type, path string) {
	if c.foreign() != nil {
		c.refuse(path, "values in a field of type %v are decoded as another type", t)
		return
	}
	whole := strings.ReplaceAll(c.member().String(), "interface {}", "any")
	c.refuse(path, "values in a field of type %v are decoded as another type; use a concrete type, or a codec.Encoded[%s]%s", t, whole, skipIt)
}

// pointer refuses a type that is a pointer to itself, whose values cannot be stored.
func (c *checker) pointer(t reflect.Type, path string) {
	elem, visited := t.Elem(), map[reflect.Type]bool{}
	for elem.Kind() == reflect.Pointer {
		if visited[elem] {
			c.refuse(path, "%v points to itself and nothing else", t)
			return
		}
		visited[elem] = true
		elem = elem.Elem()
	}
	c.check(elem, path, true)
}

// key refuses map keys that would be other keys when they are decoded.
func (c *checker) key(t reflect.Type, path string) {
	switch {
	case !c.stableKey(t):
		c.refuse(path, "map keys of type %v would be other keys when they are decoded; use a string, an integer or a struct of those", t)
	case c.codec != nil && *c.codec == JSON && t.Kind() == reflect.String && Of(t).Own(JSON) != Own{}:
		c.refuse(path, "encoding/json writes map keys of type %v as they are, and reads them by their methods; use a string", t)
	case c.codec != nil && *c.codec == JSON && !isJSONKey(t):
		c.refuse(path, "JSON has no map keys of type %v; use a string or an integer, or give it MarshalText and UnmarshalText", t)
	default:
		c.check(t, path+"[key]", false)
	}
}

// isJSONKey reports whether encoding/json can write and read keys of type t.
func isJSONKey(t reflect.Type) bool {
	switch k := t.Kind(); {
	case k == reflect.String, reflect.Int <= k && k <= reflect.Uintptr:
		return true
	}
	return TextPair.writes(t) && (TextPair.reads(t) || TextPair.reads(reflect.PointerTo(t)))
}

func (c *checker) stableKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Chan:
		return false
	case reflect.Float32, reflect.Float64: // no lookup finds a NaN
		return false
	case reflect.Array:
		return c.stableKey(t.Elem())
	case reflect.Struct:
		if t == timeType { // one instant has many forms
			return false
		}
		if immutable[t] {
			return true
		}
		info := Of(t)
		for k := range info.Fields { // also unexported ones: a pointer in them would be another
			if f := &info.Fields[k]; !c.stableKey(f.Type) || !c.stored(f) {
				return false
			}
		}
	}
	return true
}

// structs checks the fields of a struct that is stored field by field.
func (c *checker) structs(info *Info, path string, addressable bool) {
	if c.codec == nil {
		c.fields(info, path, addressable)
		return
	}
	members := info.Members(*c.codec)
	for _, p := range members.problems {
		c.refuse(path+"."+p.path, "%s", p.text)
	}
	for _, p := range members.places {
		c.place(info, p, path+"."+p.path)
	}
	for _, m := range members.List {
		if c.stored(m.Field) {
			c.check(m.Type, path+"."+m.Path, addressable)
		}
	}
}

// fields checks the fields of a struct for every codec.
func (c *checker) fields(info *Info, path string, addressable bool) {
	for k := range info.Fields {
		f := &info.Fields[k]
		switch at := path + "." + f.Name; {
		case !c.stored(f):
		case !f.Visible():
			c.refuse(at, "an unexported field would be lost; export it, tag it `msgpack:\"-\" json:\"-\"`, or give %v MarshalText and UnmarshalText", info.Type)
		default:
			c.check(f.Type, at, addressable)
		}
	}
}

// place refuses a field with which the codec does another thing than sessions.
func (c *checker) place(info *Info, p place, path string) {
	own, stored := p.owner, c.stored(p.Field)
	switch {
	case p.as == written && !stored:
		c.refuse(path, "sessions do not keep it, but %v would write it; tag it `msgpack:\"-\" json:\"-\"`", *c.codec)
	case p.as == skipped && stored && own.EncodesItself():
		c.refuse(path, "%v encodes itself, so that sessions keep all its fields, but %v does not use its methods; remove the tag, or give %v methods that %v uses: %s",
			own, *c.codec, own, *c.codec, methods(*c.codec))
	case p.as == skipped && stored:
		c.refuse(path, "sessions keep it, but %v does not; tag it `msgpack:\"-\" json:\"-\"`, or remove the tag", *c.codec)
	case p.as == unseen && stored:
		c.refuse(path, "an unexported field would be lost; export it, tag it `msgpack:\"-\" json:\"-\"`, or give %v methods that %v uses: %s",
			own, *c.codec, methods(*c.codec))
	}
}

// methods lists the pairs of a codec for an error.
func methods(c Codec) string {
	var names []string
	for _, p := range c.Pairs() {
		names = append(names, p.String())
	}
	return strings.Join(names, ", or ")
}

// encodesItself reports whether values of a type encode themselves. It refuses a type that
// is written but not read, or the reverse, by methods that do not belong together, or that
// need an address which the values do not have.
func (c *checker) encodesItself(info *Info, path string, addressable bool) bool {
	if c.codec == nil {
		return c.encodesItselfSomehow(info, path)
	}
	t, own := info, info.Own(*c.codec)
	to, from := own.To, own.From
	if to == nil && from == nil {
		return false
	}
	switch {
	case to == nil:
		c.refuse(path, "%v has %s, but no method to encode it", t, from.Reader)
	case from == nil:
		c.refuse(path, "%v has %s, but no method to decode it", t, to.Writer)
	case to != from:
		c.refuse(path, "%v is encoded by %s but decoded by %s; give it %v", t, to.Writer, from.Reader, c.codec.Pairs()[0])
	case !addressable && !to.writes(t.Type):
		c.refuse(path, "%v values in a map have no address, which their %s needs; use a map of pointers, or a value receiver", t, to.Writer)
	default:
		c.embedded(info, to, path)
		c.copies(info, path)
	}
	return true
}

// encodesItselfSomehow is encodesItself for a type and any codec.
func (c *checker) encodesItselfSomehow(info *Info, path string) bool {
	if !info.EncodesItself() {
		return false
	}
	c.copies(info, path)
	before := len(c.problems)
	for _, codec := range Codecs {
		if p := info.By(codec); p != nil {
			c.problems = c.problems[:before]
			if c.embedded(info, p, path); len(c.problems) == before {
				break
			}
		}
	}
	return true
}

// embedded refuses a type that has a method from a field that it embeds, but not both, or
// although it has other fields.
func (c *checker) embedded(info *Info, p *Pair, path string) {
	to, from := Promoted(info.Type, p.Writer), Promoted(info.Type, p.Reader)
	switch {
	case to == "" && from == "":
	case to != from && from == "":
		c.refuse(path, "%v has %s from the %s that it embeds, and a %s of its own; give it both, or name the field", info, p.Writer, to, p.Reader)
	case to != from && to == "":
		c.refuse(path, "%v has %s from the %s that it embeds, and a %s of its own; give it both, or name the field", info, p.Reader, from, p.Writer)
	case to != from:
		c.refuse(path, "%v has %s from the %s and %s from the %s that it embeds; name the fields", info, p.Writer, to, p.Reader, from)
	case c.keptFields(info) > 1:
		c.refuse(path, "%v encodes itself as the %s that it embeds, so that only this field would be stored; name the field", info, to)
	default:
		c.embeddedIn(info, to, p, path)
	}
}

// embeddedIn refuses a type whose one field is embedded under a name, if that field cannot
// stand for it: a pointer, or a type that has the methods from a field of its own in turn.
func (c *checker) embeddedIn(info *Info, name string, p *Pair, path string) {
	f, _ := info.FieldByName(name)
	if f.Type.Kind() == reflect.Pointer {
		c.refuse(path, "%v encodes itself as the pointer %s that it embeds, which is nil before it is decoded; embed no pointer, or name the field", info, name)
		return
	}
	c.embedded(Of(f.Type), p, path+"."+name)
}

func (c *checker) keptFields(info *Info) (n int) {
	for k := range info.Fields {
		if c.stored(&info.Fields[k]) {
			n++
		}
	}
	return n
}

// copies refuses a type whose copies would share hidden state.
func (c *checker) copies(info *Info, path string) {
	if info.Copying().How == Shared {
		c.refuse(path, "a copy of a %v would share hidden state with it; give it a method Clone() %v", info, info)
	}
}
