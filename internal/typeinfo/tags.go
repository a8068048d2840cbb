package typeinfo

import (
	"reflect"
	"strings"
	"unicode"
)

// A Tag is the tag of a field for one codec.
type Tag struct {
	Name    string // "" if the field is stored under its own
	Alias   string // under which it is read too
	Skip    bool   // the codec leaves the field out
	Problem string // why the codec cannot keep a field with this tag

	OmitEmpty, OmitZero, Inline, NoInline, Quoted bool
}

func tagOf(f reflect.StructField, c Codec) Tag {
	text := f.Tag.Get(c.Tag())
	if c == JSON {
		return jsonTag(text)
	}
	return msgpackTag(f, text)
}

// jsonTag reads a tag as encoding/json does: "-" alone skips the field, and a name with
// unusual characters is not a name.
func jsonTag(text string) Tag {
	if text == "-" {
		return Tag{Skip: true}
	}
	name, options, _ := strings.Cut(text, ",")
	t := Tag{Name: name}
	if strings.ContainsFunc(name, isNoJSONName) {
		t.Name = ""
		t.Problem = "encoding/json ignores the name in its tag because of a character in it; use letters and digits"
	}
	for option := range strings.SplitSeq(options, ",") {
		t.OmitEmpty = t.OmitEmpty || option == "omitempty"
		t.OmitZero = t.OmitZero || option == "omitzero"
		t.Quoted = t.Quoted || option == "string"
	}
	return t
}

func isNoJSONName(r rune) bool {
	return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// msgpackTag reads a tag as msgpack/v5 does. It refuses a tag with quotes, brackets and
// the like, for which that has a grammar of its own.
func msgpackTag(f reflect.StructField, text string) Tag {
	name, options, _ := strings.Cut(text, ",")
	t := Tag{Name: name, Skip: name == "-"}
	if f.Name == "_msgpack" {
		return msgpackOptions(options)
	}
	if strings.ContainsFunc(text, isUnusual) || strings.Contains(name, ":") {
		t.Problem = "msgpack/v5 reads its tag in another way than it looks; use letters, digits and underscores"
		return t
	}
	for option := range strings.SplitSeq(options, ",") {
		option = strings.TrimSpace(option)
		alias, isAlias := strings.CutPrefix(option, "alias:")
		switch {
		case option == "", option == "omitempty", option == "inline", option == "noinline":
		case option == "intern":
			t.Problem = "interned strings are not supported; remove intern"
		case isAlias && t.Alias == "" && alias != "" && !strings.Contains(alias, ":"):
			t.Alias = alias
		default:
			t.Problem = "the option " + option + " in its tag is not supported; remove it"
		}
		t.OmitEmpty = t.OmitEmpty || option == "omitempty"
		t.Inline = t.Inline || option == "inline"
		t.NoInline = t.NoInline || option == "noinline"
	}
	return t
}

// msgpackOptions reads the options for a whole struct, which msgpack/v5 takes from a
// field _msgpack.
func msgpackOptions(options string) Tag {
	t := Tag{Skip: true}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "as_array", "asArray":
			t.Problem = "a struct stored as an array cannot be decoded after a field was added or removed; remove as_array"
		default:
			t.Problem = "the option " + option + " for a whole struct is not supported; tag each field"
		}
	}
	return t
}

func isUnusual(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-./,: ", r)
}
