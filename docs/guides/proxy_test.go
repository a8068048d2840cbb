package guides_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestMixedKeepsSessionsApart(t *testing.T) {
	h, err := guides.NewMixed(memstore.New[guides.Account](nil), memstore.New[guides.Account](nil), guides.Routes())
	if err != nil {
		t.Fatal(err)
	}
	send := func(proto, cookie string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://shop.example/items?item=tea", nil)
		r.Header.Set("X-Forwarded-Proto", proto)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	plain := send("http", "").Result().Cookies()[0]
	secure := send("https", plain.Name+"="+plain.Value).Result().Cookies()
	if len(secure) != 1 || !secure[0].Secure || secure[0].Value == plain.Value || plain.Secure {
		t.Errorf("on plain http %v, then on TLS %v", plain, secure)
	}
	renamed := send("https", "__Host-session_id="+plain.Value).Result().Cookies()
	if len(renamed) != 1 || renamed[0].Value == plain.Value {
		t.Errorf("a token of plain http, under the name of the secure cookie, opened a session: %v", renamed)
	}
}

func TestProtectedBehindProxy(t *testing.T) {
	accounts, _ := newAccounts(t)
	h, err := guides.NewProtected(accounts, guides.Routes())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, host, origin string
		status             int
	}{
		{"the proxy passes the host on", "shop.example", "https://shop.example", http.StatusSeeOther},
		{"the proxy does not, but the origin is trusted", "127.0.0.1:8080", "https://shop.example", http.StatusSeeOther},
		{"another site", "shop.example", "https://evil.example", http.StatusForbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/items", strings.NewReader("item=tea"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Host = test.host
			r.Header.Set("Origin", test.origin)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
		})
	}
}
