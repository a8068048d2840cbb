package form

import (
	"slices"
	"strings"
)

// A Document is a page's forms and links.
type Document struct {
	Base  string // of its relative URLs; empty: the page's own
	Forms []*Form
	Links []*Link
}

// A Link leads to another page.
type Link struct{ Href, Text string }

// Parse finds the forms and links of a page.
func Parse(page string) *Document {
	p := parser{scanner: newScanner(page), doc: new(Document)}
	for p.scan() {
		switch {
		case p.tag.name == "":
			p.addText(p.text)
		case p.tag.end:
			p.close(p.tag.name)
		default:
			p.open(&p.tag)
		}
	}
	for _, name := range []string{"option", "button", "textarea", "a"} {
		p.close(name)
	}
	p.adopt()
	return p.doc
}

// A parser puts a page's tags and text together.
type parser struct {
	scanner
	doc       *Document
	form      *Form    // the open one
	choice    *Control // the open select
	disabled  []bool   // of the open fieldsets
	templates int      // open ones, whose contents are not part of the page
	texts     []*text  // of the open elements that have one
	byID      []foreign
}

// A text is collected until its element ends.
type text struct {
	element string
	strings.Builder
	done func(string)
}

// A foreign control names its form by the form's ID.
type foreign struct {
	control *Control
	form    string
}

func (p *parser) addText(s string) {
	for _, t := range p.texts {
		t.WriteString(s)
	}
}

// collect collects the text of an element that begins. It ends an open element of the
// same kind.
func (p *parser) collect(element string, done func(string)) {
	p.endText(element)
	p.texts = append(p.texts, &text{element: element, done: done})
}

func (p *parser) endText(element string) {
	p.texts = slices.DeleteFunc(p.texts, func(t *text) bool {
		if t.element == element {
			t.done(t.String())
		}
		return t.element == element
	})
}

func (p *parser) open(t *tag) {
	if t.name == "template" {
		p.templates++
	}
	if p.templates > 0 {
		return
	}
	switch t.name {
	case "base":
		if p.doc.Base == "" {
			p.doc.Base = t.value("href")
		}
	case "form":
		if p.form == nil {
			p.form = newForm(t)
			p.doc.Forms = append(p.doc.Forms, p.form)
		}
	case "fieldset":
		p.disabled = append(p.disabled, t.has("disabled"))
	case "a":
		if href, ok := t.get("href"); ok {
			link := &Link{Href: strings.TrimSpace(href)}
			p.doc.Links = append(p.doc.Links, link)
			p.collect("a", func(s string) { link.Text = squeeze(s) })
		}
	case "option":
		p.openOption(t)
	case "input", "button", "select", "textarea":
		p.openControl(t)
	}
}

func (p *parser) close(name string) {
	if name == "template" {
		p.templates = max(0, p.templates-1)
	}
	if p.templates > 0 {
		return
	}
	switch name {
	case "form":
		p.form = nil
	case "fieldset":
		p.disabled = p.disabled[:max(0, len(p.disabled)-1)]
	case "select":
		p.endText("option")
		p.choice = nil
	case "a", "button", "option", "textarea":
		p.endText(name)
	}
}

func (p *parser) openControl(t *tag) {
	c := newControl(t)
	c.Disabled = c.Disabled || slices.Contains(p.disabled, true)
	switch t.name {
	case "select":
		p.choice = c
	case "button":
		p.collect("button", func(s string) { c.Text = squeeze(s) })
	case "textarea":
		p.collect("textarea", func(s string) {
			s = strings.ReplaceAll(s, "\r\n", "\n")
			c.Value = strings.TrimPrefix(s, "\n")
		})
	}
	if id, ok := t.get("form"); ok {
		p.byID = append(p.byID, foreign{c, id})
	} else if p.form != nil {
		p.form.Controls = append(p.form.Controls, c)
	}
}

func (p *parser) openOption(t *tag) {
	choice := p.choice
	if choice == nil {
		return
	}
	o := &Option{Selected: t.has("selected"), Disabled: t.has("disabled")}
	choice.Options = append(choice.Options, o)
	value, ok := t.get("value")
	o.Value = value
	p.collect("option", func(s string) {
		if o.Text = squeeze(s); !ok {
			o.Value = o.Text
		}
	})
}

// adopt gives controls that name their form to it.
func (p *parser) adopt() {
	for _, f := range p.byID {
		if i := slices.IndexFunc(p.doc.Forms, func(form *Form) bool { return form.ID == f.form && f.form != "" }); i >= 0 {
			p.doc.Forms[i].Controls = append(p.doc.Forms[i].Controls, f.control)
		}
	}
}

// squeeze returns a text with single spaces, as it is shown.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
