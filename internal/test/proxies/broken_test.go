package proxies_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/proxies"
	"github.com/seed48429006/sessions/stores/memstore"
)

// brokenOff says which clients see that a response was broken off after its first
// bytes. It is the table in the guide "Behind a proxy".
var brokenOff = map[string]struct{ http1, http2 bool }{
	"nginx":                                  {true, true},
	"nginx with HTTP/1.0 to the server":      {false, false},
	"nginx that ignores Vary and Set-Cookie": {true, true},
	"HAProxy":                                {true, false},
	"Caddy":                                  {false, false},
}

// A change that comes after the first byte and cannot be saved breaks the response
// off. With HoldBack, every proxy passes a whole error on instead.
func TestBrokenOff(t *testing.T) {
	for _, kind := range proxies.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := brokenOff[kind.Name]
			if !ok {
				t.Fatal("the table does not have this proxy")
			}
			for http2, want := range map[bool]bool{false: want.http1, true: want.http2} {
				t.Run(fmt.Sprintf("http2 %v", http2), func(t *testing.T) {
					resp, text, err := late(t, kind, http2, nil)
					if strings.Contains(text, lastLine) && err == nil {
						t.Errorf("the response seems to be complete: %v", resp)
					}
					if broken := err != nil; broken != want {
						t.Errorf("broken off: %v (%v); the guide says %v", broken, err, want)
					}
				})
				t.Run(fmt.Sprintf("http2 %v, held back", http2), func(t *testing.T) {
					resp, text, err := late(t, kind, http2, &sessions.Options{HoldBack: 1 << 20})
					if err != nil || resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "Jack") {
						t.Errorf("error %v, response %v:\n%.100s", err, resp, text)
					}
				})
			}
		})
	}
}

// late asks for a page whose late change cannot be saved.
func late(t *testing.T, kind proxies.Kind, http2 bool, o *sessions.Options) (*http.Response, string, error) {
	t.Helper()
	store := &failing{Store: memstore.New[Visit](nil)}
	v := newVisitor(t, kind.Start(t, newSite(t, store, o)), http2)
	if _, _, err := v.get("/enter?name=ada", false); err != nil {
		t.Fatal(err)
	}
	store.down = true
	return v.get("/late", false)
}
