package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/dbsc"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

// A keeper is a server that binds one session, as a test says.
type keeper struct {
	key     dbsc.Key
	steps   []func(w http.ResponseWriter) // the answers to the next refreshes; else as it should be
	proofs  []string                      // the challenges that were answered
	refused string                        // why a proof was refused
	skipped string
	config  string
}

const (
	keptCookie = "__Host-kept=1; Path=/; Secure; HttpOnly; SameSite=Lax"
	keptConfig = `{"session_identifier":"s1","refresh_url":"/refresh","scope":{"include_site":false},
		"credentials":[{"type":"cookie","name":"__Host-kept","attributes":"Path=/; Secure; HttpOnly; SameSite=Lax"}]%s}`
)

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.skipped = r.Header.Get("Secure-Session-Skipped")
	switch r.URL.Path {
	case "/login":
		w.Header().Set("Secure-Session-Registration", `(RS256 ES256);path="/register";challenge="c0"`)
	case "/expire":
		w.Header().Set("Set-Cookie", keptCookie+"; Max-Age=0")
	case "/register", "/refresh":
		k.exchange(w, r)
	default:
		_, err := r.Cookie("__Host-kept")
		fmt.Fprint(w, err == nil)
	}
}

func (k *keeper) exchange(w http.ResponseWriter, r *http.Request) {
	if value := r.Header.Get("Secure-Session-Response"); value != "" {
		p, err := dbsc.ParseProof(value)
		if err == nil && r.URL.Path == "/register" {
			k.key = p.Key
		}
		if err == nil {
			err = p.Verify(k.key)
		}
		if err != nil {
			k.refused = err.Error()
			return
		}
		k.proofs = append(k.proofs, p.Challenge)
	}
	if id := r.Header.Get("Sec-Secure-Session-Id"); (id == `"s1"`) != (r.URL.Path == "/refresh") {
		k.refused = "the name " + id
	}
	if len(k.steps) > 0 && r.URL.Path == "/refresh" {
		step := k.steps[0]
		k.steps = k.steps[1:]
		step(w)
		return
	}
	w.Header().Set("Set-Cookie", keptCookie+"; Max-Age=600")
	fmt.Fprintf(w, keptConfig, k.config)
}

func status(code int, challenge string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if challenge != "" {
			w.Header().Set("Secure-Session-Challenge", fmt.Sprintf(`"%s";id="s1"`, challenge))
		}
		w.WriteHeader(code)
	}
}

func body(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { fmt.Fprint(w, text) }
}

func broken(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// A browser answers each status of a refresh as the specification and Chromium do.
func TestDeviceRefresh(t *testing.T) {
	asks := func(n int) (steps []func(http.ResponseWriter)) {
		for i := range n {
			steps = append(steps, status(403, fmt.Sprint("c", i+1)))
		}
		return steps
	}
	for name, test := range map[string]struct {
		steps   []func(http.ResponseWriter)
		page    string // whether it comes with the cookie
		kept    bool
		proofs  string
		skipped string
	}{
		"at once":                {nil, "true", true, "", ""},
		"a challenge":            {asks(1), "true", true, "c1", ""},
		"four challenges":        {asks(4), "true", true, "c1 c2 c3 c4", ""},
		"five challenges":        {asks(5), "false", false, "c1 c2 c3 c4", ""},
		"403 without a new one":  {[]func(http.ResponseWriter){status(403, "")}, "false", false, "", ""},
		"400":                    {[]func(http.ResponseWriter){status(400, "")}, "false", false, "", ""},
		"401":                    {[]func(http.ResponseWriter){status(401, "")}, "false", false, "", ""},
		"404":                    {[]func(http.ResponseWriter){status(404, "")}, "false", false, "", ""},
		"429":                    {[]func(http.ResponseWriter){status(429, "")}, "false", false, "", ""},
		"500":                    {[]func(http.ResponseWriter){status(500, "")}, "false", true, "", `server_error;session_identifier="s1"`},
		"503":                    {[]func(http.ResponseWriter){status(503, "")}, "false", true, "", `server_error;session_identifier="s1"`},
		"a broken connection":    {[]func(http.ResponseWriter){broken}, "false", true, "", `unreachable;session_identifier="s1"`},
		"continue: false":        {[]func(http.ResponseWriter){body(`{"session_identifier":"s1","continue":false}`)}, "false", false, "", ""},
		"another session":        {[]func(http.ResponseWriter){body(fmt.Sprintf(strings.Replace(keptConfig, "s1", "s2", 1), ""))}, "false", false, "", ""},
		"a body that is no JSON": {[]func(http.ResponseWriter){body("<html>")}, "false", false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{}
			b, err := browser.New(k, nil)
			if err != nil {
				t.Fatal(err)
			}
			tab := b.Tab()
			get := func(path string) *browser.Page {
				p, err := tab.Get(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			if p := get("/login"); len(p.Device) != 1 || p.Device[0].URL.Path != "/register" {
				t.Fatalf("bound by %v", p.Device)
			}
			if p := get("/"); p.Body != "true" || len(p.Device) != 0 {
				t.Fatalf("the cookie is there: %s, %v", p.Body, p.Device)
			}
			b.Restart() // a cookie with Max-Age and the key outlive it
			get("/expire")
			k.steps, k.proofs = test.steps, nil
			if p := get("/"); p.Body != test.page || k.skipped != test.skipped {
				t.Errorf("the page comes with the cookie: %s; skipped %q", p.Body, k.skipped)
			}
			if got := strings.Join(k.proofs, " "); got != test.proofs || k.refused != "" {
				t.Errorf("answers %s, want %s; refused %q", got, test.proofs, k.refused)
			}
			get("/expire")
			k.steps = []func(http.ResponseWriter){status(403, "c9")}
			want := map[bool]int{true: 2}[test.kept]
			if p := get("/"); len(p.Device) != want {
				t.Errorf("later, %d requests for a refresh, want %d", len(p.Device), want)
			}
		})
	}
}

func TestABrowserWithoutBoundSessions(t *testing.T) {
	k := &keeper{}
	b, err := browser.New(k, &browser.Options{NoDeviceBound: true})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := b.Tab().Get(t.Context(), "/login"); err != nil || len(p.Device) != 0 {
		t.Errorf("bound by %v, %v", p.Device, err)
	}
}
