package middleware_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	web "github.com/seed48429006/sessions/sessiontest/browser"
)

// A raw device makes each of its requests as a test says.
type rawDevice struct {
	t   *testing.T
	b   *bank
	key *ecdsa.PrivateKey

	cookie    string
	id        string // of the session
	name      string // of the session, as the browser knows it
	offer     string // the challenge of the last log-in
	challenge string // the last of the other ones
}

func newRawDevice(t *testing.T, b *bank) *rawDevice {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &rawDevice{t: t, b: b, key: key}
}

func (d *rawDevice) logIn(name string) {
	d.t.Helper()
	w := d.send("GET", "/login?name="+name, map[string]string{"Cookie": d.cookie})
	_, rest, _ := strings.Cut(w.Header().Get("Secure-Session-Registration"), `challenge="`)
	d.offer, _, _ = strings.Cut(rest, `"`)
	id, _, _ := strings.Cut(strings.TrimPrefix(d.cookie, cookieName+"="), ".")
	if d.id = id; d.offer == "" || d.id == "" {
		d.t.Fatalf("the log-in is answered by %v", w.Header())
	}
}

func (d *rawDevice) send(method, path string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://example.com"+path, nil)
	for name, value := range header {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	d.b.handler.ServeHTTP(w, r)
	if line := w.Header().Get("Set-Cookie"); line != "" {
		d.cookie, _, _ = strings.Cut(line, ";")
	}
	if value := w.Header().Get("Secure-Session-Challenge"); value != "" {
		d.challenge = strings.Split(value, `"`)[1]
	}
	return w
}

func (d *rawDevice) bind(proof string) *httptest.ResponseRecorder {
	w := d.send("POST", "/.sessions/device", map[string]string{"Secure-Session-Response": proof, "Origin": "https://example.com"})
	var config struct {
		Name string `json:"session_identifier"`
		URL  string `json:"refresh_url"`
	}
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &config); err != nil || config.URL != "device/"+d.id {
			d.t.Errorf("bound by %s: %v", w.Body, err)
		}
		d.name = config.Name
	}
	return w
}

func (d *rawDevice) refresh(proof string) *httptest.ResponseRecorder {
	return d.send("POST", "/.sessions/device/"+d.id, map[string]string{"Secure-Session-Response": proof, "Sec-Secure-Session-Id": `"` + d.name + `"`})
}

// prove returns a proof with the key in its header.
func (d *rawDevice) prove(challenge string) string {
	d.t.Helper()
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	text := enc(fmt.Appendf(nil, `{"alg":"ES256","typ":"dbsc+jwt","jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, enc(point[1:33]), enc(point[33:]))) +
		"." + enc(fmt.Appendf(nil, `{"jti":%q}`, challenge))
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return text + "." + enc(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// boundDevice returns a device whose session is bound, and in use.
func boundDevice(t *testing.T, b *bank, name string) *rawDevice {
	t.Helper()
	d := newRawDevice(t, b)
	d.logIn(name)
	if w := d.bind(d.prove(d.offer)); w.Code != http.StatusOK {
		t.Fatalf("binding is answered by %d", w.Code)
	}
	return d
}

// changed returns a text with another character in a place, counted from the end.
func changed(text string, fromEnd int) string {
	i := len(text) - fromEnd
	c := "A"
	if text[i] == 'A' {
		c = "B"
	}
	return text[:i] + c + text[i+1:]
}

// None of these proofs binds a session.
func TestProofsThatBindNothing(t *testing.T) {
	for name, test := range map[string]struct {
		proof  func(d, other *rawDevice) string
		status int
	}{
		"none":                         {func(d, _ *rawDevice) string { return "" }, 400},
		"malformed":                    {func(d, _ *rawDevice) string { return "a.b.c" }, 400},
		"large":                        {func(d, _ *rawDevice) string { return strings.Repeat("a", 9000) }, 400},
		"another's signature":          {func(d, _ *rawDevice) string { return changed(d.prove(d.offer), 30) }, 400},
		"a challenge of nobody":        {func(d, _ *rawDevice) string { return d.prove("challenge") }, 403},
		"a challenge that is too long": {func(d, _ *rawDevice) string { return d.prove(d.offer + "A") }, 403},
		"a changed challenge":          {func(d, _ *rawDevice) string { return d.prove(changed(d.offer, 5)) }, 403},
		"a changed time":               {func(d, _ *rawDevice) string { return d.prove(changed(d.offer, 50)) }, 403},
		"another session's ID":         {func(d, other *rawDevice) string { return d.prove(other.offer[:22] + d.offer[22:]) }, 403},
		"an old challenge": {func(d, _ *rawDevice) string {
			old := d.offer
			d.logIn("ada")
			return d.prove(old)
		}, 403},
		"a late answer": {func(d, _ *rawDevice) string {
			time.Sleep(5*time.Minute + time.Second)
			return d.prove(d.offer)
		}, 403},
		"a used challenge": {func(d, _ *rawDevice) string {
			d.bind(d.prove(d.offer))
			return d.prove(d.offer)
		}, 403},
		"a challenge to refresh": {func(d, other *rawDevice) string {
			d.bind(d.prove(d.offer))
			return d.prove(d.challenge)
		}, 403},
		"after the log-out": {func(d, _ *rawDevice) string {
			d.send("GET", "/logout", map[string]string{"Cookie": d.cookie})
			return d.prove(d.offer)
		}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			inBank(t, bound, func(t *testing.T, b *bank) {
				d, other := newRawDevice(t, b), newRawDevice(t, b)
				d.logIn("ada")
				other.logIn("eve")
				proof := test.proof(d, other)
				cookie := d.cookie
				b.happened()
				w := d.bind(proof)
				if w.Code != test.status || d.cookie != cookie || w.Body.Len() > 0 {
					t.Errorf("status %d, %v, %s", w.Code, w.Header(), w.Body)
				}
				if got := b.happened(deviceKinds...); !strings.HasPrefix(got, "unproven (") && name != "after the log-out" {
					t.Errorf("events: %s", got)
				}
			})
		})
	}
}

// None of these proofs renews a secret, and the browser does what it should: it keeps
// its session, answers another challenge, or ends its side.
func TestProofsThatRefreshNothing(t *testing.T) {
	for name, test := range map[string]struct {
		proof  func(d, other *rawDevice) string
		status int
		asks   bool // for an answer to another challenge
	}{
		"none":                        {func(d, _ *rawDevice) string { return "" }, 403, true},
		"malformed":                   {func(d, _ *rawDevice) string { return "a.b.c" }, 400, false},
		"large":                       {func(d, _ *rawDevice) string { return strings.Repeat("a", 9000) }, 400, false},
		"another's key":               {func(d, other *rawDevice) string { return other.prove(d.challenge) }, 401, false},
		"a changed signature":         {func(d, _ *rawDevice) string { return changed(d.prove(d.challenge), 30) }, 401, false},
		"a challenge of nobody":       {func(d, _ *rawDevice) string { return d.prove("challenge") }, 403, true},
		"a changed challenge":         {func(d, _ *rawDevice) string { return d.prove(changed(d.challenge, 5)) }, 403, true},
		"a changed time":              {func(d, _ *rawDevice) string { return d.prove(changed(d.challenge, 50)) }, 403, true},
		"another session's":           {func(d, other *rawDevice) string { return d.prove(other.challenge) }, 403, true},
		"the challenge that bound it": {func(d, _ *rawDevice) string { return d.prove(d.offer) }, 403, true},
		"a used challenge": {func(d, _ *rawDevice) string {
			used := d.challenge
			d.refresh(d.prove(used))
			return d.prove(used)
		}, 403, true},
		"an old challenge": {func(d, _ *rawDevice) string {
			time.Sleep(2*life + time.Second)
			return d.prove(d.challenge)
		}, 403, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBank(t, bound, func(t *testing.T, b *bank) {
				d, other := boundDevice(t, b, "ada"), boundDevice(t, b, "eve")
				proof := test.proof(d, other)
				cookie := d.cookie
				w := d.refresh(proof)
				asked := strings.HasSuffix(w.Header().Get("Secure-Session-Challenge"), `;id="`+d.name+`"`)
				if w.Code != test.status || asked != test.asks || d.cookie != cookie {
					t.Errorf("status %d, %v", w.Code, w.Header())
				}
				if test.asks {
					if w := d.refresh(d.prove(d.challenge)); w.Code != 200 || d.cookie == cookie {
						t.Errorf("the next answer gives %d", w.Code)
					}
				}
			})
		})
	}
}

// What is no refresh of a session that is there ends the browser's side.
func TestRefreshOfNothing(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		d := boundDevice(t, b, "ada")
		name := d.name
		for what, test := range map[string]struct {
			method, path, name string
			status             int
			body               string
		}{
			"no name":          {"POST", "/.sessions/device/" + d.id, "", 400, ""},
			"another's name":   {"POST", "/.sessions/device/" + d.id, "sid@https://example.com", 400, ""},
			"a large name":     {"POST", "/.sessions/device/" + d.id, name + strings.Repeat("a", 600), 400, ""},
			"no such ID":       {"POST", "/.sessions/device/" + strings.Repeat("A", 22), name, 200, `{"session_identifier":"` + name + `","continue":false}`},
			"no ID":            {"POST", "/.sessions/device/", name, 200, `{"session_identifier":"` + name + `","continue":false}`},
			"a GET":            {"GET", "/.sessions/device/" + d.id, name, 200, `"" has 0, bound false`},
			"a path like it":   {"POST", "/.sessions/devices", name, 200, `"" has 0, bound false`},
			"a path before it": {"POST", "/x/.sessions/device", name, 200, `"" has 0, bound false`},
		} {
			w := d.send(test.method, test.path, map[string]string{"Sec-Secure-Session-Id": test.name})
			if w.Code != test.status || w.Body.String() != test.body || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s: %d, %s, %v", what, w.Code, w.Body, w.Header())
			}
		}
	})
}

// Two proofs for one challenge at once: one of them counts.
func TestOneChallengeAtOnce(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		d := boundDevice(t, b, "ada")
		proof := d.prove(d.challenge)
		codes := make(chan int, 2)
		b.store.delay = time.Millisecond
		for range 2 {
			go func() {
				r := httptest.NewRequest("POST", "https://example.com/.sessions/device/"+d.id, nil)
				r.Header.Set("Secure-Session-Response", proof)
				r.Header.Set("Sec-Secure-Session-Id", d.name)
				w := httptest.NewRecorder()
				b.handler.ServeHTTP(w, r)
				codes <- w.Code
			}()
		}
		if sum := <-codes + <-codes; sum != 200+403 {
			t.Errorf("the statuses add up to %d", sum)
		}
		synctest.Wait()
	})
}

// Behind a proxy or a handler that shortens paths, the endpoint is where the browser
// looks for it.
func TestTheEndpointBelowAPath(t *testing.T) {
	for name, shorten := range map[string]func(http.Handler) http.Handler{
		"whole": func(h http.Handler) http.Handler { return h },
		"by a handler": func(h http.Handler) http.Handler {
			return http.StripPrefix("/app", h)
		},
		"by a proxy": func(h http.Handler) http.Handler {
			return http.StripPrefix("/app", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.RequestURI = r.URL.RequestURI()
				r.Host = "backend:8080"
				r.Header.Set("X-Forwarded-Prefix", "/app")
				h.ServeHTTP(w, r)
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := bound
			o.Cookie.Path = "/app"
			inBank(t, o, func(t *testing.T, b *bank) {
				inner := b.handler
				b.handler = shorten(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if name == "whole" && !strings.HasPrefix(r.URL.Path, "/app/.sessions") {
						http.StripPrefix("/app", inner).ServeHTTP(w, r)
						return
					}
					inner.ServeHTTP(w, r)
				}))
				tab := b.open(&web.Options{})
				p := b.get(tab, "/app/login?name=ada")
				if len(p.Device) != 1 || p.Device[0].Status != 200 || len(p.Refused) > 0 {
					t.Fatalf("bound by %v, refused %v", codes(p.Device), p.Refused)
				}
				time.Sleep(life + time.Second)
				if p := b.get(tab, "/app/"); !strings.Contains(p.Body, `"ada" has 0, bound true`) || len(p.Device) != 1 {
					t.Errorf("the page says %s, by %v", p.Body, codes(p.Device))
				}
			})
		})
	}
}
