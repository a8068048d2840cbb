package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestNewNamesEverythingThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	type bad struct {
		C chan int
		F func()
	}
	_, err := middleware.New[bad](nil, &middleware.Options{
		Lifetime: -1, MaxPerOwner: -1, SaveTimeout: -1,
		Secrets: [][]byte{[]byte("short"), nil},
		Cookie: middleware.Cookie{Name: "__Host-a b", Path: "x", Domain: "not a domain",
			SameSite: http.SameSiteNoneMode, Partitioned: true, Insecure: true},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"bad.C:", "bad.F:", "Lifetime", "MaxPerOwner", "SaveTimeout", "Secrets[0]", "Secrets[1]",
		"leave the prefix out", "Cookie.Path", "SameSite=None", "Partitioned", "the characters of a token", "not the name of a host", "the store is nil"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]middleware.Options{
		"must begin with a slash": {Cookie: middleware.Cookie{Path: "app"}},
		"not the name of a host":  {Cookie: middleware.Cookie{Domain: "a b"}},
		"browsers take 4096":      {Cookie: middleware.Cookie{Name: strings.Repeat("n", 4096)}},
		"Cookie.Name is \"a;b\"":  {Cookie: middleware.Cookie{Name: "a;b"}},
		"4032 bytes":              {Cookie: middleware.Cookie{Name: strings.Repeat("n", 4096-tokenLen-len("__Host-")+9)}},
		"Path has 1025 bytes":     {Cookie: middleware.Cookie{Path: "/" + strings.Repeat("p", 1024)}},
		"leave the prefix out":    {Cookie: middleware.Cookie{Name: "__Secure-sid"}},
		"SameSite is -1":          {Cookie: middleware.Cookie{SameSite: -1}},
		"the semicolon":           {Cookie: middleware.Cookie{Path: "/a;b"}},
		"without a query":         {Cookie: middleware.Cookie{Path: "/a?b"}},
		"a space at the end":      {Cookie: middleware.Cookie{Path: "/a "}},
		"a dot at the end":        {Cookie: middleware.Cookie{Domain: "example.com."}},
		"none of net/http":        {Cookie: middleware.Cookie{SameSite: 9}},
		"AcceptUnsigned is set":   {AcceptUnsigned: true},
		"\"Proxy-Authorization\"": {Transport: middleware.HeaderTransport("proxy-authorization")},
		"use at least 32":         {Secrets: [][]byte{make([]byte, 31)}},
	} {
		if _, err := middleware.New(newStore(), &o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
}

func TestCookieDomains(t *testing.T) {
	t.Parallel()
	for domain, accepted := range map[string]bool{
		"example.org": true, ".example.org": true, "localhost": true, "192.0.2.7": true,
		"com": false, ".com": false, "com.": false, ".": false, "localhost:8080": false,
	} {
		t.Run(domain, func(t *testing.T) {
			_, err := middleware.New(newStore(), &middleware.Options{Cookie: middleware.Cookie{Domain: domain}})
			if (err == nil) != accepted {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDurationsAtTheirBounds(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]middleware.Options{
		"the shortest": {Lifetime: time.Second, IdleTimeout: time.Second, SaveTimeout: time.Millisecond},
		"the longest":  {Lifetime: 400 * 24 * time.Hour},
		"no idle end":  {IdleTimeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := middleware.New(newStore(), &o); err != nil {
				t.Error(err)
			}
		})
	}
}

type plainStore struct{ session.Store[int] }

func TestMaxPerOwnerNeedsOwners(t *testing.T) {
	t.Parallel()
	_, err := middleware.New[int](plainStore{}, &middleware.Options{MaxPerOwner: 1})
	if err == nil || !strings.Contains(err.Error(), "finds sessions by owner") || !strings.Contains(err.Error(), "SessionOwner() string of int") {
		t.Errorf("got %v", err)
	}
	if _, err := middleware.New(newStore(), &middleware.Options{MaxPerOwner: 1}); err != nil {
		t.Error(err)
	}
}

func TestTroubleIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	st := newStore()
	m, err := middleware.New(st, &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := m.Open(context.Background(), "")
	s.Update(func(c *cart) { c.Items++ })
	st.fail("Save", errDown)
	s.Commit(t.Context())
	if !strings.Contains(log.String(), `msg="session failed"`) || !strings.Contains(log.String(), errDown.Error()) ||
		strings.Contains(log.String(), session.ID{}.String()) { // it has no ID yet
		t.Errorf("log %q", log.String())
	}
	log.Reset()
	st.fail("Save", nil)
	s.Commit(t.Context())
	if log.Len() > 0 {
		t.Errorf("log %q", log.String())
	}
}

// Not in parallel: the default logger is the process's.
func TestTroubleIsLoggedByDefault(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	st := newStore()
	m, err := middleware.New(st, nil)
	if err != nil {
		t.Fatal(err)
	}
	st.fail("Load", errDown)
	if _, err := m.Open(t.Context(), newToken().Reveal()); !errors.Is(err, session.ErrUnavailable) {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "session failed") {
		t.Errorf("log %q", log.String())
	}
}

// New takes over what the options say and keeps nothing of the caller's.
func TestNewCopiesTheSecrets(t *testing.T) {
	t.Parallel()
	secret := bytes.Clone(oldSecret)
	a := newApp(t, newStore(), &middleware.Options{Secrets: [][]byte{secret}})
	clear(secret)
	cookie := setCookie(t, a.get("/add", ""))
	value := strings.TrimPrefix(cookie, cookieName+"=")
	if value[tokenLen+1:] != signatureOf(value[:tokenLen]) {
		t.Error("signed with what the caller's secret is now")
	}
}

func TestTheOptionsReachThePolicy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, newStore(), &middleware.Options{Lifetime: time.Hour, IdleTimeout: 10 * time.Minute, MaxPerOwner: 1})
		alive := func(cookie string) bool { _, ok := a.value(t, cookie); return ok }
		first := a.visit(t, cart{Customer: "ada"})
		time.Sleep(time.Second)
		second := a.visit(t, cart{Customer: "ada"})
		if alive(first) || !alive(second) {
			t.Error("MaxPerOwner is not observed")
		}
		time.Sleep(11 * time.Minute)
		if alive(second) {
			t.Error("IdleTimeout is not observed")
		}
		third := a.visit(t, cart{Customer: "ada"})
		for range 7 {
			if time.Sleep(9 * time.Minute); a.get("/show", third).Code != http.StatusOK {
				t.Error("not shown")
			}
		}
		if alive(third) {
			t.Error("Lifetime is not observed")
		}
	})
}

func TestHeaderNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Surrogate-Control", "cdn-cache-control", "", "X Session", "Cookie", "Set-Cookie", "a\r\nb", "Connection", "cache-control", "Content-Type", "Location"} {
		for way, transport := range map[string]middleware.Transport{"HeaderTransport": middleware.HeaderTransport(name), "CookieOrHeader": middleware.CookieOrHeader(name)} {
			if _, err := middleware.New(session.Store[cart](newStore()), &middleware.Options{Transport: transport}); err == nil {
				t.Errorf("%s(%q) is accepted", way, name)
			}
		}
	}
}

func TestANilStoreIsRefused(t *testing.T) {
	t.Parallel()
	var st *memstore.Store[cart]
	if _, err := middleware.New[cart](st, nil); err == nil {
		t.Error("a nil *memstore.Store is accepted")
	}
}

func TestANilHandlerIsRefused(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("Handle(nil) is found out with the first request only")
		}
	}()
	middleware.Handle[cart](nil)
}

func TestOptionsThatLookLikeMistakes(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]middleware.Options{
		"Lifetime is 3.6µs; is a unit missing":   {Lifetime: 3600},
		"WatchInterval is 15ns; is a unit":       {WatchInterval: 15},
		"WatchInterval is -1s; it must":          {WatchInterval: -time.Second},
		"Remember.Lifetime is -1s; it must":      {Remember: session.Remember{Lifetime: -time.Second}},
		"Remember.Lifetime is 30ns; is a unit":   {Remember: session.Remember{Lifetime: 30}},
		"Remember.Lifetime is 9600h0m1s; browse": {Remember: session.Remember{Lifetime: 9600*time.Hour + time.Second}},
		"Remember.IdleTimeout is 7ns; is a unit": {Remember: session.Remember{Lifetime: time.Hour, IdleTimeout: 7}},
		"Remember.IdleTimeout is -1s; it must":   {Remember: session.Remember{Lifetime: time.Hour, IdleTimeout: -time.Second}},
		"IdleTimeout is 60ns; is a unit missing": {IdleTimeout: 60},
		"SaveTimeout is 5ns; is a unit missing":  {SaveTimeout: 5},
		"browsers keep cookies for 400 days":     {Lifetime: 401 * 24 * time.Hour},
		`Cookie.Domain is "com"`:                 {Cookie: middleware.Cookie{Domain: "com"}},
		"HoldBack is -1":                         {HoldBack: -1},
		"RotateEvery is -1s; it must":            {RotateEvery: -time.Second},
		"RotateEvery is 59s; the least is 1m0s":  {RotateEvery: 59 * time.Second},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := middleware.New(newStore(), &o)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A log of trouble names the handler: by method and pattern, or by the path if the
// router sets no pattern.
func TestTroubleNamesTheHandler(t *testing.T) {
	t.Parallel()
	late := func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		io.WriteString(w, "begun")
		s.LogIn(func(c *cart) { c.Customer = "ada" })
	}
	for name, test := range map[string]struct {
		mount  func(*http.ServeMux)
		within func(http.Handler) http.Handler
		want   string
	}{
		"a pattern": {func(mux *http.ServeMux) { mux.Handle("POST /items/{sku}", middleware.Handle(late)) }, nil, `route="POST /items/{sku}"`},
		"a pattern of an inner router": {func(mux *http.ServeMux) {
			inner := http.NewServeMux()
			inner.Handle("/items/{sku}", middleware.Handle(late))
			mux.Handle("/", http.TimeoutHandler(inner, time.Minute, ""))
		}, nil, `route=/items/{sku}`},
		"no router": {nil, func(http.Handler) http.Handler { return middleware.Handle(late) }, `route=/items/tea`},
		"a failed save": {func(mux *http.ServeMux) {
			mux.Handle("/items/", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.Update(func(c *cart) { c.Notes = []string{"fails"} })
			}))
		}, nil, `route=/items/`},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			st := newStore()
			st.fail("Save", errDown)
			m, err := middleware.New(st, &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			mux := http.NewServeMux()
			var h http.Handler = mux
			if test.within != nil {
				h = test.within(mux)
			} else {
				test.mount(mux)
			}
			func() {
				defer func() { recover() }()
				m.Handler(h).ServeHTTP(recorder(), httptest.NewRequest("POST", "/items/tea?token=hidden", nil))
			}()
			if got := log.String(); !strings.Contains(got, "method=POST "+test.want) || strings.Contains(got, "hidden") {
				t.Errorf("log %q, want %s", got, test.want)
			}
		})
	}
}

// So does the log of a missing manager.
func TestAMissingManagerNamesTheHandler(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	type unmanaged struct{ Value int }
	mux := http.NewServeMux()
	mux.Handle("/page/{id}", middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[unmanaged]) {}))
	mux.ServeHTTP(recorder(), httptest.NewRequest("GET", "/page/7", nil))
	if got := log.String(); !strings.Contains(got, "method=GET route=/page/{id}") {
		t.Errorf("log %q", got)
	}
}
