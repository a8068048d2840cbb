package guides_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
)

func TestStreamsEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(t *testing.T, server *httptest.Server, revoke func())
		want string
	}{
		{"by a revocation", func(_ *testing.T, _ *httptest.Server, revoke func()) { revoke() }, "event: end\ndata: session: not found"},
		{"by a shutdown", func(t *testing.T, server *httptest.Server, _ func()) {
			if err := server.Config.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}, "event: restart"},
	} {
		t.Run(test.name, func(t *testing.T) {
			accounts, store := newAccounts(t)
			server := httptest.NewUnstartedServer(nil)
			server.Config.Handler = guides.NewStreams(accounts, server.Config).Handler()
			server.Start()
			defer server.Close()
			r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/events", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: "__Host-session_id", Value: store.Seed(guides.Account{User: "ada"}).Reveal()})
			rs, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer rs.Body.Close()
			body := bufio.NewReader(rs.Body)
			if line, err := body.ReadString('\n'); err != nil || line != ": welcome\n" {
				t.Fatalf("%q %v", line, err)
			}
			test.end(t, server, func() {
				if _, err := accounts.RevokeAll(t.Context(), "ada", sessions.ReasonRevoked); err != nil {
					t.Error(err)
				}
			})
			rest, err := io.ReadAll(body)
			if err != nil || !strings.Contains(string(rest), test.want) {
				t.Errorf("the stream ends with %q, %v", rest, err)
			}
		})
	}
}
