package dbsc

import "strings"

// An Item is a member of a header field that is a list (RFC 9651, section 3.1): a
// string or a token, or an inner list of them, with parameters.
type Item struct {
	Values []string
	Params map[string]string
}

// maxField bounds the fields that are read, so that nothing is kept of a longer one.
const maxField = 4096

// ParseList returns the members of a list. A field with something else than strings
// and tokens, or of more than 4,096 bytes, has none.
func ParseList(field string) (items []Item) {
	if len(field) > maxField {
		return nil
	}
	r := reader{field}
	for r.skip(); r.rest != ""; r.skip() {
		item, ok := r.item()
		if !ok {
			return nil
		}
		items = append(items, item)
		if r.skip(); r.rest != "" && !r.eat(',') {
			return nil
		}
	}
	return items
}

// ParseString returns the text of a field that is a string. Browsers also send the
// text as it is. It has at most limit bytes.
func ParseString(field string, limit int) (string, bool) { return unquote(field, limit) }

// unquote returns the text of a field, without quotes and parameters.
func unquote(field string, limit int) (string, bool) {
	if len(field) > limit+2+64 { // room for quotes, and for parameters, which are ignored
		return "", false
	}
	text := strings.TrimSpace(field)
	if strings.HasPrefix(text, `"`) {
		r := reader{text}
		var ok bool
		if text, ok = r.value(); !ok || r.rest != "" && r.rest[0] != ';' {
			return "", false
		}
	} else if text, _, _ = strings.Cut(text, ";"); strings.ContainsAny(text, `" ,`) {
		return "", false
	}
	return text, len(text) <= limit
}

// Quote returns text as a string of a header field, which can hold printable ASCII.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' {
			continue
		}
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}

// A reader reads a field from its beginning.
type reader struct{ rest string }

func (r *reader) skip() { r.rest = strings.TrimLeft(r.rest, " \t") }

func (r *reader) eat(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) item() (item Item, ok bool) {
	if r.eat('(') {
		for r.skip(); !r.eat(')'); r.skip() {
			value, ok := r.value()
			if !ok {
				return item, false
			}
			item.Values = append(item.Values, value)
		}
	} else {
		value, ok := r.value()
		if !ok {
			return item, false
		}
		item.Values = []string{value}
	}
	for r.eat(';') {
		r.skip()
		name, ok := r.token()
		if !ok {
			return item, false
		}
		value := ""
		if r.eat('=') {
			if value, ok = r.value(); !ok {
				return item, false
			}
		}
		if item.Params == nil {
			item.Params = map[string]string{}
		}
		item.Params[name] = value
	}
	return item, true
}

// value reads a string or a token.
func (r *reader) value() (string, bool) {
	if !r.eat('"') {
		return r.token()
	}
	if i := strings.IndexAny(r.rest, `"\`); i >= 0 && r.rest[i] == '"' {
		text := r.rest[:i]
		r.rest = r.rest[i+1:]
		return text, true
	}
	var b strings.Builder
	for i := 0; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return b.String(), true
		case c == '\\':
			if i++; i == len(r.rest) || r.rest[i] != '"' && r.rest[i] != '\\' {
				return "", false
			}
			b.WriteByte(r.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// token reads letters, digits and the marks that tokens, numbers and keys have.
func (r *reader) token() (string, bool) {
	n := 0
	for n < len(r.rest) {
		c := r.rest[n]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~:/?", rune(c)) {
			break
		}
		n++
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text, n > 0
}
