package browser_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// forms is a page with forms and links. Every other path says what was sent.
func forms(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/shop/forms":
		fmt.Fprint(w, `<base href="/base/">
			<form method=post><input name=a value="ü"><button>Here</button></form>
			<form action=there method=post enctype=multipart/form-data><textarea name=a>
1
2</textarea><button name=b value=x>Parts</button></form>
			<form action="/search?old=1"><input name=q required><button>Search</button><button formnovalidate>Anyway</button></form>
			<form method=dialog><button>Close</button></form>
			<form action=javascript:x><button>Script</button></form>
			<a href=next#top>Next</a> <a href=mailto:a@b.c>Mail</a>`)
	case "/no-store":
		w.Header().Set("Cache-Control", "no-store, max-age=0")
		fallthrough
	default:
		r.ParseMultipartForm(1 << 20)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, r.Form.Encode())
	}
}

func TestSubmit(t *testing.T) {
	for _, test := range []struct {
		name   string
		fields url.Values
		want   string // the answer, or a part of the error
	}{
		{"Here", nil, "POST /shop/forms a=%C3%BC"},
		{"Here", url.Values{"a": {"1"}}, "POST /shop/forms a=1"},
		{"Parts", nil, "POST /base/there a=1%0D%0A2&b=x"},
		{"Search", url.Values{"q": {"tea"}}, "GET /search q=tea"},
		{"Search", nil, `needs the field "q"`},
		{"Anyway", nil, "GET /search q="},
		{"Close", nil, "sends nothing"},
		{"Script", nil, "javascript:x"},
		{"Elsewhere", nil, "no button"},
		{"Here", url.Values{"b": {"1"}}, `no field "b"`},
	} {
		tab := newTab(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Path == "/shop/forms" {
				r.ParseForm()
				fmt.Fprintf(w, "POST /shop/forms %s", r.Form.Encode())
				return
			}
			forms(w, r)
		}, nil)
		visit(t, tab, "GET", "/shop/forms")
		page, err := tab.Submit(t.Context(), test.name, test.fields)
		got := fmt.Sprint(err)
		if err == nil {
			got = page.Body
		}
		if got != test.want && (err == nil || !strings.Contains(got, test.want) || !strings.Contains(got, "GET /shop/forms 200")) {
			t.Errorf("%s %v: %s, not %s", test.name, test.fields, got, test.want)
		}
	}
	tab := newTab(t, forms, nil)
	if _, err := tab.Submit(t.Context(), "Here", nil); err == nil {
		t.Error("a new tab has a form")
	}
}

func TestClick(t *testing.T) {
	tab := newTab(t, forms, nil)
	if _, err := tab.Click(t.Context(), "Next"); err == nil {
		t.Error("a new tab has a link")
	}
	visit(t, tab, "GET", "/shop/forms")
	for _, text := range []string{"Mail", "Nowhere"} {
		if _, err := tab.Click(t.Context(), text); err == nil {
			t.Errorf("the link %s leads to a page", text)
		}
	}
	page, err := tab.Click(t.Context(), "Next")
	if err != nil || page.Body != "GET /base/next " || page.URL.Fragment != "top" {
		t.Errorf("%s, %v", page, err)
	}
}

func TestBackAndReload(t *testing.T) {
	var requests []string
	tab := newTab(t, func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Sec-Fetch-Site"))
		forms(w, r)
	}, nil)
	visit(t, tab, "GET", "/kept")
	visit(t, tab, "GET", "/no-store")
	visit(t, tab, "POST", "/form")
	requests = nil
	step := func(want string, do func() error, asked ...string) {
		t.Helper()
		requests = nil
		if err := do(); err != nil {
			t.Error(err)
		}
		if got := tab.Page().URL.Path; got != want {
			t.Errorf("the tab shows %s, not %s", got, want)
		}
		if fmt.Sprint(requests) != fmt.Sprint(asked) {
			t.Errorf("the requests are %q, not %q", requests, asked)
		}
	}
	back := func() error { _, err := tab.Back(t.Context()); return err }
	reload := func() error { _, err := tab.Reload(t.Context()); return err }
	step("/form", reload, "POST /form same-origin")
	step("/no-store", back, "GET /no-store same-origin")
	step("/kept", back)
	if back() == nil {
		t.Error("there is a page before the first")
	}

	visit(t, tab, "POST", "/no-store")
	visit(t, tab, "GET", "/kept")
	if err := back(); err == nil || !strings.Contains(err.Error(), "form again") || tab.Page().URL.Path != "/kept" {
		t.Errorf("back to a form's answer: %v", err)
	}
	if err := newTab(t, forms, nil).Show("mailto:a@b.c"); err == nil {
		t.Error("a mail address is a page")
	}
}
