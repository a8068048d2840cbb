package form

import (
	"strings"

	"golang.org/x/net/html"
)

// A scanner divides a page into tags and text, by the rules of HTML. It accepts
// everything, as browsers do. It builds no tree: a tree does not tell which form a
// control belongs to when the form's tags are nested wrongly.
type scanner struct {
	tokens *html.Tokenizer

	tag  tag    // of the last scan
	text string // if the last scan found no tag
}

func newScanner(page string) scanner {
	return scanner{tokens: html.NewTokenizer(strings.NewReader(page))}
}

// A tag is a start or end tag.
type tag struct {
	name       string // lower case; empty for text
	end        bool
	attributes []html.Attribute
}

// get returns an attribute's value, and whether the tag has it. The first of a name
// counts.
func (t *tag) get(name string) (string, bool) {
	for _, a := range t.attributes {
		if a.Key == name {
			return a.Val, true
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

// scan reads the next tag or text, and reports whether there is one.
func (s *scanner) scan() bool {
	s.tag, s.text = tag{}, ""
	for {
		switch s.tokens.Next() {
		case html.ErrorToken: // the page ends
			return false
		case html.TextToken:
			s.text = string(s.tokens.Text())
			return true
		case html.StartTagToken, html.SelfClosingTagToken:
			t := s.tokens.Token()
			s.tag = tag{name: t.Data, attributes: t.Attr}
			return true
		case html.EndTagToken:
			s.tag = tag{name: s.tokens.Token().Data, end: true}
			return true
		}
	}
}
