package form

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Find returns the form that is meant, and the button to press, which is nil if the
// form has none. A form is named by the text of its button, or a part of it that no
// other has; by "#" and its ID; or by its action, which begins with a slash.
func (d *Document) Find(name string) (*Form, *Control, error) {
	if strings.HasPrefix(name, "#") {
		return d.only(name, func(f *Form) bool { return f.ID == name[1:] })
	}
	if strings.HasPrefix(name, "/") {
		return d.only(name, func(f *Form) bool { return f.Action == name })
	}
	type press struct {
		form   *Form
		button *Control
	}
	var exact, partly []press
	var texts []string
	for _, f := range d.Forms {
		for _, b := range f.Buttons() {
			texts = append(texts, b.Text)
			if b.Text == name {
				exact = append(exact, press{f, b})
			}
			if strings.Contains(b.Text, name) {
				partly = append(partly, press{f, b})
			}
		}
	}
	for _, found := range [][]press{exact, partly} {
		if len(found) == 1 {
			return found[0].form, found[0].button, nil
		}
		if len(found) > 1 {
			return nil, nil, fmt.Errorf("%d buttons are called %q: the buttons are %q", len(found), name, texts)
		}
	}
	return nil, nil, fmt.Errorf("no button is called %q: the buttons are %q", name, texts)
}

// only returns the one form that is meant, and its first button, which the enter key
// presses.
func (d *Document) only(name string, meant func(*Form) bool) (*Form, *Control, error) {
	var found []*Form
	var all []string
	for _, f := range d.Forms {
		all = append(all, f.Action)
		if meant(f) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil, fmt.Errorf("no form is called %q: the forms lead to %q", name, all)
	case 1:
		button := append(found[0].Buttons(), nil)[0]
		return found[0], button, nil
	}
	return nil, nil, fmt.Errorf("%d forms are called %q: name one by its button", len(found), name)
}

// Link returns the link with this text, or the only one whose text has it as a part.
// A text that begins with a slash is the link's URL.
func (d *Document) Link(text string) (*Link, error) {
	meant := func(l *Link) bool { return l.Text == text || l.Href == text && text[0] == '/' }
	if i := slices.IndexFunc(d.Links, meant); i >= 0 && text != "" {
		return d.Links[i], nil
	}
	var partly []*Link
	var texts []string
	for _, l := range d.Links {
		texts = append(texts, l.Text)
		if strings.Contains(l.Text, text) {
			partly = append(partly, l)
		}
	}
	if len(partly) == 1 {
		return partly[0], nil
	}
	return nil, fmt.Errorf("%d links are called %q: the links are %q", len(partly), text, texts)
}

// A Submission is the data that a form sends, and where.
type Submission struct {
	Action, Method, Encoding string
	Fields                   url.Values
}

// Submission returns the data that pressing a button sends.
func (f *Form) Submission(button *Control) Submission {
	return Submission{
		Action:   cmp.Or(button.Action, f.Action),
		Method:   cmp.Or(button.Method, f.Method),
		Encoding: cmp.Or(button.Encoding, f.Encoding),
		Fields:   f.Values(button),
	}
}

// Text returns a page's text, with single spaces, and without the contents of scripts
// and the like.
func Text(page string) string {
	s := newScanner(page)
	var b strings.Builder
	hidden := false // the text is inside an element that shows no text
	for s.scan() {
		switch {
		case s.tag.name != "":
			hidden = unseen[s.tag.name] && !s.tag.end
			if !inline[s.tag.name] { // its tags separate words
				b.WriteByte(' ')
			}
		case !hidden:
			b.WriteString(s.text)
		}
	}
	return squeeze(b.String())
}

// unseen elements have text and no tags, and do not show it.
var unseen = map[string]bool{"script": true, "style": true, "xmp": true, "iframe": true, "noembed": true, "noframes": true}

var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "cite": true, "code": true, "data": true,
	"del": true, "dfn": true, "em": true, "i": true, "ins": true, "kbd": true, "label": true, "mark": true,
	"q": true, "s": true, "samp": true, "small": true, "span": true, "strong": true, "sub": true, "sup": true,
	"time": true, "u": true, "var": true, "wbr": true,
}
