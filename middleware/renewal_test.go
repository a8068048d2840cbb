package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
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
	"github.com/seed48429006/sessions/sessiontest"
)

// A browser sends several requests at once. A request bears the cookies that the
// browser has when it is sent; those of responses are taken over in the order in
// which they arrive.
type browser struct {
	t    *testing.T
	app  *app
	jar  *cookiejar.Jar
	wait sync.WaitGroup
}

func newBrowser(t *testing.T, a *app) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t: t, app: a, jar: jar}
}

// shop is where the browser believes to be.
var shop = &url.URL{Scheme: "https", Host: "shop.example", Path: "/"}

// cookie returns the header of a request that is sent now.
func (b *browser) cookie() string {
	var pairs []string
	for _, c := range b.jar.Cookies(shop) {
		pairs = append(pairs, c.String())
	}
	return strings.Join(pairs, "; ")
}

// take is the arrival of a response.
func (b *browser) take(w *httptest.ResponseRecorder) { b.jar.SetCookies(shop, w.Result().Cookies()) }

// A fetch is a request that is under way, and its response once that arrived.
type fetch struct {
	*httptest.ResponseRecorder
	name string
}

// send sends a request. It travels to the server for the time there, its response
// for the time back. Requests that overlap each need a time there, else one may
// arrive before the next is sent. The fetch is complete after waitForAnswers.
func (b *browser) send(path string, there, back time.Duration) *fetch {
	f := &fetch{name: fmt.Sprintf("%s after %v", path, there)}
	cookie := b.cookie()
	b.wait.Go(func() {
		time.Sleep(there)
		f.ResponseRecorder = b.app.get(path, cookie)
		time.Sleep(back)
		b.take(f.ResponseRecorder)
	})
	return f
}

// cancel sends a request whose response the browser does not wait for.
func (b *browser) cancel(path string) { b.app.get(path, b.cookie()) }

func (b *browser) waitForAnswers() { b.wait.Wait() }

// at sends a request and waits for its response.
func (b *browser) at(path string) *fetch {
	f := b.send(path, 0, 0)
	b.waitForAnswers()
	return f
}

// value returns what the session of the browser's cookie holds.
func (b *browser) value() cart {
	c, _ := b.app.value(b.t, b.cookie())
	return c
}

// browse runs a test in a bubble, with a browser that has a session with one item.
func browse(t *testing.T, test func(t *testing.T, b *browser, st *store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		b := newBrowser(t, newApp(t, st, nil))
		b.app.handle("/slow-login", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Customer = "ada" })
			time.Sleep(2 * time.Second)
		})
		b.app.handle("/slow-add", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			time.Sleep(30 * time.Second)
		})
		b.at("/add")
		test(t, b, st)
	})
}

// Requests that the browser sent before it knew of the log-in come late: they
// neither revive the old session nor take the new one's cookie away.
func TestLateRequestsAfterALogIn(t *testing.T) {
	t.Parallel()
	for late := range 10 {
		for _, back := range []time.Duration{0, 2 * time.Second} {
			t.Run(fmt.Sprintf("%d s late, response %v later", late, back), func(t *testing.T) {
				browse(t, func(t *testing.T, b *browser, st *store) {
					old, there := b.cookie(), time.Duration(late)*time.Second+time.Millisecond
					var lates []*fetch
					login := b.send("/login?as=ada", time.Microsecond, 0)
					for _, path := range []string{"/show", "/nothing", "/add", "/logout", "/login?as=ada"} {
						lates = append(lates, b.send(path, there, back))
					}
					b.waitForAnswers()
					if b.cookie() != setCookie(t, login.ResponseRecorder) || b.value().Customer != "ada" || b.value().Items != 1 {
						t.Errorf("the browser has %q: %+v", b.cookie(), b.value())
					}
					for i, f := range lates {
						changes := i > 1
						if f.Header()["Set-Cookie"] != nil || (f.Code == http.StatusConflict) != changes {
							t.Errorf("%s: status %d, cookie %q", f.name, f.Code, f.Header()["Set-Cookie"])
						}
					}
					if _, ok := b.app.value(t, old); ok || st.live(t) != 1 {
						t.Errorf("%d sessions live; the old one: %v", st.live(t), ok)
					}
				})
			})
		}
	}
}

// Half a minute after a log-in, the token that it ended is unknown. A request that only
// reads gets no cookie. A request that changes something begins a new session.
func TestVeryLateRequestsAfterALogIn(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		old := b.cookie()
		login := b.send("/login?as=ada", time.Microsecond, 0)
		reads := []*fetch{b.send("/show", 31*time.Second, 0), b.send("/nothing", 31*time.Second, 0), b.send("/logout", 31*time.Second, 0)}
		b.waitForAnswers()
		for _, f := range reads {
			if f.Code != http.StatusOK || f.Header()["Set-Cookie"] != nil {
				t.Errorf("%s: status %d, cookie %q", f.name, f.Code, f.Header()["Set-Cookie"])
			}
		}
		renewed := setCookie(t, login.ResponseRecorder)
		if b.cookie() != renewed {
			t.Error("the browser has lost its cookie")
		}
		issued := setCookie(t, b.app.get("/add", old))
		if c, _ := b.app.value(t, issued); issued == old || c.Items != 1 || c.Customer != "" {
			t.Errorf("a change under the old token makes %+v", c)
		}
		if c, ok := b.app.value(t, renewed); !ok || c.Items != 1 {
			t.Error("it reaches the new session")
		}
		if _, ok := b.app.value(t, old); ok {
			t.Error("the old session is back")
		}
	})
}

// Changes that were acknowledged before the log-in are in the new session,
// others are not acknowledged.
func TestChangesDuringALogIn(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		login := b.send("/slow-login", time.Microsecond, 0)
		var adds []*fetch
		for n := range 40 {
			adds = append(adds, b.send("/add", time.Duration(n)*100*time.Millisecond+time.Microsecond, time.Duration(n%3)*time.Second))
		}
		adds = append(adds, b.send("/slow-add", time.Microsecond, 0))
		b.waitForAnswers()
		items := 1
		for _, f := range adds {
			if f.Code == http.StatusOK {
				items++
			} else if f.Code != http.StatusConflict || strings.Contains(f.Body.String(), "added") {
				t.Errorf("%s: %d %q", f.name, f.Code, f.Body)
			}
			if f.Header()["Set-Cookie"] != nil {
				t.Errorf("%s sets a cookie", f.name)
			}
		}
		if b.cookie() != setCookie(t, login.ResponseRecorder) || b.value().Customer != "ada" || b.value().Items != items || items < 20 {
			t.Errorf("%+v, want %d items", b.value(), items)
		}
		if st.live(t) != 1 {
			t.Errorf("%d sessions", st.live(t))
		}
	})
}

// Of parallel changes of the owner one succeeds, and the browser has its cookie,
// whichever response arrives last.
func TestParallelChangesOfTheOwner(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		var logins []*fetch
		for n := range 5 {
			logins = append(logins, b.send("/slow-login", time.Duration(n+1)*time.Millisecond, time.Duration(5-n)*time.Second))
		}
		b.waitForAnswers()
		won := 0
		for _, f := range logins {
			if f.Code == http.StatusOK {
				won++
			} else if f.Code != http.StatusConflict || f.Header()["Set-Cookie"] != nil {
				t.Errorf("%s: %d", f.name, f.Code)
			}
		}
		if won != 1 || b.value().Customer != "ada" || st.live(t) != 1 {
			t.Errorf("%d log-ins succeeded; %d sessions; the browser's: %+v", won, st.live(t), b.value())
		}
	})
}

// A browser that drops the response to a log-in, as it does when a form is sent
// twice, never learns the new token. Session.LogIn joins the session then. Any other
// change of the owner cannot: the attacker who planted the old token would be logged in
// as well. So the visitor is told to try again, and can after thirty seconds. The
// session of the lost log-in is found by its owner.
func TestALogInWhoseResponseIsLost(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		old := b.cookie()
		b.cancel("/login?as=ada")
		f := b.at("/login?as=ada")
		if f.Code != http.StatusConflict || b.cookie() != old || f.Header()["Set-Cookie"] != nil {
			t.Errorf("the second click: %d %q", f.Code, f.Header()["Set-Cookie"])
		}
		if f.Header().Get("Cache-Control") != "no-store" || !strings.Contains(f.Body.String(), "load the page again") {
			t.Errorf("the second click is answered with %v %q", f.Header(), f.Body)
		}
		if f := b.at("/show"); f.Code != http.StatusOK || b.cookie() != old || f.Body.Len() > 0 {
			t.Errorf("reading: %d %q", f.Code, f.Body)
		}
		time.Sleep(30*time.Second - time.Millisecond)
		if f := b.at("/login?as=ada"); f.Code != http.StatusConflict || b.cookie() != old {
			t.Errorf("just before the thirty seconds are over: %d", f.Code)
		}
		time.Sleep(time.Millisecond)
		if f := b.at("/login?as=ada"); f.Code != http.StatusSeeOther || b.cookie() == old {
			t.Errorf("thirty seconds later: %d", f.Code)
		}
		if got := b.value(); got.Customer != "ada" || got.Items != 0 {
			t.Errorf("the visitor has %+v", got)
		}
		if n, err := b.app.RevokeAll(t.Context(), "ada", "", b.app.id(t, b.cookie())); n != 1 || err != nil {
			t.Errorf("%d sessions are found by their owner, %v", n, err)
		}
	})
}

// A meeting is a log-in and another request of one browser, both sent with the
// old cookie. One is handled from its beginning to its end within the other.
type meeting struct {
	outer, inner string
	step         int           // of the outer request, at which the inner one comes: before or after a call of the store
	pause        time.Duration // that the outer request makes after it
	rotated      bool          // the cookie is signed by a secret that is no longer the first
}

// hold lets the meeting happen and returns both responses, in the order of outer
// and inner. There are none if the outer request has no such step.
func (m meeting) hold(t *testing.T, st *sessiontest.Store[cart]) (old string, outer, inner *httptest.ResponseRecorder, a *app) {
	secrets := [][]byte{oldSecret}
	old = setCookie(t, newApp(t, st.Direct(), &middleware.Options{Secrets: secrets}).get("/add", ""))
	if m.rotated {
		secrets = [][]byte{newSecret, oldSecret}
	}
	o := &middleware.Options{Secrets: secrets, SaveTimeout: time.Minute}
	a = newApp(t, st.Direct(), o) // another node, whose calls have no hooks
	steps := 0
	step := func(sessiontest.Call) {
		if steps++; steps == m.step {
			inner = a.get(m.inner, old)
			time.Sleep(m.pause)
		}
	}
	st.Before(func(c sessiontest.Call) {
		if c.Op != sessiontest.OpDelete || m.pause == 0 { // no call may take as long as a pause
			step(c)
		}
	})
	st.After(step)
	outer = newApp(t, st, o).get(m.outer, old)
	return old, outer, inner, a
}

const login = "/login?as=ada"

// Whatever else a browser asks for while it logs in, and wherever in the one
// request the other is handled: what was acknowledged is in the new session, the
// old one is dead, and no response takes the new cookie away.
func TestALogInAmidOtherRequests(t *testing.T) {
	meetings := 0
	all := func(m meeting) {
		for m.step = 1; m.check(t); m.step++ {
			meetings++
		}
	}
	for _, path := range []string{"/show", "/nothing", "/add", "/logout", login} {
		for _, pause := range []time.Duration{0, 31 * time.Second} {
			for _, rotated := range []bool{false, true} {
				all(meeting{outer: login, inner: path, pause: pause, rotated: rotated})
				all(meeting{outer: path, inner: login, pause: pause, rotated: rotated})
			}
		}
	}
	if meetings < 100 {
		t.Errorf("%d meetings only", meetings)
	}
}

// check reports whether the meeting can be held, and checks what comes of it.
func (m meeting) check(t *testing.T) (held bool) {
	synctest.Test(t, func(t *testing.T) {
		st := sessiontest.NewStore[cart](t)
		old, outer, inner, a := m.hold(t, st)
		if held = inner != nil; !held {
			return
		}
		if _, ok := a.value(t, old); ok {
			t.Errorf("%+v: the old session lives", m)
		}
		logIn, other, path := inner, outer, m.outer
		if m.outer == login {
			logIn, other, path = outer, inner, m.inner
		}
		in, done := logIn.Code == http.StatusSeeOther, other.Code < 400
		if !in && logIn.Code != http.StatusConflict || !done && other.Code != http.StatusConflict {
			t.Errorf("%+v: log-in %d, the other %d", m, logIn.Code, other.Code)
		}
		items := 1
		switch got, _ := a.value(t, setCookie(t, logIn)); {
		case path == login && in == done:
			t.Errorf("%+v: of two log-ins both are done, or none: %v", m, in)
		case path == "/logout" && done && got.Items > 0:
			t.Errorf("%+v: what was logged out goes on: %+v", m, got)
		case path == "/logout", path == login:
			return
		case path == "/add" && done:
			items = 2
		case path != "/add" && !done:
			t.Errorf("%+v: a request that changes nothing fails", m)
		}
		m.arrive(t, a, items, inner, outer)
		m.arrive(t, a, items, outer, inner)
	})
	return held
}

// arrive checks what the browser has when the responses came in this order.
func (m meeting) arrive(t *testing.T, a *app, items int, responses ...*httptest.ResponseRecorder) {
	t.Helper()
	b := newBrowser(t, a)
	for _, w := range responses {
		b.take(w)
	}
	if got := b.value(); got.Customer != "ada" || got.Items != items {
		t.Errorf("%+v: the browser's session holds %+v, want %d items", m, got, items)
	}
}

// A slow request must not bring back what another ended meanwhile.
func TestSlowRequestDoesNotRevive(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"/logout", "/login?as=ada"} {
		for _, slow := range []struct {
			does string
			do   func(*session.Session[cart])
			code int
		}{
			{"reads", func(s *session.Session[cart]) { s.Value() }, http.StatusOK},
			{"changes", func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items++ }) }, http.StatusConflict},
		} {
			t.Run(ending+" while another "+slow.does, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := newStore()
					a := newApp(t, st, nil)
					a.handle("/slow", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
						slow.do(s)
						time.Sleep(10 * time.Minute) // long enough for a touch
						fmt.Fprint(w, "done")
					})
					cookie := a.visit(t, cart{Items: 1})
					result := make(chan *httptest.ResponseRecorder)
					go func() { result <- a.get("/slow", cookie) }()
					synctest.Wait()
					a.get(ending, cookie)
					before := st.live(t)
					w := <-result
					if w.Code != slow.code || w.Header()["Set-Cookie"] != nil {
						t.Errorf("status %d, want %d; cookies %q", w.Code, slow.code, w.Header()["Set-Cookie"])
					}
					if slow.code != http.StatusOK && strings.Contains(w.Body.String(), "done") {
						t.Error("the response says that it was done")
					}
					if _, ok := a.value(t, cookie); ok || st.live(t) != before {
						t.Error("the session is back")
					}
					if !slices.Contains(a.kinds(), session.EventGone) {
						t.Error("not reported")
					}
				})
			})
		}
	}
}

func TestALateRequestWithTheOldToken(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	cookie := a.visit(t, cart{Items: 1})
	a.get("/login?as=ada", cookie)
	if w := a.get("/show", cookie); w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
		t.Errorf("reading: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/add", "/logout"} {
		if w := a.get(path, cookie); w.Code != http.StatusConflict || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}
