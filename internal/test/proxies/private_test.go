package proxies_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/internal/test/proxies"
	"github.com/seed48429006/sessions/stores/memstore"
)

func read(resp *http.Response) (string, error) {
	var body io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return "", err
		}
		body = z
	}
	text, err := io.ReadAll(body)
	return string(text), err
}

// rounds is how often each visitor asks for each page.
const rounds = 20

// Nobody ever sees another's page or gets another's cookie, by HTTP/1.1 or HTTP/2,
// compressed or not, whoever filled the cache first.
func TestPagesArePrivate(t *testing.T) {
	for _, kind := range proxies.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, memstore.New[Visit](nil), nil)
			p := kind.Start(t, s)
			checkCompression(t, p)
			checkCache(t, kind, s, p)

			cookies := map[string]string{}
			var visitors sync.WaitGroup
			for i, name := range []string{"", "ada", "bob", "eve"} {
				v := newVisitor(t, p, i%2 == 0)
				if name != "" {
					expect(t, v, "/enter?name="+name, "Welcome, "+name+"!\n")
					expect(t, v, "/enter?name=x", "Welcome, x!\n") // one address for all
					expect(t, v, "/enter?name="+name, "Welcome, "+name+"!\n")
				}
				expect(t, v, "/page", "Hello, "+name+"!\n"+filler) // fills the cache, if any
				if other, taken := cookies[v.cookie()]; taken {
					t.Errorf("%q and %q have one cookie", name, other)
				}
				cookies[v.cookie()] = name
				visitors.Go(func() {
					for range rounds {
						expect(t, v, "/page", "Hello, "+name+"!\n"+filler)
						expect(t, v, "/public", filler)
					}
				})
			}
			visitors.Wait()
			if n := s.count("/page"); n < 4*rounds {
				t.Errorf("%d requests for /page came through, of %d at least", n, 4*rounds)
			}
		})
	}
}

// expect gets a page uncompressed and compressed.
func expect(t *testing.T, v *visitor, path, want string) {
	t.Helper()
	for _, gzip := range []bool{false, true} {
		resp, text, err := v.get(path, gzip)
		if err != nil || text != want || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %.40q; want %.40q", path, err, text, want)
		}
	}
}

// checkCompression fails the test if the proxy compresses nothing: the test would
// show nothing about compression.
func checkCompression(t *testing.T, p *proxies.Proxy) {
	t.Helper()
	resp, _, err := newVisitor(t, p, true).get("/page", true)
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("the proxy does not compress: %v, %v", err, resp)
	}
	if vary := strings.Join(resp.Header.Values("Vary"), ", "); !strings.Contains(vary, "Cookie") {
		t.Errorf("Vary is %q", vary)
	}
}

// checkCache fails the test if a cache does not keep pages that it may keep.
func checkCache(t *testing.T, kind proxies.Kind, s *site, p *proxies.Proxy) {
	t.Helper()
	const asked = 6
	for i := range asked {
		v := newVisitor(t, p, i%2 == 0)
		if _, _, err := v.get("/public", false); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.count("/public"); (n < asked) != kind.HasCache {
		t.Fatalf("%d of %d requests for /public came through; has a cache: %v", n, asked, kind.HasCache)
	}
}
