package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	web "github.com/seed48429006/sessions/sessiontest/browser"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A bank is a site that binds sessions, in a bubble of its own time.
type bank struct {
	t       *testing.T
	store   *store
	manager *middleware.Manager[cart]
	handler http.Handler

	mu     sync.Mutex
	events []session.Event
	lose   string // the path of a POST whose next answer is lost
}

// inBank runs f with a bank that has these options, in a bubble.
func inBank(t *testing.T, o middleware.Options, f func(*testing.T, *bank)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newBank(t, newStore(), o)) })
}

func newBank(t *testing.T, s *store, o middleware.Options) *bank {
	t.Helper()
	b := &bank{t: t, store: s}
	o.Observe = func(_ context.Context, e session.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	}
	var err error
	if b.manager, err = middleware.New(s, &o); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.LogIn(func(c *cart) { *c = cart{Customer: r.FormValue("name")} })
		if r.FormValue("forget") != "" {
			s.Remember(false)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	mux.HandleFunc("/logout", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Destroy()
	}))
	mux.HandleFunc("/renew", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Renew()
	}))
	mux.HandleFunc("/remember", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Remember(r.FormValue("on") != "")
	}))
	mux.HandleFunc("/add", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Items++ })
	}))
	mux.HandleFunc("/", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		fmt.Fprintf(w, "%q has %d, bound %v", s.Value().Customer, s.Value().Items, s.Bound())
	}))
	mux.HandleFunc("/static", func(http.ResponseWriter, *http.Request) {})
	inner := b.manager.Handler(mux)
	b.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		lost := b.lose != "" && strings.HasPrefix(r.URL.Path, b.lose)
		if lost {
			b.lose = ""
		}
		b.mu.Unlock()
		if lost {
			inner.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	return b
}

var bound = middleware.Options{DeviceBound: middleware.DeviceBound{Enabled: true}}

// with returns the options with other ones for bound sessions.
func with(change func(*middleware.DeviceBound)) middleware.Options {
	o := bound
	change(&o.DeviceBound)
	return o
}

func (b *bank) open(o *web.Options) *web.Tab {
	b.t.Helper()
	w, err := web.New(b.handler, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return w.Tab()
}

// get opens a page, and returns its text.
func (b *bank) get(tab *web.Tab, path string) *web.Page {
	b.t.Helper()
	p, err := tab.Get(b.t.Context(), path)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(p.Refused) > 0 {
		b.t.Fatalf("%s: refused cookies: %v", path, p.Refused)
	}
	return p
}

func (b *bank) logIn(tab *web.Tab, name string) *web.Page {
	b.t.Helper()
	p, err := tab.Post(b.t.Context(), "/login", url.Values{"name": {name}})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// shows checks what a page says, and by how many requests of the browser's own.
func (b *bank) shows(tab *web.Tab, want string, device int) {
	b.t.Helper()
	if p := b.get(tab, "/"); p.Body != want || len(p.Device) != device {
		b.t.Errorf("the page says %s, by %v; want %s by %d", p.Body, codes(p.Device), want, device)
	}
}

func codes(hops []web.Hop) (list []int) {
	for _, h := range hops {
		list = append(list, h.Status)
	}
	return list
}

// happened returns how often events of these kinds occurred since the last call, and
// the errors of those that were unproven or skipped.
func (b *bank) happened(kinds ...session.EventKind) (found string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if slices.Contains(kinds, e.Kind) {
			found += " " + string(e.Kind)
			if e.Kind == session.EventUnproven || e.Kind == session.EventSkipped {
				found += " (" + e.Err.Error() + ")"
			}
		}
	}
	b.events = nil
	return strings.TrimSpace(found)
}

var deviceKinds = []session.EventKind{session.EventBound, session.EventRefreshed, session.EventUnproven, session.EventSkipped, session.EventReused, session.EventRevoked}

// age returns the time that is left of the session's cookie.
func age(b *web.Browser) time.Duration {
	for _, c := range b.Cookies() {
		if c.Name == cookieName && !c.Expires.IsZero() {
			return time.Until(c.Expires)
		}
	}
	return 0
}

const (
	life  = middleware.DefaultDeviceLife
	grace = 30 * time.Second
)

func TestALogInBindsTheSession(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		if p := b.get(tab, "/"); p.Header.Get("Secure-Session-Registration") != "" {
			t.Error("an anonymous visitor is asked to bind a session")
		}
		p := b.logIn(tab, "ada")
		offer := p.Hops[0].Header
		if !strings.HasPrefix(offer.Get("Secure-Session-Registration"), `(ES256 RS256);path="/.sessions/device";challenge="`) || offer.Get("Cache-Control") != "no-store" {
			t.Errorf("the log-in is answered by %v", offer)
		}
		if len(p.Device) != 1 || p.Device[0].Status != 200 || p.Device[0].Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("bound by %v", p.Device)
		}
		if p.Body != `"ada" has 0, bound true` {
			t.Errorf("the page says %s", p.Body)
		}
		if got := age(tab.Browser()); got != life {
			t.Errorf("the cookie lives for %v", got)
		}
		if got := b.happened(deviceKinds...); got != "bound" {
			t.Errorf("events: %s", got)
		}
		for rec, err := range b.manager.ByOwner(t.Context(), "ada") {
			if err != nil || !rec.Bound() {
				t.Errorf("the list says %v, %v", rec.Bound(), err)
			}
		}
	})
}

// The cookie ends, and the visitor does not notice: one request renews it.
func TestABoundSessionGoesOn(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		b.logIn(tab, "ada")
		b.shows(tab, `"ada" has 0, bound true`, 0)
		for range 20 {
			time.Sleep(life + time.Second)
			if _, err := tab.Fetch(t.Context(), "POST", "/add", ""); err != nil {
				t.Fatal(err)
			}
			b.shows(tab, "\"ada\" has 1, bound true", 0)
			b.get(tab, "/login?name=ada") // begins with nothing in the cart, and binds again
			b.happened()
		}
		time.Sleep(life + time.Second)
		b.shows(tab, `"ada" has 0, bound true`, 1)
		time.Sleep(3 * life) // the challenge is too old
		b.shows(tab, `"ada" has 0, bound true`, 2)
		if got := b.happened(deviceKinds...); got != "refreshed refreshed" {
			t.Errorf("events: %s", got)
		}
		if got := age(tab.Browser()); got != life {
			t.Errorf("the cookie lives for %v", got)
		}
	})
}

// A copy of the cookies ends when the last secret in it does, whatever the thief does
// and whether the visitor goes on or not.
func TestACopiedCookieEnds(t *testing.T) {
	for name, visitor := range map[string]bool{"the visitor goes on": true, "the visitor is away": false} {
		t.Run(name, func(t *testing.T) {
			inBank(t, bound, func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				b.shows(tab, `"ada" has 0, bound true`, 0)
				time.Sleep(life / 2)
				copied := cookieIn(tab.Browser())
				use := func(path string) string {
					r := httptest.NewRequest("GET", "https://example.com"+path, nil)
					r.Header.Set("Cookie", copied)
					w := httptest.NewRecorder()
					b.handler.ServeHTTP(w, r)
					if line := w.Header().Get("Set-Cookie"); line != "" {
						copied, _, _ = strings.Cut(line, ";")
					}
					return w.Body.String()
				}
				if got := use("/"); got != `"ada" has 0, bound true` {
					t.Fatalf("the copy shows %s: the test is for nothing", got)
				}
				start := time.Now()
				for time.Since(start) < life/2+grace-time.Minute { // each of these gives the thief another secret
					use("/remember?on=1")
					use("/remember")
					use("/add")
					time.Sleep(time.Minute)
				}
				time.Sleep(life/2 + grace - time.Since(start) - time.Second)
				if !strings.Contains(use("/"), "ada") {
					t.Error("the copy has ended before its secret did")
				}
				b.happened()
				time.Sleep(time.Second)
				if got := use("/"); strings.Contains(got, "ada") {
					t.Errorf("the copy shows %s", got)
				}
				if got := b.happened(deviceKinds...); got != "reused" {
					t.Errorf("events: %s", got)
				}
				if visitor {
					if got := b.get(tab, "/").Body; !strings.HasPrefix(got, `"ada" has`) {
						t.Errorf("the visitor sees %s", got)
					}
				}
				time.Sleep(life)
				if got := use("/add") + use("/"); strings.Contains(got, "ada") {
					t.Errorf("later, the copy shows %s", got)
				}
			})
		})
	}
}

func cookieIn(b *web.Browser) string {
	for _, c := range b.Cookies() {
		if c.Name == cookieName {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// Another browser with the same cookies has no key.
func TestACopiedProfileEnds(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		b.logIn(tab, "ada")
		thief := tab.Browser().Clone().Tab()
		b.shows(thief, `"ada" has 0, bound true`, 0)
		time.Sleep(life + time.Second)
		b.shows(thief, `"" has 0, bound false`, 0)
		b.shows(tab, `"ada" has 0, bound true`, 1)
	})
}

// A former secret is accepted for the grace only, once its successor was used.
func TestTheFormerSecretOfABoundSession(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		b.logIn(tab, "ada")
		b.shows(tab, `"ada" has 0, bound true`, 0)
		time.Sleep(life - time.Second)
		old := cookieIn(tab.Browser())
		time.Sleep(2 * time.Second)
		b.shows(tab, `"ada" has 0, bound true`, 1)
		show := func() string {
			r := httptest.NewRequest("GET", "https://example.com/", nil)
			r.Header.Set("Cookie", old)
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, r)
			return w.Body.String()
		}
		if got := show(); !strings.Contains(got, "ada") {
			t.Errorf("a request that was on its way sees %s", got)
		}
		time.Sleep(grace)
		b.happened()
		if got := show(); strings.Contains(got, "ada") {
			t.Errorf("the former secret shows %s", got)
		}
		if got := b.happened(deviceKinds...); got != "reused" {
			t.Errorf("events: %s", got)
		}
		b.shows(tab, `"ada" has 0, bound true`, 0)
	})
}

// After a log-out or the end by another device, a refresh logs nobody in.
func TestTheEndOfABoundSession(t *testing.T) {
	for name, end := range map[string]func(*bank, *web.Tab){
		"log-out": func(b *bank, tab *web.Tab) { b.get(tab, "/logout") },
		"revoked": func(b *bank, tab *web.Tab) {
			if _, err := b.manager.RevokeAll(b.t.Context(), "ada", session.ReasonRevoked); err != nil {
				b.t.Fatal(err)
			}
			time.Sleep(life)
		},
		"idle": func(b *bank, tab *web.Tab) { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			inBank(t, bound, func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				end(b, tab)
				b.shows(tab, `"" has 0, bound false`, 1) // "continue": false
				b.shows(tab, `"" has 0, bound false`, 0)
				b.logIn(tab, "bob")
				time.Sleep(life + time.Second)
				b.shows(tab, `"bob" has 0, bound true`, 1)
			})
		})
	}
}

// Each log-in binds anew, since the key may be of somebody who planted the session.
func TestALogInDropsTheKey(t *testing.T) {
	for name, path := range map[string]string{"a log-in": "/login?name=ada", "another owner": "/login?name=eve"} {
		t.Run(name, func(t *testing.T) {
			inBank(t, bound, func(t *testing.T, b *bank) {
				planter := b.open(nil)
				b.logIn(planter, "ada")
				victim := planter.Browser().Clone().Tab() // without the key
				if p := b.get(victim, path); len(p.Device) != 1 || p.Device[0].Status != 200 {
					t.Errorf("the victim's browser binds by %v", codes(p.Device))
				}
				time.Sleep(life + time.Second)
				b.shows(planter, `"" has 0, bound false`, 1)
				if p := b.get(victim, "/"); !strings.Contains(p.Body, "bound true") {
					t.Errorf("the victim sees %s", p.Body)
				}
			})
		})
	}
}

// A renewal without a log-in keeps the key: else the copy of a cookie could ask for one,
// and bind the session to the copy's device.
func TestARenewalKeepsTheKey(t *testing.T) {
	for _, fallBack := range []bool{false, true} {
		t.Run(fmt.Sprint("fall back ", fallBack), func(t *testing.T) {
			inBank(t, with(func(d *middleware.DeviceBound) { d.FallBack = fallBack }), func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				if p := b.get(tab, "/renew"); len(p.Device) > 0 {
					t.Errorf("the browser binds by %v", codes(p.Device))
				}
				b.shows(tab, `"ada" has 0, bound true`, 0)
				time.Sleep(life + time.Second)
				b.shows(tab, `"ada" has 0, bound true`, 2) // the challenge was of the former secret
				thief := tab.Browser().Clone().Tab()
				for range 3 {
					time.Sleep(life / 4)
					if p := b.get(thief, "/renew"); len(p.Device) > 0 {
						t.Errorf("the thief's browser binds by %v", codes(p.Device))
					}
				}
				time.Sleep(life/4 + time.Second)
				b.shows(thief, `"" has 0, bound false`, 0)
				b.shows(tab, `"ada" has 0, bound true`, 2)
			})
		})
	}
}

// A request that lasts longer than the record keeps its secret gets none that lives longer.
func TestASlowRequestOfABoundSession(t *testing.T) {
	o := bound
	o.IdleTimeout = -1
	for name, act := range map[string]func(*session.Session[cart]){
		"is remembered": func(s *session.Session[cart]) { s.Remember(true) },
		"renews":        func(s *session.Session[cart]) { s.Renew() },
	} {
		t.Run(name, func(t *testing.T) {
			inBank(t, o, func(t *testing.T, b *bank) {
				d := boundDevice(t, b, "ada")
				slow, err := b.manager.Open(t.Context(), strings.TrimPrefix(d.cookie, cookieName+"="))
				if err != nil {
					t.Fatal(err)
				}
				for range 6 {
					time.Sleep(life)
					if w := d.refresh(d.prove(d.challenge)); w.Code != http.StatusOK {
						t.Fatal(w.Code)
					}
				}
				act(slow)
				if err := slow.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				token, _ := slow.Token()
				if _, err := b.manager.Open(t.Context(), token.Reveal()); !errors.Is(err, session.ErrNotFound) {
					t.Errorf("its token gives access: %v", err)
				}
			})
		})
	}
}

// A session that was bound is not used unbound for longer than a secret lives, unless
// the application says so.
func TestABoundSessionComesUnbound(t *testing.T) {
	for _, fallBack := range []bool{false, true} {
		t.Run(fmt.Sprint("fall back ", fallBack), func(t *testing.T) {
			inBank(t, with(func(d *middleware.DeviceBound) { d.FallBack = fallBack }), func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				other := b.open(&web.Options{NoDeviceBound: true})
				move(t, tab.Browser(), b, other)
				b.get(other, "/login?name=ada")
				b.get(other, "/remember")
				b.get(other, "/remember?on=1")
				time.Sleep(life / 2)
				b.get(other, "/renew")
				b.shows(other, `"ada" has 0, bound false`, 0)
				time.Sleep(life/2 + grace)
				want := map[bool]string{false: `"" has 0, bound false`, true: `"ada" has 0, bound false`}[fallBack]
				b.shows(other, want, 0)
			})
		})
	}
}

// move gives another browser the cookie.
func move(t *testing.T, from *web.Browser, b *bank, to *web.Tab) {
	t.Helper()
	to.Header.Set("Cookie", cookieIn(from))
	b.get(to, "/login?name=ada")
	to.Header.Del("Cookie")
}

// The first request of a session from before is asked once, and other browsers are
// left alone.
func TestAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := newBank(t, newStore(), middleware.Options{})
		b := newBank(t, before.store, bound)
		tab := before.open(&web.Options{NoDeviceBound: true})
		before.logIn(tab, "ada")
		ask := func() *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "https://example.com/", nil)
			r.Header.Set("Cookie", cookieIn(tab.Browser()))
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, r)
			return w
		}
		b.store.calls()
		for i, want := range []bool{true, false, false} {
			w := ask()
			if got := w.Header().Get("Secure-Session-Registration") != ""; got != want || !strings.Contains(w.Body.String(), `"ada" has 0, bound false`) {
				t.Errorf("request %d is asked: %v, and sees %s", i, got, w.Body)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("request %d gets a cookie", i)
			}
		}
		if got := b.store.calls(); got != "Load Save Load Load" {
			t.Errorf("store calls: %s", got)
		}
		b.shows(b.open(nil), `"" has 0, bound false`, 0)
		time.Sleep(50 * time.Minute)
		if w := ask(); !strings.Contains(w.Body.String(), `"ada"`) {
			t.Errorf("a browser that binds nothing is logged out: %s", w.Body)
		}
	})
}

// A browser may give a reason for each of its sessions. More than one reason is none.
func TestOneReasonForASkippedRefresh(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		d := boundDevice(t, b, "ada")
		of := ";session_identifier=\"" + d.name + "\""
		for value, want := range map[string]int{
			"unreachable" + of:                         1,
			"(unreachable)" + of:                       1,
			"unreachable;session_identifier=\"sid@x\"": 0,
			"unreachable" + of + ", unreachable" + of:  1,
			"()" + of: 0,
			"(" + strings.Repeat("unreachable ", 300) + ")" + of: 0,
			"(a b)" + of + ", server_error" + of:                 1,
		} {
			b.happened()
			d.send("GET", "/", map[string]string{"Secure-Session-Skipped": value})
			if got := strings.Count(b.happened(session.EventSkipped), "skipped ("); got != want {
				t.Errorf("%.60s: %d events", value, got)
			}
		}
	})
}

// A profile is a value beside the cart, in a session of its own.
type profile struct{ Name string }

func (p profile) SessionOwner() string { return p.Name }

// Two managers around one handler bind both sessions, in one response, if their paths
// differ.
func TestTwoManagersBindTheirSessions(t *testing.T) {
	chain := func(t *testing.T, path string) http.Handler {
		o := bound
		o.Cookie.Name, o.DeviceBound.Path, o.Logger = "profile", path, quiet
		outer, err := middleware.New(memstore.New[profile](nil), &o)
		if err != nil {
			t.Fatal(err)
		}
		b := newBank(t, newStore(), bound)
		return outer.Handler(b.manager.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			one, err := middleware.Get[cart](r)
			other, otherErr := middleware.Get[profile](r)
			if err != nil || otherErr != nil {
				t.Error(err, otherErr)
				return
			}
			if r.URL.Path == "/login" {
				one.LogIn(func(c *cart) { c.Customer = "ada" })
				other.LogIn(func(p *profile) { p.Name = "ada" })
			}
			fmt.Fprintf(w, "%q %v, %q %v", one.Value().Customer, one.Bound(), other.Value().Name, other.Bound())
		})))
	}
	t.Run("with paths of their own", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &bank{t: t, handler: chain(t, "/.profile/device")}
			tab := b.open(nil)
			if p := b.get(tab, "/login"); len(p.Device) != 2 {
				t.Errorf("bound by %v", codes(p.Device))
			}
			time.Sleep(life + time.Second)
			b.shows(tab, `"ada" true, "ada" true`, 2)
		})
	})
	t.Run("with one path", func(t *testing.T) {
		h := chain(t, "")
		defer func() {
			if text := fmt.Sprint(recover()); !strings.Contains(text, "both use the DeviceBound.Path /.sessions/device") {
				t.Errorf("panicked with %s", text)
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://example.com/", nil))
	})
}

// A link of another site comes without SameSite=Lax cookies in what the browser sends of
// its own.
func TestALinkOfAnotherSite(t *testing.T) {
	for name, test := range map[string]struct {
		options middleware.Options
		want    string
		device  int
	}{
		"all":  {bound, `"ada" has 0, bound true`, 1},
		"one":  {with(func(d *middleware.DeviceBound) { d.Initiators = []string{"*.mail.example"} }), `"ada" has 0, bound true`, 1},
		"none": {with(func(d *middleware.DeviceBound) { d.Initiators = []string{} }), `"" has 0, bound false`, 0},
		"others": {with(func(d *middleware.DeviceBound) { d.Initiators = []string{"mail.example"} }),
			`"" has 0, bound false`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBank(t, test.options, func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				time.Sleep(life + time.Second)
				if err := tab.Show("https://www.mail.example/inbox"); err != nil {
					t.Fatal(err)
				}
				b.shows(tab, test.want, test.device)
			})
		})
	}
	t.Run("log-in", func(t *testing.T) { // by the redirect of an identity provider
		inBank(t, bound, func(t *testing.T, b *bank) {
			tab := b.open(nil)
			if err := tab.Show("https://idp.example/"); err != nil {
				t.Fatal(err)
			}
			p := b.get(tab, "/login?name=ada")
			if len(p.Device) != 1 || p.Device[0].Status != 200 {
				t.Errorf("bound by %v", codes(p.Device))
			}
			time.Sleep(life + time.Second)
			b.shows(tab, `"ada" has 0, bound true`, 1)
		})
	})
}

// A store that is down keeps the session at the browser, and its page is the anonymous
// one meanwhile.
func TestRefreshWhileTheStoreIsDown(t *testing.T) {
	for _, op := range []string{"Load", "Save"} {
		t.Run(op, func(t *testing.T) {
			inBank(t, bound, func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				time.Sleep(life + time.Second)
				b.store.fail(op, errDown)
				b.happened()
				p := b.get(tab, "/")
				if !strings.Contains(p.Body, `""`) || len(p.Device) != 1 || p.Device[0].Status != http.StatusServiceUnavailable {
					t.Errorf("the page says %s, by %v", p.Body, codes(p.Device))
				}
				if got := b.happened(session.EventSkipped); got != "skipped (sessions: the browser did not refresh the session: server_error)" {
					t.Errorf("events: %s", got)
				}
				b.store.fail(op, nil)
				b.shows(tab, `"ada" has 0, bound true`, 2) // its challenge was used up
			})
		})
	}
}

// An answer that is lost on its way breaks nothing.
func TestLostAnswersOfTheEndpoint(t *testing.T) {
	t.Run("bind", func(t *testing.T) {
		inBank(t, bound, func(t *testing.T, b *bank) {
			tab := b.open(nil)
			b.lose = "/.sessions/device"
			b.logIn(tab, "ada")
			b.shows(tab, `"ada" has 0, bound true`, 0)
			time.Sleep(grace)
			b.shows(tab, `"ada" has 0, bound true`, 1) // is asked again
			b.shows(tab, `"ada" has 0, bound true`, 0)
			if got := b.happened(deviceKinds...); got != "bound bound" {
				t.Errorf("events: %s", got)
			}
			time.Sleep(life + time.Second)
			b.shows(tab, `"ada" has 0, bound true`, 1)
		})
	})
	t.Run("bind, and the visitor comes back late", func(t *testing.T) {
		inBank(t, bound, func(t *testing.T, b *bank) {
			tab := b.open(nil)
			b.lose = "/.sessions/device"
			if _, err := tab.Fetch(t.Context(), "GET", "/login?name=ada", ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(life + grace)
			b.shows(tab, `"" has 0, bound false`, 0)
		})
	})
	t.Run("refresh", func(t *testing.T) {
		inBank(t, bound, func(t *testing.T, b *bank) {
			tab := b.open(nil)
			b.logIn(tab, "ada")
			for range 8 {
				time.Sleep(life + time.Second)
				b.lose = "/.sessions/device"
				b.shows(tab, `"" has 0, bound false`, 0)
				b.shows(tab, `"ada" has 0, bound true`, 2)
			}
		})
	})
}

// A browser has one bound session of each origin, as it has one cookie: it never comes
// back to the account before.
func TestTwoLogInsInOneProfile(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		b.logIn(tab, "ada")
		time.Sleep(life + time.Second)
		b.lose = "/.sessions/device/" // so that the next log-in comes without the cookie of the first
		b.logIn(tab, "bob")
		if n := b.store.live(t); n != 2 {
			t.Fatalf("%d sessions: the test is for nothing", n)
		}
		for range 3 {
			time.Sleep(life + time.Second)
			b.shows(tab, `"bob" has 0, bound true`, 1)
		}
	})
}

// Ordinary sessions end with the browser if the application leaves them unbound. Others
// outlive it, as the key does.
func TestOrdinarySessionsAreBoundUnlessRememberedOnly(t *testing.T) {
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint("bound ", on), func(t *testing.T) {
			o := with(func(d *middleware.DeviceBound) { d.RememberedOnly = !on })
			inBank(t, o, func(t *testing.T, b *bank) {
				tab := b.open(nil)
				b.logIn(tab, "ada")
				b.shows(tab, fmt.Sprintf(`"ada" has 0, bound %v`, on), 0)
				tab.Browser().Restart()
				time.Sleep(life + time.Second)
				want := map[bool]string{false: `"" has 0, bound false`, true: `"ada" has 0, bound true`}[on]
				b.shows(tab, want, map[bool]int{true: 1}[on])
			})
		})
	}
}

// An ordinary log-in to a session that was bound is bound too. Otherwise it would end, as
// it must not go on unbound.
func TestAnOrdinaryLogInToABoundSession(t *testing.T) {
	o := with(func(d *middleware.DeviceBound) { d.RememberedOnly = true })
	o.Remember.All = true
	inBank(t, o, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		b.logIn(tab, "ada")
		b.shows(tab, `"ada" has 0, bound true`, 0)
		b.get(tab, "/login?name=ada&forget=1")
		time.Sleep(life + grace)
		b.shows(tab, `"ada" has 0, bound true`, 1)
	})
}

// A refresh is no use: a visitor who is away is logged out, whatever a page loads.
func TestARefreshIsNoUse(t *testing.T) {
	inBank(t, bound, func(t *testing.T, b *bank) {
		tab := b.open(nil)
		b.logIn(tab, "ada")
		for range 6 {
			b.shows(tab, `"ada" has 0, bound true`, 0)
			for range 5 {
				time.Sleep(life + time.Second)
				if p, err := tab.Fetch(t.Context(), "GET", "/static", ""); err != nil || p.Status != 200 {
					t.Fatal(p, err)
				}
			}
		}
		time.Sleep(life)
		if _, err := tab.Fetch(t.Context(), "GET", "/static", ""); err != nil {
			t.Fatal(err)
		}
		b.shows(tab, `"" has 0, bound false`, 0)
	})
}

// When it is switched off again, bound sessions end, and later ones are as without it.
func TestSwitchedOffAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBank(t, newStore(), bound)
		tab := b.open(nil)
		b.logIn(tab, "ada")
		after := newBank(t, b.store, middleware.Options{})
		other := after.open(nil)
		other.Header.Set("Cookie", cookieIn(tab.Browser()))
		after.shows(other, `"ada" has 0, bound true`, 0)
		after.get(other, "/renew")
		if left := age(other.Browser()); left > life {
			t.Errorf("a renewal lets a bound session live for %v", left)
		}
		other.Header.Set("Cookie", cookieIn(other.Browser()))
		p := after.get(other, "/login?name=ada")
		other.Header.Set("Cookie", cookieIn(other.Browser()))
		if strings.Contains(fmt.Sprint(p.Hops[0].Header), "Secure-Session") {
			t.Error("it is offered")
		}
		time.Sleep(life + grace)
		after.shows(other, `"ada" has 0, bound false`, 0)
	})
}

// Whoever has not switched it on pays nothing: neither calls nor allocations.
func TestDeviceBoundCostsOthersNothing(t *testing.T) {
	count := func(o middleware.Options) (calls string, allocations float64) {
		s := newStore()
		m, err := middleware.New(s, &o)
		if err != nil {
			t.Fatal(err)
		}
		h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			if r.URL.Path == "/login" {
				s.LogIn(func(c *cart) { c.Customer = "ada" })
			}
		}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/login", nil))
		r := httptest.NewRequest("GET", "https://example.com/", nil)
		r.Header.Set("Cookie", strings.Split(w.Header().Get("Set-Cookie"), ";")[0])
		allocations = testing.AllocsPerRun(100, func() { h.ServeHTTP(httptest.NewRecorder(), r) })
		s.calls()
		h.ServeHTTP(httptest.NewRecorder(), r)
		return s.calls(), allocations
	}
	offCalls, off := count(middleware.Options{})
	onCalls, on := count(bound)
	if offCalls != "Load" || onCalls != "Load" || on != off {
		t.Errorf("off: %s, %v allocations; on: %s, %v allocations", offCalls, off, onCalls, on)
	}
}

func TestDeviceBoundOptions(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*middleware.Options)
		want   string
	}{
		"a life of a second":    {func(o *middleware.Options) { o.DeviceBound.Life = time.Second }, "DeviceBound.Life"},
		"a long life":           {func(o *middleware.Options) { o.DeviceBound.Life = 401 * 24 * time.Hour }, "DeviceBound.Life"},
		"not enabled":           {func(o *middleware.Options) { o.DeviceBound.Enabled = false; o.DeviceBound.Life = time.Hour }, "set DeviceBound.Enabled"},
		"a relative path":       {func(o *middleware.Options) { o.DeviceBound.Path = "device" }, "DeviceBound.Path"},
		"a path with a space":   {func(o *middleware.Options) { o.DeviceBound.Path = "/a b" }, "DeviceBound.Path"},
		"a path with a slash":   {func(o *middleware.Options) { o.DeviceBound.Path = "/a/" }, "DeviceBound.Path"},
		"a path that goes up":   {func(o *middleware.Options) { o.DeviceBound.Path = "/a/../b" }, "DeviceBound.Path"},
		"a URL as an initiator": {func(o *middleware.Options) { o.DeviceBound.Initiators = []string{"https://a.example"} }, "Initiators[0]"},
		"a wildcard within":     {func(o *middleware.Options) { o.DeviceBound.Initiators = []string{"a", "a*.example"} }, "Initiators[1]"},
		"plain http":            {func(o *middleware.Options) { o.Cookie.Insecure = true }, "Cookie.Insecure"},
		"a domain":              {func(o *middleware.Options) { o.Cookie.Domain = "example.com" }, "Cookie.Domain"},
		"partitioned":           {func(o *middleware.Options) { o.Cookie.Partitioned = true }, "kept apart"},
		"cookies by host": {func(o *middleware.Options) {
			o.CookieFor = func(_ *http.Request, c middleware.Cookie) middleware.Cookie { return c }
		}, "CookieFor"},
		"a header": {func(o *middleware.Options) { o.Transport = middleware.HeaderTransport("X-Token") }, "CookieOrHeader"},
	} {
		o := bound
		test.change(&o)
		if _, err := middleware.New(newStore(), &o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := bound
	o.Cookie.Path, o.Transport = "/app", middleware.CookieOrHeader("X-Token")
	m, err := middleware.New(newStore(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Options().DeviceBound; got.Path != "/app/.sessions/device" || got.Life != 10*time.Minute {
		t.Errorf("the options say %+v", got)
	}
}
