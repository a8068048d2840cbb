package middleware_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

var (
	oldSecret = bytes.Repeat([]byte("old."), 8)
	newSecret = bytes.Repeat([]byte("new."), 8)
)

// alphabet is base64url's.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]middleware.Options{
		"__Host-session_id=T; Path=/; Secure; HttpOnly; SameSite=Lax": {},
		"__Host-session_id=T; Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Lax": {
			Remember: session.Remember{All: true}},
		"__Host-sid=T; Path=/; Secure; HttpOnly; SameSite=Strict": {
			Cookie: middleware.Cookie{Name: "sid", SameSite: http.SameSiteStrictMode}},
		"__Secure-session_id=T; Path=/; Domain=example.org; Secure; HttpOnly; SameSite=Lax": {
			Cookie: middleware.Cookie{Domain: "example.org"}},
		"__Secure-session_id=T; Path=/app; Secure; HttpOnly; SameSite=Lax": {
			Cookie: middleware.Cookie{Path: "/app"}},
		"__Host-session_id=T; Path=/; Secure; HttpOnly; SameSite=None; Partitioned": {
			Cookie: middleware.Cookie{SameSite: http.SameSiteNoneMode, Partitioned: true}},
		"session_id=T; Max-Age=60; Path=/; HttpOnly; SameSite=Lax": {
			Remember: session.Remember{Lifetime: time.Minute, All: true}, Cookie: middleware.Cookie{Insecure: true}},
		"__Secure-session_id=T; Path=/; Domain=dotted.example; Secure; HttpOnly; SameSite=Lax": {
			Cookie: middleware.Cookie{Domain: ".dotted.example", Path: "/"}},
		"__Host-slash=T; Max-Age=1; Path=/; Secure; HttpOnly; SameSite=Lax": {
			Remember: session.Remember{Lifetime: time.Second, All: true}, Cookie: middleware.Cookie{Name: "slash", Path: "/", SameSite: http.SameSiteDefaultMode}},
		"__Host-session_id=T; Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax": {
			Remember: session.Remember{Lifetime: 400 * 24 * time.Hour, All: true}},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newApp(t, newStore(), &o)
			a.handle("/app/add", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s) })
			line := a.get("/app/add", "").Header().Get("Set-Cookie")
			parsed, err := http.ParseSetCookie(line)
			if err != nil || len(parsed.Value) != tokenLen {
				t.Fatalf("%q: %v", line, err)
			}
			if got := strings.Replace(line, parsed.Value, "T", 1); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestRememberMe(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), &middleware.Options{Remember: session.Remember{All: true}})
	a.handle("/forget", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { s.Remember(false) })
	a.handle("/keep", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.SetDeadline(time.Now().Add(30 * 24 * time.Hour))
	})
	cookie := a.visit(t, cart{Items: 1})
	w := a.get("/forget", cookie)
	forgetful := setCookie(t, w)
	if line := w.Header().Get("Set-Cookie"); forgetful == "" || forgetful == cookie || strings.Contains(line, "Max-Age") {
		t.Errorf("%q", line)
	}
	if w := a.get("/add", forgetful); setCookie(t, w) != "" {
		t.Error("sent again")
	}
	if w = a.get("/keep", forgetful); setCookie(t, w) != "" {
		t.Errorf("a cookie without Max-Age is sent again: %q", w.Header().Get("Set-Cookie"))
	}
	cookie = a.visit(t, cart{Items: 1})
	w = a.get("/keep", cookie)
	if kept := setCookie(t, w); kept == "" || kept == cookie || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=259") {
		t.Errorf("%q", w.Header().Get("Set-Cookie"))
	}
}

func TestCacheHeaders(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                           "no-store",
		"public, max-age=60":         "no-store",
		"no-cache":                   "no-store",
		"Private, max-age=60":        "Private, max-age=60",
		"no-store":                   "no-store",
		"max-age=0,private":          "max-age=0,private",
		`max-age=60, ext="private,"`: "no-store",
	} {
		a := newApp(t, newStore(), nil)
		a.handle("/cached", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			if given != "" {
				w.Header().Set("Cache-Control", given)
			}
		})
		w := a.get("/cached", "")
		if got := w.Header().Get("Cache-Control"); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
		w = a.get("/cached", setCookie(t, w))
		if got := w.Header().Get("Cache-Control"); got != cmp.Or(given, "private") {
			t.Errorf("without a cookie to set, %q became %q", given, got)
		}
	}
}

// Headers that some shared caches obey in the place of Cache-Control (RFC 9213)
// must not make them keep a token.
func TestNoTargetedHeaderMakesATokenCacheable(t *testing.T) {
	t.Parallel()
	for _, control := range []string{"", "private"} {
		for _, name := range []string{"Cdn-Cache-Control", "Cloudflare-Cdn-Cache-Control", "Surrogate-Control", "X-Accel-Expires"} {
			st := newStore()
			a := newApp(t, st, nil)
			a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				add(s)
				w.Header().Set(name, "max-age=60")
				if control != "" {
					w.Header().Set("Cache-Control", control)
				}
			})
			w := a.get("/", "")
			cookie := setCookie(t, w)
			if w.Header()[name] != nil || cookie == "" {
				t.Errorf("%v", w.Header())
			}
			if w := a.get("/", cookie); w.Header()[name] == nil {
				t.Errorf("%s is lost without a token to send", name)
			}
			st.fail("Save", errDown)
			if w := a.get("/", cookie); w.Header()[name] != nil {
				t.Errorf("an error: %v", w.Header())
			}
		}
	}
}

func TestVaryIsNotRepeated(t *testing.T) {
	t.Parallel()
	for given, want := range map[string][]string{
		"":                        {"Cookie"},
		"Accept":                  {"Accept", "Cookie"},
		"*":                       {"*"},
		"Accept-Encoding, cookie": {"Accept-Encoding, cookie"},
	} {
		a := newApp(t, newStore(), nil)
		a.handle("/vary", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			if given != "" {
				w.Header().Set("Vary", given)
			}
		})
		if got := a.get("/vary", "").Header()["Vary"]; !slices.Equal(got, want) {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	st := newStore()
	signed := newApp(t, st, &middleware.Options{Secrets: [][]byte{oldSecret}})
	cookie := setCookie(t, signed.get("/add", ""))
	if len(cookie) != len(cookieName)+1+tokenLen+1+43 {
		t.Fatalf("cookie %q", cookie)
	}
	if w := signed.get("/add", cookie); setCookie(t, w) != "" {
		t.Error("a genuine cookie is issued anew")
	}

	rotated := newApp(t, st, &middleware.Options{Secrets: [][]byte{newSecret, oldSecret}})
	if w := rotated.get("/add", cookie); setCookie(t, w) != "" || slices.Contains(rotated.kinds(), session.EventRejected) {
		t.Error("a cookie with an old signature is rejected or sent again")
	}
	newer := setCookie(t, newApp(t, st, &middleware.Options{Secrets: [][]byte{newSecret}}).get("/add", ""))

	st.calls()
	named := newApp(t, st, &middleware.Options{Secrets: [][]byte{oldSecret}, Cookie: middleware.Cookie{Name: "other"}})
	forged := map[string]string{
		"unsigned":               cookie[:len(cookieName)+1+tokenLen],
		"another secret":         newer,
		"another token":          cookieName + "=" + newToken().Reveal() + cookie[len(cookieName)+1+tokenLen:],
		"a signature cut off":    cookie[:len(cookie)-1],
		"a signature too many":   cookie + "A",
		"another separator":      cookie[:len(cookie)-44] + "-" + cookie[len(cookie)-43:],
		"no separator":           strings.Replace(cookie, ".", "-", 1),
		"the token as signature": cookie[:len(cookieName)+1+tokenLen] + "." + cookie[len(cookieName)+24:][:43],
	}
	for i := range 43 { // each character of the signature counts, to the last bit
		b := []byte(cookie)
		at := len(cookie) - 43 + i
		b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
		forged[fmt.Sprint("character ", i)] = string(b)
	}
	last := cookie[len(cookie)-1]
	for i := 1; i < 4; i++ { // the spellings that a lax decoder takes for the same
		forged[fmt.Sprint("spelling ", i)] = cookie[:len(cookie)-1] + string(alphabet[strings.IndexByte(alphabet, last)|i])
	}
	for name, value := range forged {
		signed.kinds()
		w := signed.get("/show", value)
		if w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil || st.calls() != "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		if kinds := signed.kinds(); !slices.Equal(kinds, []session.EventKind{session.EventRejected}) {
			t.Errorf("%s: events %v", name, kinds)
		}
	}
	other := strings.Replace(cookie, "session_id", "other", 1)
	if named.get("/show", other); st.calls() != "" || !slices.Contains(named.kinds(), session.EventRejected) {
		t.Error("a signature for one cookie is good for another")
	}
}

// A cookie that anybody may have set takes nothing from the genuine one beside it.
func TestAGenuineCookieWinsOverOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		accepts bool
		cookies func(genuine, other, unsigned, forged string) []string
		loads   bool
	}{
		"genuine and forged":           {false, func(g, o, u, f string) []string { return []string{g, f} }, true},
		"genuine and many forged":      {false, func(g, o, u, f string) []string { return []string{f, f[:len(f)-2] + "AA", g, f[:len(f)-2] + "BA"} }, true},
		"genuine and unsigned":         {false, func(g, o, u, f string) []string { return []string{g, u} }, true},
		"genuine and accepted":         {true, func(g, o, u, f string) []string { return []string{u, g} }, true},
		"genuine twice":                {false, func(g, o, u, f string) []string { return []string{g, f, g} }, true},
		"two genuine":                  {false, func(g, o, u, f string) []string { return []string{g, o} }, false},
		"two genuine, the first again": {false, func(g, o, u, f string) []string { return []string{g, o, g} }, false},
		"forged":                       {true, func(g, o, u, f string) []string { return []string{f} }, false},
		"unsigned":                     {false, func(g, o, u, f string) []string { return []string{u} }, false},
		"accepted":                     {true, func(g, o, u, f string) []string { return []string{u} }, true},
		"accepted and forged":          {true, func(g, o, u, f string) []string { return []string{f, u} }, true},
		"two accepted":                 {true, func(g, o, u, f string) []string { return []string{u, o[:len(u)]} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, &middleware.Options{Secrets: [][]byte{oldSecret}, AcceptUnsigned: test.accepts})
			genuine, other := setCookie(t, a.get("/add", "")), setCookie(t, a.get("/add", ""))
			unsigned := genuine[:len(genuine)-44]
			forged := other[:len(unsigned)] + genuine[len(unsigned):]
			st.calls()
			w := a.get("/show", strings.Join(test.cookies(genuine, other, unsigned, forged), "; "))
			if loads := st.calls() == "Load"; loads != test.loads || w.Header()["Set-Cookie"] != nil {
				t.Errorf("loaded: %v, %v", loads, w.Header())
			}
		})
	}
}

// Secrets can be introduced without a log-out: visitors get a signed cookie with their
// next token.
func TestSecretsAreIntroduced(t *testing.T) {
	t.Parallel()
	st := newStore()
	cookie := setCookie(t, newApp(t, st, nil).get("/add", ""))
	a := newApp(t, st, &middleware.Options{Secrets: [][]byte{oldSecret}, AcceptUnsigned: true})
	a.get("/add", cookie)
	signed := setCookie(t, a.get("/login?as=ada", cookie))
	if c, _ := a.value(t, signed); c.Customer != "ada" || c.Items != 2 || len(signed) != len(cookie)+44 {
		t.Errorf("%+v by %q", c, signed)
	}
}

// An operator who changes the secrets and forgets the old ones is told so, once.
func TestUnknownSignaturesAreToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cookie := setCookie(t, newApp(t, newStore(), &middleware.Options{Secrets: [][]byte{oldSecret}}).get("/add", ""))
	m, err := middleware.New(newStore(), &middleware.Options{Secrets: [][]byte{newSecret}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h := m.Handler(middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[cart]) {}))
	for _, value := range []string{"", cookieName + "=x", cookie, cookie, cookie[:len(cookie)-44]} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", value)
		h.ServeHTTP(recorder(), r)
	}
	if got := log.String(); strings.Count(got, "Options.Secrets") != 1 || strings.Contains(got, cookie[len(cookieName)+1:]) {
		t.Errorf("log %q", got)
	}
}

// Secrets that were removed log all visitors out, and an operator must know why.
func TestSignedCookiesWithoutSecretsAreToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cookie := setCookie(t, newApp(t, newStore(), &middleware.Options{Secrets: [][]byte{oldSecret}}).get("/add", ""))
	m, err := middleware.New(newStore(), &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h := m.Handler(middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[cart]) {}))
	for _, value := range []string{"", cookieName + "=x", cookie[:len(cookie)-44], cookie[:len(cookie)-1], cookie, cookie} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", value)
		h.ServeHTTP(recorder(), r)
		if value != cookie && log.Len() > 0 {
			t.Errorf("after %q: log %q", value, &log)
		}
	}
	if got := log.String(); strings.Count(got, "no Options.Secrets") != 1 || strings.Contains(got, cookie[len(cookieName)+1:]) {
		t.Errorf("log %q", got)
	}
}

// Handlers may share the lines of a header among responses, as a cache does. No response
// gets the token of another.
func TestTokensAreNotWrittenIntoSharedLines(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	shared := http.Header{
		"Set-Cookie": append(make([]string, 0, 9), "a=b", cookieName+"=x", "c=d"),
		"Vary":       append(make([]string, 0, 9), "Accept"),
	}
	a.handle("/shared", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		add(s)
		maps.Copy(w.Header(), shared)
	})
	first := a.get("/shared", "")
	want := first.Header().Clone()
	a.get("/shared", "")
	if !maps.EqualFunc(want, first.Header(), slices.Equal) {
		t.Errorf("the second response changes the first from %v to %v", want, first.Header())
	}
	for name, line := range map[string]string{"Set-Cookie": cookieName + "=x", "Vary": "Accept"} {
		lines := shared[name]
		if !slices.Contains(lines, line) || lines[:cap(lines)][len(lines)] != "" {
			t.Errorf("%s is now %q", name, lines[:cap(lines)])
		}
	}
}

// A cookie with an old secret's signature is never sent again by itself: a slow request
// could put it in the place of a log-in's.
func TestNoOldTokenIsReissued(t *testing.T) {
	t.Parallel()
	for _, idle := range []time.Duration{time.Hour, time.Second} {
		st := &asking{store: newStore()}
		old := newApp(t, st, &middleware.Options{Secrets: [][]byte{oldSecret}})
		a := newApp(t, st, &middleware.Options{Secrets: [][]byte{newSecret, oldSecret}, IdleTimeout: idle})
		cookie := setCookie(t, old.get("/add", ""))
		a.handle("/slow", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			if w := old.get("/login?as=ada", cookie); setCookie(t, w) == "" {
				t.Error("not logged in")
			}
		})
		if w := a.get("/slow", cookie); w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%d, cookies %q", w.Code, w.Header()["Set-Cookie"])
		}
		st.err = errDown
		cookie = setCookie(t, old.get("/add", ""))
		if w := a.get("/show", cookie); w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
			t.Errorf("without the store: %d, cookies %q", w.Code, w.Header()["Set-Cookie"])
		}
	}
}

// An asking store may not be able to say what exists.
type asking struct {
	*store
	err error
}

func (a *asking) Exists(ctx context.Context, id session.ID) (bool, error) {
	if a.err != nil {
		return true, a.err
	}
	return a.store.Exists(ctx, id)
}

func TestHostileCookies(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][][]byte{nil, {oldSecret}} {
		st := newStore()
		a := newApp(t, st, &middleware.Options{Secrets: secrets})
		genuine := setCookie(t, a.get("/add", ""))
		value := strings.TrimPrefix(genuine, cookieName+"=")
		text := value[:tokenLen]
		another := strings.TrimPrefix(setCookie(t, a.get("/add", "")), cookieName+"=")
		id, secret := text[:22], text[23:]
		raw, _ := base64.RawURLEncoding.DecodeString(secret)
		rejected := map[string]string{
			"a megabyte":       cookieName + "=" + strings.Repeat("A", 1<<20),
			"quoted":           cookieName + `="` + value + `"`,
			"padded":           cookieName + "=" + value + "=",
			"standard base64":  cookieName + "=" + id + "." + base64.StdEncoding.EncodeToString(raw),
			"the ID alone":     cookieName + "=" + id,
			"the ID twice":     cookieName + "=" + id + "." + id,
			"two tokens":       cookieName + "=" + text + text,
			"no dot":           cookieName + "=" + strings.Replace(value, ".", "-", 1),
			"the dot moved":    cookieName + "=" + value[1:23] + value[:1] + value[23:],
			"the ID respelled": cookieName + "=" + id[:21] + string(alphabet[strings.IndexByte(alphabet, id[21])|1]) + value[22:],
			"lower case":       cookieName + "=" + strings.ToLower(value) + "x",
			"another spelling": cookieName + "=" + text[:len(text)-1] + string(alphabet[strings.IndexByte(alphabet, text[len(text)-1])|1]) + value[len(text):],
			"short":            cookieName + "=" + value[1:],
			"escaped":          cookieName + "=%41" + value[1:],
			"two different":    genuine + "; " + cookieName + "=" + another,
			"two in two lines": genuine + "\x00" + cookieName + "=" + another,
			"not ASCII":        cookieName + "=" + "é" + value[2:],
		}
		accepted := map[string]string{
			"plain":                 genuine,
			"twice the same":        genuine + "; " + genuine,
			"after 3001 others":     strings.Repeat("a=b; ", 3001) + genuine,
			"without spaces":        "a=b;" + genuine + ";c=d",
			"$Version":              "$Version=1; " + genuine + "; $Path=/",
			"after a malformed one": cookieName + "=x; " + genuine,
			"beside another shape":  cookieName + "=" + strings.Repeat("!", len(value)) + "; " + genuine,
			"a cookie left empty":   cookieName + "=; " + genuine,
			"broken neighbours":     ";;=;  ; a;\x01=\x02; " + genuine,
		}
		ignored := map[string]string{
			"empty":        cookieName + "=",
			"none":         "a=b",
			"another name": "session_id=" + value + "; " + strings.ToLower(cookieName) + "=" + value + "; x" + genuine,
			"no value":     cookieName,
		}
		get := func(header string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/show", nil)
			r.Header["Cookie"] = strings.Split(header, "\x00")
			w := httptest.NewRecorder()
			a.Handler(a.mux).ServeHTTP(w, r)
			return w
		}
		for name, header := range rejected {
			st.calls()
			a.kinds()
			w := get(header)
			if w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil || st.calls() != "" {
				t.Errorf("%s: %d %v", name, w.Code, w.Header())
			}
			if kinds := a.kinds(); !slices.Equal(kinds, []session.EventKind{session.EventRejected}) {
				t.Errorf("%s: events %v", name, kinds)
			}
		}
		for name, header := range accepted {
			st.calls()
			if get(header); st.calls() != "Load" {
				t.Errorf("%s: not accepted", name)
			}
		}
		for name, header := range ignored {
			st.calls()
			a.kinds()
			if get(header); st.calls() != "" || a.kinds() != nil {
				t.Errorf("%s: not ignored", name)
			}
		}
	}
}

// Not in parallel: the allocations counted are those of the whole process.
func TestAHostileCookieCostsNoMemory(t *testing.T) {
	a := newApp(t, newStore(), &middleware.Options{Secrets: [][]byte{oldSecret}})
	h := a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := middleware.Get[cart](r); err != nil {
			t.Error(err)
		}
	}))
	allocs := func(cookie string) float64 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookie)
		return testing.AllocsPerRun(20, func() { h.ServeHTTP(httptest.NewRecorder(), r) })
	}
	small := allocs(cookieName + "=x")
	for name, cookie := range map[string]string{
		"megabyte": cookieName + "=" + strings.Repeat("A", 1<<20),
		"many":     strings.Repeat(cookieName+"=x; ", 50_000),
		"forged":   cookieName + "=" + strings.Repeat("A", 22) + "." + strings.Repeat("A", 43) + "." + strings.Repeat("B", 43),
	} {
		if got := allocs(cookie); got > small+10 { // the race detector makes pools forget
			t.Errorf("%s: %v allocations, %v for a small one", name, got, small)
		}
	}
}

// A header has a token exactly if a second, simpler reading of it finds one.
func FuzzCookieHeader(f *testing.F) {
	apps := map[bool]*app{}
	stores := map[bool]*store{}
	shape := map[bool]*regexp.Regexp{
		false: regexp.MustCompile(`^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$`),
		true:  regexp.MustCompile(`^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$`),
	}
	for signed, secrets := range map[bool][][]byte{false: nil, true: {oldSecret}} {
		stores[signed] = newStore()
		apps[signed] = newApp(f, stores[signed], &middleware.Options{Secrets: secrets})
		cookie := setCookie(f, apps[signed].get("/add", ""))
		f.Add(cookie, signed)
		f.Add(cookie+"; "+cookie+"x", signed)
		f.Add(cookie+";\t"+cookie+"; "+cookieName+"="+newToken().Reveal(), signed)
		f.Add(`$Version="1"; `+cookieName+`="`+cookie+`"; ;=`, signed)
	}
	f.Fuzz(func(t *testing.T, header string, signed bool) {
		found := map[string]bool{}
		for pair := range strings.SplitSeq(header, ";") {
			value, ok := strings.CutPrefix(strings.Trim(pair, " \t"), cookieName+"=")
			if ok && shape[signed].MatchString(value) {
				found[value] = true
			}
		}
		if signed { // only the genuine ones count
			maps.DeleteFunc(found, func(value string, _ bool) bool {
				return value[tokenLen+1:] != signatureOf(value[:tokenLen])
			})
		}
		token := slices.Collect(maps.Keys(found))
		want := ""
		if len(token) == 1 {
			text := token[0][:tokenLen]
			if _, err := session.ParseToken(text); err == nil {
				want = "Load"
			}
		}
		stores[signed].calls()
		w := apps[signed].get("/show", header)
		if w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if got := stores[signed].calls(); got != want {
			t.Errorf("the store was asked for %q, want %q", got, want)
		}
		apps[signed].kinds()
	})
}

// signatureOf makes the signature of a token as it is documented.
func signatureOf(token string) string {
	mac := hmac.New(sha256.New, oldSecret)
	mac.Write([]byte("sessions/cookie/1\x00" + cookieName + "\x00" + token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
