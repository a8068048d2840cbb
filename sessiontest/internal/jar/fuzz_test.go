package jar_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

// No header makes the jar panic, send what is not of the header, or keep more than
// browsers do.
func FuzzSet(f *testing.F) {
	for _, test := range cases {
		for _, line := range test.set {
			f.Add(line)
		}
	}
	f.Add("a=1; Expires=Fri Nov 6 08:49:37 2026; Max-Age=-0; SameSite")
	u, err := url.Parse(shop)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var j jar.Jar
		a := jar.Access{URL: u, SameSite: true, TopLevel: true, Method: "GET"}
		if j.Set(a, line) != nil {
			if len(j.All()) != 0 {
				t.Error("a refused cookie was kept")
			}
			return
		}
		for _, c := range j.All() {
			switch {
			case !strings.Contains(line, c.Name) || !strings.Contains(line, c.Value):
				t.Errorf("the cookie is %q=%q", c.Name, c.Value)
			case strings.ContainsAny(c.Name+c.Value, ";\r\n\x00"):
				t.Errorf("the cookie would end its header: %q=%q", c.Name, c.Value)
			case len(c.Name)+len(c.Value) == 0 || len(c.Name)+len(c.Value) > 4096:
				t.Errorf("the cookie has %d bytes", len(c.Name)+len(c.Value))
			case c.Expires.After(time.Now().Add(400 * 24 * time.Hour)):
				t.Errorf("the cookie ends at %v", c.Expires)
			case c.Domain != "shop.example.com" && c.Domain != "example.com":
				t.Errorf("the cookie's domain is %q", c.Domain)
			case c.Path == "" || c.Path[0] != '/':
				t.Errorf("the cookie's path is %q", c.Path)
			}
		}
	})
}
