// Package form finds the forms and links in a page's HTML, and fills forms in.
package form

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// A Form is a form of a page, and the values of its controls.
type Form struct {
	ID         string
	Action     string // empty: the page's own URL
	Method     string // "get", "post" or "dialog"
	Encoding   string // the media type, or empty
	NoValidate bool
	Controls   []*Control
}

// A Control is an input, a select, a textarea or a button.
type Control struct {
	Kind     string // "select", "textarea", or the type of an input or button
	Name     string
	Value    string // of a checkbox or radio: the one sent if it is checked
	Text     string // of a button
	Checked  bool
	Multiple bool
	Disabled bool
	ReadOnly bool
	Required bool
	Options  []*Option

	// A button may say otherwise than its form.
	Action, Method, Encoding string
	NoValidate               bool
}

// An Option is an option of a select.
type Option struct {
	Value, Text        string
	Selected, Disabled bool
}

func newForm(t *tag) *Form {
	return &Form{
		ID:         t.value("id"),
		Action:     strings.TrimSpace(t.value("action")),
		Method:     method(t.value("method")),
		Encoding:   strings.ToLower(t.value("enctype")),
		NoValidate: t.has("novalidate"),
	}
}

func method(text string) string {
	switch text = strings.ToLower(text); text {
	case "post", "dialog":
		return text
	}
	return "get"
}

func newControl(t *tag) *Control {
	c := &Control{
		Kind: t.name, Name: t.value("name"), Value: t.value("value"),
		Checked: t.has("checked"), Multiple: t.has("multiple"), Disabled: t.has("disabled"),
		ReadOnly: t.has("readonly"), Required: t.has("required"), NoValidate: t.has("formnovalidate"),
		Action: t.value("formaction"), Encoding: strings.ToLower(t.value("formenctype")),
	}
	if m, ok := t.get("formmethod"); ok {
		c.Method = method(m)
	}
	switch t.name {
	case "input":
		c.Kind = cmp.Or(strings.ToLower(t.value("type")), "text")
		if !t.has("value") && c.checkable() {
			c.Value = "on"
		}
		c.Text = squeeze(cmp.Or(t.value("alt"), c.Value, defaultText[c.Kind]))
	case "button":
		c.Kind = cmp.Or(strings.ToLower(t.value("type")), "submit")
	}
	return c
}

var defaultText = map[string]string{"submit": "Submit", "image": "Submit"}

func (c *Control) checkable() bool { return c.Kind == "checkbox" || c.Kind == "radio" }

// Submits reports whether the control is a button that sends its form.
func (c *Control) Submits() bool { return c.Kind == "submit" || c.Kind == "image" }

// isButton reports whether the control has no value of its own to send.
func (c *Control) isButton() bool {
	return c.Submits() || c.Kind == "button" || c.Kind == "reset"
}

// Fill fills the form in, as a person would. A name has a value for each of its fields.
// For boxes, the values are the ones to check; for selects, the ones to choose.
func (f *Form) Fill(values url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := f.fill(name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

func (f *Form) fill(name string, values []string) error {
	fields := f.fields(name)
	if len(fields) == 0 {
		return fmt.Errorf("the form has no field %q to fill in, but %s", name, f.names())
	}
	if fields[0].checkable() || fields[0].Kind == "select" {
		return choose(name, fields, values)
	}
	if len(values) != len(fields) {
		return fmt.Errorf("there are %d values for the %d fields named %q", len(values), len(fields), name)
	}
	for i, c := range fields {
		if c.ReadOnly {
			return fmt.Errorf("the field %q is read-only", name)
		}
		c.Value = values[i]
	}
	return nil
}

// fields returns the controls of a name that a person can fill in.
func (f *Form) fields(name string) (found []*Control) {
	for _, c := range f.Controls {
		if c.Name == name && !c.Disabled && !c.isButton() && c.Kind != "hidden" && c.Kind != "file" {
			found = append(found, c)
		}
	}
	return found
}

// names lists the fields that a person can fill in.
func (f *Form) names() string {
	var names []string
	for _, c := range f.Controls {
		if c.Name != "" && len(f.fields(c.Name)) > 0 && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return "no field at all"
	}
	return strings.Join(names, ", ")
}

// choose checks the boxes and options that have these values, and no others.
func choose(name string, fields []*Control, values []string) error {
	left := slices.Clone(values)
	take := func(value string) bool {
		i := slices.Index(left, value)
		if i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
		return i >= 0
	}
	var offered []string
	chosen := 0
	for _, c := range fields {
		if c.checkable() {
			offered = append(offered, c.Value)
			if c.Checked = take(c.Value); c.Checked && c.Kind == "radio" {
				chosen++
			}
			continue
		}
		for _, o := range c.Options {
			if o.Selected = !o.Disabled && take(o.Value); o.Selected && !c.Multiple {
				chosen++
			}
			if !o.Disabled {
				offered = append(offered, o.Value)
			}
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("the field %q does not offer %q, but %q", name, left[0], offered)
	}
	if chosen > 1 && len(fields) >= 1 && (fields[0].Kind == "radio" || len(fields) == 1) {
		return fmt.Errorf("the field %q takes one of the values %q", name, values)
	}
	return nil
}

// Missing returns the name of a required field that is empty, or "".
func (f *Form) Missing() string {
	for _, c := range f.Controls {
		if c.Required && !c.Disabled && !c.ReadOnly && f.empty(c) {
			return cmp.Or(c.Name, c.Kind)
		}
	}
	return ""
}

func (f *Form) empty(c *Control) bool {
	switch c.Kind {
	case "radio": // any of the group will do
		return !slices.ContainsFunc(f.Controls, func(o *Control) bool {
			return o.Kind == "radio" && o.Name == c.Name && o.Checked
		})
	case "checkbox":
		return !c.Checked
	case "select":
		return strings.Join(c.selected(), "") == ""
	case "hidden":
		return false
	}
	return c.Value == ""
}

// selected returns the values of the chosen options. A select that shows one option
// has its first enabled one chosen if none is.
func (c *Control) selected() (values []string) {
	for _, o := range c.Options {
		if o.Selected && !o.Disabled {
			values = append(values, o.Value)
		}
	}
	if c.Multiple {
		return values
	}
	if len(values) > 0 {
		return values[len(values)-1:]
	}
	for _, o := range c.Options {
		if !o.Disabled {
			return []string{o.Value}
		}
	}
	return nil
}

// Values returns the fields that are sent if the button is pressed. The button may
// be nil.
func (f *Form) Values(button *Control) url.Values {
	sent := url.Values{}
	for _, c := range f.Controls {
		switch {
		case c.Name == "" || c.Disabled || c.isButton() && c != button || c.Kind == "image":
		case c.checkable() && !c.Checked:
		case c.Kind == "file":
			sent.Add(c.Name, "")
		case c.Kind == "select":
			for _, value := range c.selected() {
				sent.Add(c.Name, value)
			}
		default:
			sent.Add(c.Name, newlines.Replace(c.Value))
		}
	}
	return sent
}

// newlines makes all ends of lines as forms send them.
var newlines = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n")

// Buttons returns the buttons that send the form and can be pressed.
func (f *Form) Buttons() (found []*Control) {
	for _, c := range f.Controls {
		if c.Submits() && !c.Disabled {
			found = append(found, c)
		}
	}
	return found
}
