package form_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/sessiontest/internal/form"
)

// What the first form of each page sends when its first button is pressed.
func TestValues(t *testing.T) {
	for _, test := range []struct{ name, page, want string }{
		{"text", `<form><input name=a value=1><input name="b" value='2 "3"'><INPUT NAME=c>`, `a=1&b=2+%223%22&c=`},
		{"no name", `<form><input value=1>`, ``},
		{"references", `<form><input name=a value="&lt;&amp;&eacute;&#65;">`, `a=%3C%26%C3%A9A`},
		{"hidden", `<form><input type=hidden name=a value=1>`, `a=1`},
		{"boxes", `<form><input type=checkbox name=a><input type=checkbox name=b checked><input type=checkbox name=c value=3 checked>`, `b=on&c=3`},
		{"radios", `<form><input type=radio name=a value=1><input type=radio name=a value=2 checked>`, `a=2`},
		{"disabled", `<form><input name=a disabled><fieldset disabled><input name=b></fieldset><input name=c>`, `c=`},
		{"nested fieldsets", `<form><fieldset disabled><fieldset><input name=a></fieldset><input name=b></fieldset><input name=c>`, `c=`},
		{"select", `<form><select name=a><option value=1>one<option value=2 selected>two</select>`, `a=2`},
		{"select shows the first", `<form><select name=a><option disabled>no<option> two  words </select>`, `a=two+words`},
		{"several options", `<form><select name=a multiple><option selected>1<option>2<option selected>3</select>`, `a=1&a=3`},
		{"none of several", `<form><select name=a multiple><option>1</select>`, ``},
		{"textarea", "<form><textarea name=a>\n\nx < <b>y</b>\n</textarea>", `a=%0D%0Ax+%3C+%3Cb%3Ey%3C%2Fb%3E%0D%0A`},
		{"button", `<form><button name=a value=1>x</button><button name=b value=2>y</button>`, `a=1`},
		{"other buttons", `<form><button type=button name=a value=1>x</button><input type=reset name=b><input type=submit name=c value=3>`, `c=3`},
		{"file", `<form><input type=file name=a>`, `a=`},
		{"by id", `<input name=a form=f><form id=f></form><input name=b form=f><input name=c><input name=d form=g>`, `a=&b=`},
		{"outside", `<input name=a><form><input name=b></form><input name=c>`, `b=`},
		{"form in form", `<form><input name=a><form><input name=b></form>`, `a=&b=`},
		{"comments", `<!-- <form><input name=x> --><form><!--><input name=a><!-- > --><input name=b>`, `a=&b=`},
		{"scripts", `<script>"<form><input name=x></scrip>"</script ><form><style><input name=y></style><input name=a>`, `a=`},
		{"title", `<title><form></title><form><input name=a>`, `a=`},
		{"template", `<form><template><input name=x></template><input name=a>`, `a=`},
		{"not tags", `<form>1 < 2 <3 </ <!x <input name=x> ><?y <input name=y>><input name=a>`, `a=`},
		{"attributes", `<form><input/name=a/value=1 value=2 = x="><b">`, `a%2Fvalue%3D1=2`},
		{"line ends", "<form><input\nname\n=\na\nvalue\t= 1\n>", `a=1`},
		{"cut off", `<form><input name=a><input name="b`, `a=`},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc := form.Parse(test.page)
			if len(doc.Forms) == 0 {
				t.Fatal("no form")
			}
			f := doc.Forms[0]
			var first *form.Control
			if buttons := f.Buttons(); len(buttons) > 0 {
				first = buttons[0]
			}
			if got := f.Values(first).Encode(); got != test.want {
				t.Errorf("%q is sent, not %q", got, test.want)
			}
		})
	}
}

func TestSubmission(t *testing.T) {
	const page = `<form action=" /a?b=1 " method=POST enctype=Multipart/Form-Data>
		<input name=x value=1><button>Go</button>
		<button formaction=/c formmethod=get formenctype=text/plain formnovalidate name=y value=2>Other</button></form>`
	f := form.Parse(page).Forms[0]
	buttons := f.Buttons()
	want := form.Submission{Action: "/a?b=1", Method: "post", Encoding: "multipart/form-data", Fields: url.Values{"x": {"1"}}}
	if diff := cmp.Diff(want, f.Submission(buttons[0])); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want = form.Submission{Action: "/c", Method: "get", Encoding: "text/plain", Fields: url.Values{"x": {"1"}, "y": {"2"}}}
	if diff := cmp.Diff(want, f.Submission(buttons[1])); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !buttons[1].NoValidate || buttons[0].NoValidate {
		t.Error("formnovalidate belongs to the second button")
	}
}

func TestFill(t *testing.T) {
	const page = `<form><input name=name required><input name=tag value=x><input name=tag value=y>
		<input type=hidden name=token value=secret><input name=fixed readonly value=1>
		<input type=checkbox name=news><input type=checkbox name=day value=mo checked><input type=checkbox name=day value=tu>
		<input type=radio name=pay value=bank required><input type=radio name=pay value=door>
		<select name=size><option>S<option>M<option disabled>L</select>
		<select name=color multiple><option>red<option>blue<option>green</select>
		<textarea name=note>old</textarea><button name=go>Go</button></form>`
	const rest = "&fixed=1&name=Ada&news=on&note=new&pay=door&size=M&tag=1&tag=2&token=secret"
	f := form.Parse(page).Forms[0]
	err := f.Fill(url.Values{
		"name": {"Ada"}, "tag": {"1", "2"}, "news": {"on"}, "day": {"tu"}, "pay": {"door"},
		"size": {"M"}, "color": {"red", "green"}, "note": {"new"},
	})
	if got, want := f.Values(nil).Encode(), "color=red&color=green&day=tu"+rest; err != nil || got != want {
		t.Errorf("%q is sent, not %q: %v", got, want, err)
	}
	if err := f.Fill(url.Values{"day": nil, "color": nil}); err != nil || f.Values(nil).Encode() != rest[1:] {
		t.Errorf("without boxes, %q is sent: %v", f.Values(nil).Encode(), err)
	}
	for _, test := range []struct {
		fields url.Values
		want   string
	}{
		{url.Values{"nme": {"x"}}, `no field "nme"`},
		{url.Values{"nme": {"x"}}, "name, tag, fixed, news, day, pay, size, color, note"},
		{url.Values{"token": {"x"}}, `no field "token"`},
		{url.Values{"go": {"x"}}, `no field "go"`},
		{url.Values{"fixed": {"2"}}, "read-only"},
		{url.Values{"tag": {"1"}}, `1 values for the 2 fields`},
		{url.Values{"pay": {"gold"}}, `does not offer "gold"`},
		{url.Values{"pay": {"bank", "door"}}, "takes one"},
		{url.Values{"size": {"L"}}, `does not offer "L"`},
		{url.Values{"size": {"S", "M"}}, "takes one"},
		{url.Values{"news": {"off"}}, `does not offer "off"`},
	} {
		err := form.Parse(page).Forms[0].Fill(test.fields)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.fields, err)
		}
	}
}

func TestMissing(t *testing.T) {
	for page, want := range map[string]string{
		`<form><input name=a required>`:                                                             "a",
		`<form><input name=a required value=1>`:                                                     "",
		`<form><input name=a required disabled><input name=b required readonly>`:                    "",
		`<form><input name=a required type=hidden>`:                                                 "",
		`<form><input type=checkbox name=a required>`:                                               "a",
		`<form><input type=checkbox name=a required checked>`:                                       "",
		`<form><input type=radio name=a required value=1><input type=radio name=a value=2>`:         "a",
		`<form><input type=radio name=a required value=1><input type=radio name=a value=2 checked>`: "",
		`<form><select name=a required><option value="">choose<option>1</select>`:                   "a",
		`<form><select name=a required><option value="">choose<option selected>1</select>`:          "",
		`<form><textarea name=a required></textarea>`:                                               "a",
		`<form><input name=a><input required type=password>`:                                        "password",
	} {
		if got := form.Parse(page).Forms[0].Missing(); got != want {
			t.Errorf("%s lacks %q, not %q", page, got, want)
		}
	}
}

const page = `<form id=in action=/login><button>Log in</button></form>
	<form action=/cart><button name=sku value=tea>Add<b> tea</b></button></form>
	<form action=/cart><button name=sku value=mug>Add
		mug</button><input type=submit value="Add">
	<input type=image alt="Add by picture"><button disabled>Log out</button></form>`

func TestFind(t *testing.T) {
	for name, want := range map[string]string{ // the action and the button's text, or a part of the error
		"Log in":  "/login Log in",
		"Log":     "/login Log in",
		"#in":     "/login Log in",
		"/login":  "/login Log in",
		"Add":     "/cart Add",
		"tea":     "/cart Add tea",
		"Add mug": "/cart Add mug",
		"picture": "/cart Add by picture",
		"Add ":    `3 buttons are called "Add "`,
		"Log out": `no button is called "Log out": the buttons are ["Log in" "Add tea" "Add mug" "Add" "Add by picture"]`,
		"#out":    `no form is called "#out"`,
		"/logout": `no form is called "/logout": the forms lead to ["/login" "/cart" "/cart"]`,
		"/cart":   "2 forms are called",
	} {
		f, button, err := form.Parse(page).Find(name)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = f.Action + " " + button.Text
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%q is %s, not %s", name, got, want)
		}
	}
	if f, button, err := form.Parse(`<form action=/a></form>`).Find("/a"); f == nil || button != nil || err != nil {
		t.Errorf("a form without a button: %v, %v, %v", f, button, err)
	}
}

func TestLinks(t *testing.T) {
	const page = `<base href=/x/><base href=/y/><a href=" /cart ">Cart <b>2</b></a><a name=z>Nothing<a href=/login>Log in</a>
		<template><a href=/t>Template</a></template><a href=tea>Tea and <a href=mug>Tea</a>`
	d := form.Parse(page)
	if d.Base != "/x/" || len(d.Links) != 4 {
		t.Errorf("base %q, %d links", d.Base, len(d.Links))
	}
	for text, want := range map[string]string{
		"Cart 2": "/cart", "Cart": "/cart", "/cart": "/cart", "Log": "/login", "Tea": "mug", "Tea and": "tea",
		"Template": "", "": "", "/t": "", "e": "",
	} {
		link, err := d.Link(text)
		if got := ""; err == nil {
			if got = link.Href; got != want {
				t.Errorf("%q leads to %q", text, got)
			}
		} else if want != "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestText(t *testing.T) {
	const page = `<!doctype html><title>Cart &amp; more</title><style>b { x }</style><script>1 < "</b>"</script>
		<h1>Your<b>s</b></h1><ul><li>Tea<li>Mug</ul><textarea>a<b</textarea>`
	if got, want := form.Text(page), "Cart & more Yours Tea Mug a<b"; got != want {
		t.Errorf("the text is %q, not %q", got, want)
	}
}

// A hostile page must not take time that grows with its square.
func TestHostilePages(t *testing.T) {
	for _, part := range []string{"<a href=x>", "<form>", "<option>", "<textarea>", "<script></", "<!--", "<fieldset>", "</a", "<b a=", "<input form=x>", "<button>"} {
		d := form.Parse(strings.Repeat(part, 20_000))
		if len(d.Forms) > 1 {
			t.Errorf("%s: %d forms", part, len(d.Forms))
		}
	}
}

// No page makes the parser panic, and what is sent is what the page says.
func FuzzParse(f *testing.F) {
	f.Add(page)
	f.Add(`<form><select name=a multiple><option selected>1<option>2<textarea name=b>x</form><input form=f><!-- <a href="&quot;">`)
	f.Fuzz(func(t *testing.T, page string) {
		d := form.Parse(page)
		form.Text(page)
		for _, f := range d.Forms {
			for name := range f.Values(nil) {
				if name == "" {
					t.Error("a field without a name is sent")
				}
			}
			for _, b := range f.Buttons() {
				if found, _, err := d.Find(b.Text); err == nil && found == nil {
					t.Errorf("the button %q has no form", b.Text)
				}
				f.Submission(b)
			}
			f.Missing()
		}
	})
}
