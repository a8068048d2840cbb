package middleware_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/kvmap"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// Mistakes of other libraries over HTTP, and the tests that exclude them here:
//
//	a slow request revives a session          TestSlowRequestDoesNotRevive
//	the last whole record wins                TestConcurrentRequests
//	an idle timeout costs a write and a
//	cookie on every request                   TestIdleTimeoutCostsNeitherWritesNorCookies
//	a change after the first Write is lost    TestChangesAfterTheFirstByte
//	Flush, 103 or Hijack lose the cookie      TestEveryWayToBegin, TestEarlyHintsGoOutBeforeTheCommit, TestHijack
//	a disconnect cancels the save             TestTheSaveOutlivesTheClient
//	two bodies after a failed commit          TestAFailedCommitSendsTheErrorHandlersResponseOnly
//	untouched sessions are stored             TestNothingForNothing
//	store down: panic, log-out, anonymous     TestStoreDown
//	a changed struct: 500 for ever            TestAnUnreadableSessionIsReplaced
//	a changed key: a log-out ends nothing     TestALogOutEndsAnUnreadableSession
//	a made-up ID is adopted                   TestAnUnknownTokenIsNotAdopted
//	renewal at log-in is forgotten            TestAVisit
//	a user's sessions cannot be ended         TestByOwnerAndRevoke
//	cookies are parsed laxly, or not at all   TestHostileCookies
//	a manager starts a goroutine              TestNothingRunsInTheBackground
//	session objects are reused                TestASessionOutlivesItsRequest
//	store down: pages without a session fail  TestStoreDown

func TestIdleTimeoutCostsNeitherWritesNorCookies(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, &middleware.Options{IdleTimeout: time.Hour})
	cookie := a.visit(t, cart{Items: 1})
	st.calls()
	for range 10 {
		if w := a.get("/show", cookie); w.Header()["Set-Cookie"] != nil {
			t.Errorf("cookies %q", w.Header()["Set-Cookie"])
		}
	}
	if got := st.calls(); strings.Count(got, "Load") != 10 || strings.ContainsAny(got, "ST") {
		t.Errorf("calls %q", got)
	}
}

func TestAnUnreadableSessionIsReplaced(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 7})
	st.fail("Load", &session.DecodeError{ID: a.id(t, cookie), Err: errDown})
	w := a.get("/show", cookie)
	if w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
		t.Errorf("reading: %d %v", w.Code, w.Header())
	}
	w = a.get("/add", cookie)
	issued := setCookie(t, w)
	if w.Code != http.StatusOK || issued == "" || issued == cookie {
		t.Errorf("changing: %d %v", w.Code, w.Header())
	}
	if !slices.Contains(a.kinds(), session.EventUndecodable) {
		t.Error("not reported")
	}
	st.fail("Load", nil)
	if c, ok := a.value(t, cookie); !ok || c.Items != 7 {
		t.Error("the record was not left alone")
	}
}

// A server that has another key, as in the middle of a change of keys, cannot read the
// session, and ends it all the same.
func TestALogOutEndsAnUnreadableSession(t *testing.T) {
	t.Parallel()
	backend := kvmap.New()
	server := func(key byte) *app {
		sealed, err := codec.Sealed(codec.MessagePack[cart](), bytes.Repeat([]byte{key}, 32))
		if err != nil {
			t.Fatal(err)
		}
		st, err := kvstore.New(backend, "test", sealed, nil)
		if err != nil {
			t.Fatal(err)
		}
		return newApp(t, st, nil)
	}
	one, other := server(1), server(2)
	cookie := one.visit(t, cart{Items: 7})
	if w := other.get("/logout", cookie); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if c, ok := one.value(t, cookie); ok {
		t.Errorf("the session lives on: %+v", c)
	}
}

// Not in parallel: the goroutines counted are those of the whole process.
func TestNothingRunsInTheBackground(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		newApp(t, newStore(), nil).get("/add", "")
	}
	if after := runtime.NumGoroutine(); after > before+10 { // connections of earlier tests' servers come and go
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

func TestASessionOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	var kept *session.Session[cart]
	a.handle("/keep", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { kept = s })
	mine, others := a.visit(t, cart{Items: 1}), a.visit(t, cart{Items: 100})
	a.get("/keep", mine)
	for range 50 {
		a.get("/add", others)
	}
	kept.Update(func(c *cart) { c.Items++ })
	if err := kept.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	c1, _ := a.value(t, mine)
	c2, _ := a.value(t, others)
	if c1.Items != 2 || c2.Items != 150 {
		t.Errorf("%d and %d items", c1.Items, c2.Items)
	}
}

// A cache is a shared one that keeps whatever RFC 9111 allows it to keep.
type cache struct {
	origin http.Handler
	stored map[string][]stored9111
}

type stored9111 struct {
	request  http.Header
	response *httptest.ResponseRecorder
}

func (c *cache) get(path, cookie string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	for _, s := range c.stored[path] {
		if s.selectedBy(r.Header) {
			return s.response
		}
	}
	w := httptest.NewRecorder()
	c.origin.ServeHTTP(w, r)
	if cacheable(w.Header()) {
		c.stored[path] = append(c.stored[path], stored9111{r.Header, w})
	}
	return w
}

// cacheable follows section 3. A Set-Cookie header does not keep a response out
// of a cache (section 7.3).
func cacheable(h http.Header) bool {
	control := strings.ToLower(strings.Join(h["Cache-Control"], ","))
	return !strings.Contains(control, "no-store") && !strings.Contains(control, "private") &&
		(strings.Contains(control, "public") || strings.Contains(control, "max-age"))
}

// selectedBy follows section 4.1.
func (s *stored9111) selectedBy(request http.Header) bool {
	for name := range strings.SplitSeq(strings.Join(s.response.Header()["Vary"], ","), ",") {
		name = strings.TrimSpace(name)
		if name == "*" || name != "" && !slices.Equal(s.request[http.CanonicalHeaderKey(name)], request[http.CanonicalHeaderKey(name)]) {
			return false
		}
	}
	return true
}

func TestNoCacheShowsAVisitorAnothersPage(t *testing.T) {
	t.Parallel()
	for _, o := range []*middleware.Options{nil, {Secrets: [][]byte{oldSecret}}} {
		a := newApp(t, newStore(), o)
		public := func(w http.ResponseWriter) { w.Header().Set("Cache-Control", "public, max-age=3600") }
		a.handle("/page", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			public(w)
			fmt.Fprint(w, "for ", strings.Join(s.Value().Notes, " "))
		})
		a.handle("/begin", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			public(w)
			s.Update(func(c *cart) { c.Notes = []string{fmt.Sprint("visitor ", len(a.events))} })
			io.WriteString(w, "begun")
		})
		a.mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) {
			public(w)
			io.WriteString(w, "for everybody")
		})
		c := &cache{a.Handler(a.mux), map[string][]stored9111{}}
		pages, cookies := map[string]bool{}, map[string]bool{}
		for range 5 {
			cookie := setCookie(t, c.get("/begin", ""))
			if cookie == "" || cookies[cookie] {
				t.Errorf("a visitor was given %q", cookie)
			}
			cookies[cookie] = true
			page := c.get("/page", cookie).Body.String()
			if pages[page] || page == "for " || page != c.get("/page", cookie).Body.String() {
				t.Errorf("a visitor was shown %q", page)
			}
			pages[page] = true
			if got := c.get("/page", "").Body.String(); got != "for " {
				t.Errorf("nobody was shown %q", got)
			}
			c.get("/same", cookie)
		}
		if len(c.stored["/same"]) != 1 {
			t.Error("a page that uses no session is not cached for all")
		}
	}
}
