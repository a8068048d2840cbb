package form

import (
	"html"
	"strings"
)

// A scanner divides a page into tags and text. It knows as much of HTML's rules as
// forms and links need, and accepts everything, as browsers do.
type scanner struct {
	rest string
	raw  string // the element whose end tag alone ends the text, such as "script"

	tag  tag    // of the last scan
	text string // if the last scan found no tag
}

// A tag is a start or end tag.
type tag struct {
	name       string // lower case; empty for text
	end        bool
	attributes []attribute
}

type attribute struct{ name, value string }

// get returns an attribute's value, and whether the tag has it.
func (t *tag) get(name string) (string, bool) {
	for _, a := range t.attributes {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

func (t *tag) value(name string) string {
	value, _ := t.get(name)
	return value
}

func (t *tag) has(name string) bool {
	_, ok := t.get(name)
	return ok
}

// rawElements contain text and no tags. In those that are true, the text may have
// character references.
var rawElements = map[string]bool{
	"script": false, "style": false, "xmp": false, "iframe": false, "noembed": false, "noframes": false,
	"textarea": true, "title": true,
}

// scan reads the next tag or text, and reports whether there is one.
func (s *scanner) scan() bool {
	s.tag, s.text = tag{}, ""
	for s.rest != "" {
		if s.raw != "" {
			s.scanRaw()
			return true
		}
		at := strings.IndexByte(s.rest, '<')
		switch {
		case at < 0:
			s.takeText(len(s.rest))
			return true
		case at > 0:
			s.takeText(at)
			return true
		case strings.HasPrefix(s.rest, "<!--"):
			s.skipComment()
		case len(s.rest) > 1 && isLetter(s.rest[1]):
			s.rest = s.rest[1:]
			s.scanTag()
			return true
		case len(s.rest) > 2 && s.rest[1] == '/' && isLetter(s.rest[2]):
			s.rest = s.rest[2:]
			s.tag.end = true
			s.scanTag()
			return true
		case len(s.rest) > 1 && strings.IndexByte("!?/", s.rest[1]) >= 0: // not a tag
			s.skipPast(">")
		default:
			s.takeText(1)
			return true
		}
	}
	return false
}

func (s *scanner) takeText(n int) {
	s.text, s.rest = html.UnescapeString(s.rest[:n]), s.rest[n:]
}

func (s *scanner) skipPast(end string) {
	_, s.rest, _ = strings.Cut(s.rest, end)
}

// skipComment skips a comment. "<!-->" and "<!--->" are whole ones.
func (s *scanner) skipComment() {
	s.rest = s.rest[len("<!--"):]
	for _, short := range []string{">", "->"} {
		if after, ok := strings.CutPrefix(s.rest, short); ok {
			s.rest = after
			return
		}
	}
	s.skipPast("-->")
}

// scanRaw reads the text of a raw element.
func (s *scanner) scanRaw() {
	n := endOf(s.raw, s.rest)
	s.text, s.rest = s.rest[:n], s.rest[n:]
	if rawElements[s.raw] {
		s.text = html.UnescapeString(s.text)
	}
	s.raw = ""
}

// endOf returns the index of an element's end tag in text, or the text's length.
func endOf(element, text string) int {
	for at := 0; ; {
		i := strings.Index(text[at:], "</")
		if i < 0 {
			return len(text)
		}
		at += i
		name := text[at+len("</"):]
		if len(name) >= len(element) && strings.EqualFold(name[:len(element)], element) &&
			(len(name) == len(element) || strings.IndexByte(" \t\n\f\r/>", name[len(element)]) >= 0) {
			return at
		}
		at += len("</")
	}
}

// scanTag reads a tag from its name on.
func (s *scanner) scanTag() {
	s.tag.name = strings.ToLower(s.takeUntil(" \t\n\f\r/>"))
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\n\f\r/")
		if s.rest == "" {
			break
		}
		if s.rest[0] == '>' {
			s.rest = s.rest[1:]
			break
		}
		s.scanAttribute()
	}
	if _, raw := rawElements[s.tag.name]; raw && !s.tag.end {
		s.raw = s.tag.name
	}
}

func (s *scanner) scanAttribute() {
	first := s.rest[:1] // may be "="
	s.rest = s.rest[1:]
	name := strings.ToLower(first + s.takeUntil(" \t\n\f\r/>="))
	value := ""
	if after, ok := strings.CutPrefix(strings.TrimLeft(s.rest, " \t\n\f\r"), "="); ok {
		s.rest = strings.TrimLeft(after, " \t\n\f\r")
		value = html.UnescapeString(s.takeValue())
	}
	if !s.tag.has(name) {
		s.tag.attributes = append(s.tag.attributes, attribute{name, value})
	}
}

func (s *scanner) takeValue() string {
	if s.rest != "" && (s.rest[0] == '"' || s.rest[0] == '\'') {
		quote := s.rest[:1]
		value, rest, _ := strings.Cut(s.rest[1:], quote)
		s.rest = rest
		return value
	}
	return s.takeUntil(" \t\n\f\r>")
}

func (s *scanner) takeUntil(ends string) string {
	n := strings.IndexAny(s.rest, ends)
	if n < 0 {
		n = len(s.rest)
	}
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
