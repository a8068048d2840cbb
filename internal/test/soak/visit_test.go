package soak

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A Visit is the session of the test: what one visitor did.
type Visit struct {
	Owner   string
	Count   int
	Notices []string
}

// SessionOwner makes a log-in renew the token.
func (v Visit) SessionOwner() string { return v.Owner }

// soon is how long a session lives whose visitor went away.
const soon = 100 * time.Millisecond

func newSite(t *testing.T, store session.Store[Visit], o *middleware.Options) (*middleware.Manager[Visit], http.Handler) {
	t.Helper()
	m, err := middleware.New(store, o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, act := range map[string]func(*session.Session[Visit]){
		"/show":   func(*session.Session[Visit]) {},
		"/count":  func(s *session.Session[Visit]) { s.Update(func(v *Visit) { v.Count++ }) },
		"/notice": func(s *session.Session[Visit]) { s.Update(func(v *Visit) { v.Notices = append(v.Notices, "n") }) },
		"/take":   func(s *session.Session[Visit]) { session.Take(s, func(v *Visit) *[]string { return &v.Notices }) },
		"/renew":  (*session.Session[Visit]).Renew,
		"/logout": (*session.Session[Visit]).Destroy,
		"/leave":  func(s *session.Session[Visit]) { s.SetDeadline(time.Now().Add(soon)) },
	} {
		mux.Handle(path, middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[Visit]) {
			act(s)
			fmt.Fprintf(w, "%d", s.Value().Count)
		}))
	}
	mux.Handle("/login", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[Visit]) {
		s.LogIn(func(v *Visit) { v.Owner = r.FormValue("as") })
	}))
	return m, m.Handler(mux)
}

// A visitor is a person with a browser.
type visitor struct {
	t      *testing.T
	site   http.Handler
	name   string
	rand   *rand.Rand
	cookie string
}

// get makes a request, takes over the cookie and returns the page.
func (v *visitor) get(path string) string {
	status, body, cookie := v.send(path)
	if status != http.StatusOK {
		v.t.Errorf("%s: %s: status %d: %s", v.name, path, status, body)
	}
	if cookie != "" {
		v.cookie = cookie
	}
	return body
}

func (v *visitor) send(path string) (status int, body, cookie string) {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Cookie", v.cookie)
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return w.Code, w.Body.String(), cookie
}

// visit is a visitor's whole stay.
func (v *visitor) visit(m *middleware.Manager[Visit]) {
	v.cookie = ""
	v.get("/count")
	count := 3 + v.rush(2+v.rand.IntN(3)) // with the two of the double click
	v.doubleClick("/login?as=" + v.name)
	count += v.rush(1 + v.rand.IntN(3))
	if v.rand.IntN(2) == 0 {
		v.get("/renew")
	}
	v.get("/notice")
	v.get("/take")
	if got := v.get("/show"); got != fmt.Sprint(count) {
		v.t.Errorf("%s: %s counted, want %d", v.name, got, count)
	}
	v.leave(m)
}

// doubleClick logs in twice at once. Both responses carry a token of the same session.
func (v *visitor) doubleClick(path string) {
	var cookies [2]string
	var wg sync.WaitGroup
	for i := range cookies {
		wg.Go(func() {
			var status int
			var body string
			if status, body, cookies[i] = v.send(path); status != http.StatusOK || cookies[i] == "" {
				v.t.Errorf("%s: log-in %d: status %d: %s", v.name, i, status, body)
			}
		})
	}
	wg.Wait()
	var pages [2]string
	for i := range cookies {
		v.cookie = cookies[i]
		pages[i] = v.get("/count")
	}
	if first, _, _ := strings.Cut(cookies[0], "."); pages[0] == pages[1] || !strings.HasPrefix(cookies[1], first) {
		v.t.Errorf("%s: the log-ins lead to two sessions, which show %q", v.name, pages)
	}
}

// rush counts in several requests at once and returns how many.
func (v *visitor) rush(n int) int {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if status, body, _ := v.send("/count"); status != http.StatusOK {
				v.t.Errorf("%s: status %d: %s", v.name, status, body)
			}
		})
	}
	wg.Wait()
	return n
}

// leave ends the visit in one of the ways in which visits end.
func (v *visitor) leave(m *middleware.Manager[Visit]) {
	old := v.cookie
	switch v.rand.IntN(3) {
	case 0:
		v.get("/leave")
		return
	case 1:
		v.get("/logout")
	case 2:
		if n, err := m.RevokeAll(v.t.Context(), v.name, ""); n == 0 || err != nil {
			v.t.Errorf("%s: %d sessions revoked, %v", v.name, n, err)
		}
	}
	v.cookie = old
	if got := v.get("/show"); got != "0" {
		v.t.Errorf("%s: after the end of the session, it shows %s", v.name, got)
	}
}
