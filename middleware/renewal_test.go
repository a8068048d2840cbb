package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A browser sends several requests at once. A request bears the cookie that the
// browser has when it is sent; the cookies of responses are taken over in the
// order in which they arrive.
type browser struct {
	t   *testing.T
	app *app

	mu     sync.Mutex
	cookie string
	wait   sync.WaitGroup
}

// A fetch is a request that is under way, and its response once that arrived.
type fetch struct {
	*httptest.ResponseRecorder
	name string
}

// send sends a request that takes a while to the server, and its response a
// while back. What is sent together needs some while to the server each, or one
// may be there before the next is sent. The fetch is complete after settle.
func (b *browser) send(path string, there, back time.Duration) *fetch {
	f := &fetch{name: fmt.Sprintf("%s after %v", path, there)}
	b.mu.Lock()
	cookie := b.cookie
	b.mu.Unlock()
	b.wait.Go(func() {
		time.Sleep(there)
		w := b.app.get(path, cookie)
		time.Sleep(back)
		b.mu.Lock()
		defer b.mu.Unlock()
		f.ResponseRecorder = w
		b.take(w)
	})
	return f
}

// cancel sends a request whose response the browser does not wait for.
func (b *browser) cancel(path string) { b.app.get(path, b.cookie) }

func (b *browser) take(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		b.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			b.cookie = ""
		}
	}
}

func (b *browser) settle() { b.wait.Wait() }

// at sends a request and waits for its response.
func (b *browser) at(path string) *fetch {
	f := b.send(path, 0, 0)
	b.settle()
	return f
}

// value returns what the session of the browser's cookie holds.
func (b *browser) value() cart {
	c, _ := b.app.value(b.t, b.cookie)
	return c
}

// browse runs a test in a bubble, with a browser that has a session with one item.
func browse(t *testing.T, test func(t *testing.T, b *browser, st *store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		b := &browser{t: t, app: newApp(t, st, nil)}
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
					old, there := b.cookie, time.Duration(late)*time.Second+time.Millisecond
					var lates []*fetch
					login := b.send("/login?as=ada", time.Microsecond, 0)
					for _, path := range []string{"/show", "/nothing", "/add", "/logout", "/login?as=ada"} {
						lates = append(lates, b.send(path, there, back))
					}
					b.settle()
					if b.cookie != setCookie(t, login.ResponseRecorder) || b.value().Customer != "ada" || b.value().Items != 1 {
						t.Errorf("the browser has %q: %+v", b.cookie, b.value())
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

// Where the marker of the old session is gone, its token is one that nobody
// knows. Who only reads gets no cookie; who changes something begins anew.
func TestVeryLateRequestsAfterALogIn(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		old := b.cookie
		login := b.send("/login?as=ada", time.Microsecond, 0)
		reads := []*fetch{b.send("/show", 11*time.Second, 0), b.send("/nothing", 11*time.Second, 0), b.send("/logout", 11*time.Second, 0)}
		b.settle()
		for _, f := range reads {
			if f.Code != http.StatusOK || f.Header()["Set-Cookie"] != nil {
				t.Errorf("%s: status %d, cookie %q", f.name, f.Code, f.Header()["Set-Cookie"])
			}
		}
		renewed := setCookie(t, login.ResponseRecorder)
		if b.cookie != renewed {
			t.Error("the browser has lost its cookie")
		}
		fresh := setCookie(t, b.app.get("/add", old))
		if c, _ := b.app.value(t, fresh); fresh == old || c.Items != 1 || c.Customer != "" {
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
		b.settle()
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
		if b.cookie != setCookie(t, login.ResponseRecorder) || b.value().Customer != "ada" || b.value().Items != items || items < 20 {
			t.Errorf("%+v, want %d items", b.value(), items)
		}
		if st.live(t) != 1 {
			t.Errorf("%d sessions", st.live(t))
		}
	})
}

// Of parallel log-ins one succeeds, and the browser has its cookie, whichever
// response arrives last.
func TestParallelLogIns(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		var logins []*fetch
		for n := range 5 {
			logins = append(logins, b.send("/slow-login", time.Duration(n+1)*time.Millisecond, time.Duration(5-n)*time.Second))
		}
		b.settle()
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
// twice, never learns the new token. Nobody else may be given it: who planted
// the old token would be logged in as well. So the visitor is told to try again,
// and can after ten seconds; the session of the lost log-in is found by its owner.
func TestALogInWhoseResponseIsLost(t *testing.T) {
	t.Parallel()
	browse(t, func(t *testing.T, b *browser, st *store) {
		old := b.cookie
		b.cancel("/login?as=ada")
		if f := b.at("/login?as=ada"); f.Code != http.StatusConflict || b.cookie != old {
			t.Errorf("the second click: %d", f.Code)
		}
		if f := b.at("/show"); f.Code != http.StatusOK || b.cookie != old || f.Body.Len() > 0 {
			t.Errorf("reading: %d %q", f.Code, f.Body)
		}
		time.Sleep(10 * time.Second)
		if f := b.at("/login?as=ada"); f.Code != http.StatusSeeOther || b.cookie == old {
			t.Errorf("ten seconds later: %d", f.Code)
		}
		if got := b.value(); got.Customer != "ada" || got.Items != 0 {
			t.Errorf("the visitor has %+v", got)
		}
		if n, err := b.app.RevokeAll(t.Context(), "ada", b.app.id(t, b.cookie)); n != 1 || err != nil {
			t.Errorf("%d sessions are found by their owner, %v", n, err)
		}
	})
}
