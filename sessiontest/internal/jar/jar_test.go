package jar_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// own returns the access of a person who opens a page.
func own(t *testing.T, text string) jar.Access {
	return jar.Access{URL: parse(t, text), SameSite: true, TopLevel: true, Method: http.MethodGet}
}

// sent returns the Cookie header of a request.
func sent(t *testing.T, j *jar.Jar, text string) string {
	return jar.Header(j.Cookies(own(t, text)))
}

const shop = "https://shop.example.com/a/b/page"

// Each case sets cookies by responses from a URL and then asks for another URL.
var cases = []struct {
	name string
	from string   // shop if empty
	set  []string // the headers
	to   string   // from if empty
	want string   // the Cookie header
}{
	{name: "session", set: []string{"a=1"}, want: "a=1"},
	{name: "white space", set: []string{" a \t=  1\t; Path = / "}, want: "a=1"},
	{name: "inner white space and quotes", set: []string{`a="1 2"`}, want: `a="1 2"`},
	{name: "equals in value", set: []string{"a=b=c"}, want: "a=b=c"},
	{name: "no name", set: []string{"1"}, want: "1"},
	{name: "no name, equals", set: []string{"=1"}, want: "1"},
	{name: "no value", set: []string{"a="}, want: "a="},
	{name: "empty", set: []string{"", "=", "; Path=/"}, want: ""},
	{name: "control characters", set: []string{"a=1\x01", "b=\x7f", "c=\n"}, want: ""},
	{name: "tab is none", set: []string{"a=1\t2"}, want: "a=1\t2"},
	{name: "names differ in case", set: []string{"a=1", "A=2"}, want: "a=1; A=2"},
	{name: "4096 bytes", set: []string{"a=" + strings.Repeat("x", 4095)}, want: "a=" + strings.Repeat("x", 4095)},
	{name: "4097 bytes", set: []string{"a=" + strings.Repeat("x", 4096)}, want: ""},
	{name: "attribute of 1024 bytes", set: []string{"a=1; Path=/" + strings.Repeat("x", 1023)}, want: ""},
	{name: "attribute of 1025 bytes is ignored", set: []string{"a=1; Path=/" + strings.Repeat("x", 1024)}, want: "a=1"},

	{name: "Secure by https", set: []string{"a=1; Secure"}, want: "a=1"},
	{name: "Secure is not sent to http", set: []string{"a=1; Secure; Path=/", "b=2; Path=/"}, to: "http://shop.example.com/", want: "b=2"},
	{name: "Secure by http", from: "http://shop.example.com/", set: []string{"a=1; Secure"}, want: ""},
	{name: "Secure by http is not kept for https", from: "http://shop.example.com/", set: []string{"a=1; Secure"}, to: "https://shop.example.com/", want: ""},
	{name: "Secure by http to localhost", from: "http://localhost/", set: []string{"a=1; Secure"}, want: ""},
	{name: "attribute names in any case", set: []string{"a=1; sEcUrE; pAtH=/"}, to: "http://shop.example.com/", want: ""},
	{name: "unknown attributes", set: []string{"a=1; Priority=High; ;x"}, want: "a=1"},

	{name: "default path", set: []string{"a=1"}, to: "https://shop.example.com/a/b", want: "a=1"},
	{name: "default path, elsewhere", set: []string{"a=1"}, to: "https://shop.example.com/a/", want: ""},
	{name: "default path at the root", from: "https://shop.example.com/page", set: []string{"a=1"}, to: "https://shop.example.com", want: "a=1"},
	{name: "path", set: []string{"a=1; Path=/cart"}, to: "https://shop.example.com/cart/tea", want: "a=1"},
	{name: "path, itself", set: []string{"a=1; Path=/cart"}, to: "https://shop.example.com/cart", want: "a=1"},
	{name: "path with a slash", set: []string{"a=1; Path=/cart/"}, to: "https://shop.example.com/cart", want: ""},
	{name: "path, no part of a name", set: []string{"a=1; Path=/cart"}, to: "https://shop.example.com/carts", want: ""},
	{name: "path that is none", set: []string{"a=1; Path=cart"}, want: "a=1"},
	{name: "last path counts", set: []string{"a=1; Path=/x; Path=/"}, to: "https://shop.example.com/", want: "a=1"},
	{name: "last path counts, though it is none", set: []string{"a=1; Path=/x; Path="}, want: "a=1"},

	{name: "host only", set: []string{"a=1; Path=/"}, to: "https://www.shop.example.com/", want: ""},
	{name: "domain", set: []string{"a=1; Path=/; Domain=example.com"}, to: "https://www.example.com/", want: "a=1"},
	{name: "domain with a dot, in capitals", set: []string{"a=1; Path=/; Domain=.EXAMPLE.com"}, to: "https://example.com/", want: "a=1"},
	{name: "domain with two dots", set: []string{"a=1; Path=/; Domain=..example.com"}, want: ""},
	{name: "empty domain", set: []string{"a=1; Path=/; Domain="}, to: "https://www.shop.example.com/", want: ""},
	{name: "empty domain, same host", set: []string{"a=1; Path=/; Domain="}, want: "a=1"},
	{name: "another's domain", set: []string{"a=1; Domain=example.org"}, want: ""},
	{name: "a domain below", set: []string{"a=1; Domain=www.shop.example.com"}, want: ""},
	{name: "the end of a name is no domain", from: "https://badexample.com/", set: []string{"a=1; Domain=example.com"}, want: ""},
	{name: "public suffix", set: []string{"a=1; Domain=com"}, want: ""},
	{name: "public suffix of two parts", from: "https://shop.co.uk/", set: []string{"a=1; Domain=co.uk"}, want: ""},
	{name: "public suffix of a host that gives names away", from: "https://shop.github.io/", set: []string{"a=1; Domain=github.io"}, want: ""},
	{name: "public suffix with a wildcard", from: "https://shop.www.ck/", set: []string{"a=1; Domain=www.ck"}, want: "a=1"},
	{name: "public suffix that is the host", from: "https://localhost/", set: []string{"a=1; Domain=localhost"}, want: "a=1"},
	{name: "address", from: "https://127.0.0.1/", set: []string{"a=1; Domain=127.0.0.1"}, want: "a=1"},
	{name: "part of an address", from: "https://127.0.0.1/", set: []string{"a=1; Domain=0.0.1"}, want: ""},
	{name: "host in capitals, with a port", from: "https://SHOP.example.com:8443/", set: []string{"a=1"}, to: "https://shop.example.com/", want: "a=1"},

	{name: "__Host-", set: []string{"__Host-a=1; Secure; Path=/"}, want: "__Host-a=1"},
	{name: "__Host- without Secure", set: []string{"__Host-a=1; Path=/"}, want: ""},
	{name: "__Host- with Domain", set: []string{"__Host-a=1; Secure; Path=/; Domain=shop.example.com"}, want: ""},
	{name: "__Host- with another Path", set: []string{"__Host-a=1; Secure; Path=/a"}, want: ""},
	{name: "__Host- without Path", from: "https://shop.example.com/", set: []string{"__Host-a=1; Secure"}, want: ""},
	{name: "__host- in small letters", set: []string{"__host-a=1; Path=/"}, want: ""},
	{name: "__Secure-", set: []string{"__Secure-a=1; Secure"}, want: "__Secure-a=1"},
	{name: "__Secure- without Secure", set: []string{"__SECURE-a=1"}, want: ""},
	{name: "prefix without a name", set: []string{"=__Host-a=1; Secure; Path=/", "__Secure-a; Secure"}, want: ""},

	{name: "SameSite=None without Secure", set: []string{"a=1; SameSite=None"}, want: ""},
	{name: "Partitioned without Secure", set: []string{"a=1; Partitioned"}, want: ""},
	{name: "Partitioned", set: []string{"a=1; Partitioned; Secure"}, want: "a=1"},

	{name: "longer paths first, then older", set: []string{"a=1; Path=/", "b=2; Path=/a", "c=3; Path=/", "d=4; Path=/a/b"}, want: "d=4; b=2; a=1; c=3"},
	{name: "overwritten, in its old place", set: []string{"a=1", "b=2", "a=3"}, want: "a=3; b=2"},
	{name: "another path is another cookie", set: []string{"a=1; Path=/", "a=2; Path=/a"}, want: "a=2; a=1"},
	{name: "another domain is another cookie", set: []string{"a=1; Path=/", "a=2; Path=/; Domain=shop.example.com"}, want: "a=1; a=2"},
	{name: "ended by Max-Age", set: []string{"a=1", "a=; Max-Age=0"}, want: ""},
	{name: "ended by a negative Max-Age", set: []string{"a=1", "a=; Max-Age=-1"}, want: ""},
	{name: "Max-Age that is none", set: []string{"a=1; Max-Age=", "b=1; Max-Age=0x", "c=1; Max-Age=-", "d=1; Max-Age=+1", "e=1; Max-Age=1.5"}, want: "a=1; b=1; c=1; d=1; e=1"},
	{name: "last Max-Age counts", set: []string{"a=1; Max-Age=0; Max-Age=9", "b=2; Max-Age=9; Max-Age=0"}, want: "a=1"},
	{name: "Max-Age before Expires", set: []string{"a=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, want: "a=1"},
	{name: "Expires in the past", set: []string{"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, want: ""},
	{name: "Expires that is none", set: []string{"a=1; Expires=yesterday"}, want: "a=1"},
	{name: "Max-Age of many digits", set: []string{"a=1; Max-Age=99999999999999999999999"}, want: "a=1"},
}

func TestCookies(t *testing.T) {
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			var j jar.Jar
			if test.from == "" {
				test.from = shop
			}
			if test.to == "" {
				test.to = test.from
			}
			for _, line := range test.set {
				j.Set(own(t, test.from), line)
			}
			if got := sent(t, &j, test.to); got != test.want {
				t.Errorf("sent %q, not %q", got, test.want)
			}
		})
	}
}

func TestSecureCookiesAreNotOverwrittenByHTTP(t *testing.T) {
	for line, refused := range map[string]bool{
		"a=2; Path=/cart":                     true,
		"a=2; Path=/cart/tea":                 true,
		"a=2; Path=/cart; Domain=example.com": true,
		"a=; Path=/cart; Max-Age=0":           true,
		"a=2; Path=/":                         false, // longer paths go first
		"a=2; Path=/about":                    false,
		"b=2; Path=/cart":                     false,
	} {
		var j jar.Jar
		if err := j.Set(own(t, shop), "a=1; Secure; Path=/cart"); err != nil {
			t.Fatal(err)
		}
		if err := j.Set(own(t, "http://shop.example.com/"), line); refused != (err != nil) {
			t.Errorf("%s: %v", line, err)
		}
		if err := j.Set(own(t, "http://other.example.com/"), "a=2; Path=/cart"); err != nil {
			t.Errorf("a cookie of another host: %v", err)
		}
	}
}

func TestTrustLocalhost(t *testing.T) {
	for _, host := range []string{"localhost", "shop.localhost:8080", "127.0.0.1", "[::1]:8080"} {
		j := jar.Jar{TrustLocalhost: true}
		if err := j.Set(own(t, "http://"+host), "__Host-a=1; Secure; Path=/"); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if got := sent(t, &j, "http://"+host); got != "__Host-a=1" {
			t.Errorf("%s: sent %q", host, got)
		}
	}
	j := jar.Jar{TrustLocalhost: true}
	if err := j.Set(own(t, "http://example.com"), "a=1; Secure"); err == nil {
		t.Error("a Secure cookie was kept from a host on the network")
	}
}

// Which cookies go with a request that a page of another site begins.
func TestSameSite(t *testing.T) {
	attributes := []string{"SameSite=Strict", "SameSite=Lax", "SameSite=None", "SameSite=Wrong", ""}
	for _, test := range []struct {
		name   string
		access jar.Access
		fresh  string // for cookies set just now, one letter for each that goes: S, L, N, W, -
		old    string // after two minutes
	}{
		{"a page of the site", jar.Access{SameSite: true, TopLevel: true, Method: "POST"}, "SLNW-", "SLNW-"},
		{"a script of the site", jar.Access{SameSite: true, Method: "POST"}, "SLNW-", "SLNW-"},
		{"a link", jar.Access{TopLevel: true, Method: "GET"}, "LNW-", "LNW-"},
		{"a form", jar.Access{TopLevel: true, Method: "POST"}, "NW-", "N"},
		{"a picture", jar.Access{Method: "GET"}, "N", "N"},
		{"a script", jar.Access{Method: "POST"}, "N", "N"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j jar.Jar
				for i, attribute := range attributes {
					if err := j.Set(own(t, shop), "SLNW-"[i:i+1]+"=1; Path=/; Secure; "+attribute); err != nil {
						t.Fatal(err)
					}
				}
				test.access.URL = parse(t, shop)
				for _, want := range []string{test.fresh, test.old} {
					got := strings.ReplaceAll(jar.Header(j.Cookies(test.access)), "=1", "")
					if got = strings.ReplaceAll(got, "; ", ""); got != want {
						t.Errorf("%q go, not %q", got, want)
					}
					time.Sleep(2 * time.Minute)
				}
			})
		})
	}
}

func TestSameSiteCookiesOfAnotherSitesPart(t *testing.T) {
	var j jar.Jar
	part := jar.Access{URL: parse(t, shop), Method: http.MethodGet}
	for _, line := range []string{"a=1; SameSite=Lax", "b=1; SameSite=Strict", "c=1"} {
		if err := j.Set(part, line); err == nil {
			t.Errorf("%s was kept", line)
		}
	}
	if err := j.Set(part, "d=1; SameSite=None; Secure"); err != nil {
		t.Error(err)
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j jar.Jar
		soon := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
		for _, line := range []string{"a=1; Max-Age=3600", "b=2; Expires=" + soon, "c=3", "d=4; Max-Age=999999999", "e=5; Expires=Fri, 31 Dec 2100 00:00:00 GMT"} {
			if err := j.Set(own(t, shop), line); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			wait time.Duration
			want string
		}{
			{time.Hour - time.Second, "a=1; b=2; c=3; d=4; e=5"},
			{time.Second, "c=3; d=4; e=5"},
			{400*24*time.Hour - time.Hour - time.Second, "c=3; d=4; e=5"},
			{time.Second, "c=3"}, // browsers keep none for longer than 400 days
		} {
			time.Sleep(step.wait)
			if got := sent(t, &j, shop); got != step.want {
				t.Errorf("after another %v, %q are sent, not %q", step.wait, got, step.want)
			}
		}
		j.Close()
		if all := j.All(); len(all) != 0 {
			t.Errorf("%d cookies outlive the browser", len(all))
		}
	})
}

func TestLimits(t *testing.T) {
	var j jar.Jar
	j.Set(own(t, shop), "first=1; Secure; Path=/")
	for i := range 60 {
		j.Set(own(t, shop), fmt.Sprintf("c%d=1; Path=/", i))
		j.Cookies(own(t, "https://shop.example.com/"))
	}
	all := j.All()
	if len(all) != 50 || all[0].Name != "first" {
		t.Errorf("%d cookies, the oldest is %s", len(all), all[0].Name)
	}
	for i := range 3100 {
		j.Set(own(t, fmt.Sprintf("https://host%d.example.com/", i)), "a=1")
	}
	if n := len(j.All()); n != 3000 {
		t.Errorf("%d cookies in all", n)
	}
}

func TestClone(t *testing.T) {
	var j jar.Jar
	j.Set(own(t, shop), "a=1")
	clone := j.Clone()
	j.Set(own(t, shop), "a=2")
	clone.Set(own(t, shop), "b=3")
	if got, cloned := sent(t, &j, shop), sent(t, clone, shop); got != "a=2" || cloned != "a=1; b=3" {
		t.Errorf("%q and %q are sent", got, cloned)
	}
}

func TestSite(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com/":            "https://example.com",
		"https://a.b.example.com:8443/":   "https://example.com",
		"http://example.com/":             "http://example.com",
		"https://a.shop.co.uk/":           "https://shop.co.uk",
		"https://co.uk/":                  "https://co.uk",
		"https://a.shop.github.io/":       "https://shop.github.io",
		"https://a.shop.com.br/":          "https://shop.com.br",
		"https://a.b.shop.kawasaki.jp/":   "https://b.shop.kawasaki.jp",
		"https://a.b.shop.test/":          "https://shop.test",
		"https://localhost:8080/":         "https://localhost",
		"https://127.0.0.1/":              "https://127.0.0.1",
		"https://[::1]/":                  "https://::1",
		"https://WWW.Example.COM./":       "https://example.com",
		"https://a.b.c.d.e.example.info/": "https://example.info",
	} {
		if got := jar.Site(parse(t, text)); got != want {
			t.Errorf("%s is of the site %s, not %s", text, got, want)
		}
	}
}
