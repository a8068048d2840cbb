package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	sessionbrowser "github.com/seed48429006/sessions/sessiontest/browser"
)

// rotation is how often the tokens of these tests are rotated.
const rotation = 10 * time.Minute

// A road delays the requests of a browser that are under way at once, and their
// responses, by the path: the server begins with a request, or with its commit, after
// so long, and the browser has the response so long after that, or never.
type road struct {
	mu       sync.Mutex
	there    map[string]time.Duration
	back     map[string]time.Duration
	lost     map[string]bool
	together bool // all requests load the session before the first of them commits
}

func (r *road) of(path string) (there, back time.Duration, lost, together bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.there[path], r.back[path], r.lost[path], r.together
}

// rotating is an app, and a browser that has logged in there.
func rotating(t *testing.T, r *road, o middleware.Options) (*app, *sessionbrowser.Browser, *sessiontest.Client) {
	t.Helper()
	o.RotateEvery = rotation
	a := newApp(t, newStore(), &o)
	work := func(w http.ResponseWriter, req *http.Request, s *session.Session[cart]) {
		if there, _, _, together := r.of(req.URL.Path); together {
			time.Sleep(there)
		}
		if strings.HasPrefix(req.URL.Path, "/add/") {
			s.Update(func(c *cart) { c.Items++ })
		}
		io.WriteString(w, s.Value().Customer)
	}
	a.handle("/add/", work)
	a.handle("/show/", work)
	a.handle("/login/", func(w http.ResponseWriter, _ *http.Request, s *session.Session[cart]) {
		s.LogIn(func(c *cart) { c.Customer = "ada" })
		io.WriteString(w, s.Value().Customer)
	})
	inner := a.Handler(a.mux)
	b, err := sessionbrowser.New(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		there, back, lost, together := r.of(req.URL.Path)
		if !together {
			time.Sleep(there)
		}
		inner.ServeHTTP(w, req)
		time.Sleep(back)
		if lost {
			panic(http.ErrAbortHandler)
		}
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	ada := sessiontest.BrowserClient(t, b.Tab())
	ada.Get("/login/").Has("ada").Told(sessiontest.CookieSet)
	return a, b, ada
}

// Rotation costs no request anything, whatever the order in which the server has the
// requests and the browser the responses, and whichever responses are lost.
func TestRotationInEveryOrderOfResponses(t *testing.T) {
	t.Parallel()
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	paths := []string{"/add/0", "/show/1", "/add/2"}
	for name, o := range map[string]middleware.Options{"": {}, "with a reuse that ends the session": {EndOnReuse: true}} {
		for _, together := range []bool{false, true} {
			for _, served := range orders {
				for _, arrives := range orders {
					for lost := range 1 << len(paths) {
						title := fmt.Sprintf("%s together %v, served %v, arrive %v, lost %03b", name, together, served, arrives, lost)
						t.Run(title, func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) {
								r := &road{there: map[string]time.Duration{}, back: map[string]time.Duration{}, lost: map[string]bool{}, together: together}
								a, b, ada := rotating(t, r, o)
								for i, path := range paths {
									r.there[path] = time.Duration(served[i]+1) * time.Second
									r.back[path] = time.Duration(arrives[i]+1)*10*time.Second - r.there[path]
									r.lost[path] = lost>>i&1 == 1
								}
								for range 3 {
									time.Sleep(rotation)
									overlap(t, b, paths, r.lost)
								}
								time.Sleep(rotation)
								ada.Get("/show/again").Has("ada").Told(sessiontest.CookieRenewed)
								ada.Get("/show/at-once").Has("ada").Told(sessiontest.NoNews)
								if got := sessiontest.Peek[cart](ada).Value().Items; got != 6 {
									t.Errorf("%d changes, want 6", got)
								}
								for _, kind := range a.kinds() {
									if kind == session.EventReused || kind == session.EventGone || kind == session.EventFailed {
										t.Errorf("the event %s", kind)
									}
								}
							})
						})
					}
				}
			}
		}
	}
}

// overlap sends requests at once, each from a tab of its own.
func overlap(t *testing.T, b *sessionbrowser.Browser, paths []string, lost map[string]bool) {
	t.Helper()
	var all sync.WaitGroup
	for _, path := range paths {
		tab := b.Tab()
		all.Go(func() {
			page, err := tab.Get(t.Context(), path)
			switch {
			case lost[path]:
				if err == nil {
					t.Errorf("%s: the response is there", path)
				}
			case err != nil:
				t.Errorf("%s: %v", path, err)
			case page.Status != http.StatusOK || page.Body != "ada":
				t.Errorf("%s: %d %q", path, page.Status, page.Body)
			}
		})
	}
	all.Wait()
}

// A thief has a copy of the cookie. Whoever of the two comes late with a former token is
// found out, and the session ends if the application wants that.
func TestRotationFindsACopiedCookie(t *testing.T) {
	t.Parallel()
	for who, thiefFirst := range map[string]bool{"the thief": true, "the visitor": false} {
		for _, ends := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s rotates first, ends %v", who, ends), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, _, ada := rotating(t, &road{}, middleware.Options{EndOnReuse: ends})
					thief := ada.Copy()
					a.kinds()
					both := []*sessiontest.Client{ada, thief}
					if thiefFirst {
						slices.Reverse(both)
					}
					var kinds []session.EventKind
					for range 4 {
						time.Sleep(rotation)
						for _, c := range both {
							c.Get("/show/")
						}
						kinds = append(kinds, a.kinds()...)
					}
					live := 0
					for _, c := range both {
						if c.Get("/show/").Body == "ada" {
							live++
						}
					}
					want := 1
					if ends {
						want = 0
					}
					if !slices.Contains(kinds, session.EventReused) || slices.Contains(kinds, session.EventRevoked) != ends || live != want {
						t.Errorf("the events are %v, and %d are logged in", kinds, live)
					}
				})
			})
		}
	}
}

// A rotation that is due when the response has begun is left out, and the change is
// saved all the same. The next response rotates.
func TestRotationOfALateChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _, ada := rotating(t, &road{}, middleware.Options{})
		a.mux.Handle("/late/", middleware.Handle(func(w http.ResponseWriter, _ *http.Request, s *session.Session[cart]) {
			w.(http.Flusher).Flush()
			time.Sleep(time.Minute)
			s.Update(func(c *cart) { c.Items++ })
		}))
		ada.Get("/show/")
		for range 2 {
			time.Sleep(rotation - time.Second)
			ada.Get("/late/").Told(sessiontest.NoNews)
			ada.Get("/show/").Has("ada").Told(sessiontest.CookieRenewed)
		}
		if got := sessiontest.Peek[cart](ada).Value().Items; got != 2 {
			t.Errorf("%d changes, want 2", got)
		}
	})
}
