package stores_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/everystore"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
)

const cookiePrefix = "__Host-session_id="

// onEveryStore runs a test on each kind of store, given by its URL.
func onEveryStore(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, "memory:") })
	t.Run("miniredis", func(t *testing.T) { test(t, redisserver.URL(ticking(t).Addr())) })
	t.Run("redis", func(t *testing.T) { test(t, redisserver.Start(t).URL()) })
	t.Run("redis with a near cache", func(t *testing.T) { test(t, redisserver.Start(t).URL()+"&near_cache=1000") })
}

// ticking returns a server whose time passes, which that of miniredis does not by itself.
func ticking(t *testing.T) *miniredis.Miniredis {
	t.Helper()
	server := miniredis.RunT(t)
	ctx := t.Context()
	go func() {
		for last := time.Now(); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
			now := time.Now()
			server.FastForward(now.Sub(last))
			last = now
		}
	}()
	return server
}

// A site is an application, as one process of several may run it.
type site struct {
	*sessions.Manager[cart]
	mux *http.ServeMux
}

func newSite(t testing.TB, url string) *site {
	t.Helper()
	store, err := stores.Open(t.Context(), url, "test", codec.MessagePack[cart]())
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := store.(interface{ Close() error }); ok {
		t.Cleanup(func() { c.Close() })
	}
	carts, err := sessions.New(store, &sessions.Options{SaveTimeout: time.Minute}) // a busy machine may take seconds
	if err != nil {
		t.Fatal(err)
	}
	s := &site{carts, http.NewServeMux()}
	s.mux.Handle("POST /items", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		item := r.FormValue("sku")
		s.Update(func(c *cart) { c.Items = append(c.Items, item) })
	}))
	s.mux.Handle("POST /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		s.Update(func(c *cart) { c.Customer = r.FormValue("as") })
	}))
	s.mux.Handle("POST /logout", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		s.Destroy()
	}))
	return s
}

// post makes a request and returns its status and the cookie that it set, if any.
func (s *site) post(target, cookie string) (status int, set string) {
	r := httptest.NewRequest("POST", target, nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	s.Handler(s.mux).ServeHTTP(w, r)
	set, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return w.Code, set
}

// value returns what the session of a cookie holds.
func (s *site) value(t testing.TB, cookie string) (cart, bool) {
	t.Helper()
	held, err := s.Open(context.Background(), strings.TrimPrefix(cookie, cookiePrefix))
	if errors.Is(err, session.ErrNotFound) {
		return cart{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return held.Value(), true
}

// addMany adds so many items in as many requests at once.
func (s *site) addMany(t testing.TB, cookie string, count int) {
	var wg sync.WaitGroup
	for i := range count {
		wg.Go(func() {
			if status, _ := s.post(fmt.Sprintf("/items?sku=%d-%d", os.Getpid(), i), cookie); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	wg.Wait()
}

func TestNoLostUpdate(t *testing.T) {
	onEveryStore(t, func(t *testing.T, url string) {
		s := newSite(t, url)
		_, cookie := s.post("/items?sku=first", "")
		s.addMany(t, cookie, 50)
		if got, _ := s.value(t, cookie); len(got.Items) != 51 {
			t.Errorf("%d items, want 51", len(got.Items))
		}
	})
}

// The environment of a second process: what it is to do.
const (
	childURL    = "SESSIONS_TEST_URL"
	childCookie = "SESSIONS_TEST_COOKIE"
)

func TestNoLostUpdateBetweenTwoProcesses(t *testing.T) {
	if url := os.Getenv(childURL); url != "" {
		newSite(t, url).addMany(t, os.Getenv(childCookie), 25)
		return
	}
	for name, start := range map[string]func(*testing.T) string{
		"miniredis": func(t *testing.T) string { return redisserver.URL(miniredis.RunT(t).Addr()) },
		"redis":     func(t *testing.T) string { return redisserver.Start(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			url := start(t)
			s := newSite(t, url)
			_, cookie := s.post("/items?sku=first", "")
			var out bytes.Buffer
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoLostUpdateBetweenTwoProcesses$")
			child.Env = append(os.Environ(), childURL+"="+url, childCookie+"="+cookie)
			child.Stdout, child.Stderr = &out, &out
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			s.addMany(t, cookie, 25)
			if err := child.Wait(); err != nil {
				t.Errorf("the other process: %v\n%s", err, &out)
			}
			got, _ := s.value(t, cookie)
			processes := map[string]bool{}
			for _, item := range got.Items {
				pid, _, _ := strings.Cut(item, "-")
				processes[pid] = true
			}
			if len(got.Items) != 51 || len(processes) != 3 {
				t.Errorf("%d items, want 51, from %d", len(got.Items), len(processes)-1)
			}
		})
	}
}

func TestNoResurrection(t *testing.T) {
	for _, end := range []string{"/logout", "/login?as=ada"} {
		for does, change := range map[string]func(*sessions.Session[cart]){
			"reads":   func(s *sessions.Session[cart]) { s.Value() },
			"changes": func(s *sessions.Session[cart]) { s.Update(func(c *cart) { c.Items = nil }) },
		} {
			t.Run(end+" while another "+does, func(t *testing.T) {
				onEveryStore(t, func(t *testing.T, url string) {
					s := newSite(t, url)
					working, finish := make(chan bool), make(chan bool)
					s.mux.Handle("POST /slow", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
						change(s)
						working <- true
						<-finish
					}))
					_, cookie := s.post("/items?sku=tea", "")
					type result struct {
						status int
						set    string
					}
					done := make(chan result)
					go func() {
						status, set := s.post("/slow", cookie)
						done <- result{status, set}
					}()
					<-working
					_, renewed := s.post(end, cookie)
					finish <- true
					want := result{http.StatusOK, ""}
					if does == "changes" {
						want.status = http.StatusConflict
					}
					if got := <-done; got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
					if _, ok := s.value(t, cookie); ok {
						t.Error("the session is back")
					}
					if got, ok := s.value(t, renewed); strings.HasPrefix(end, "/login") && (!ok || len(got.Items) != 1) {
						t.Errorf("after the log-in: %+v, %v", got, ok)
					}
				})
			})
		}
	}
}

func TestSessionsOutliveTheProcessOnRedis(t *testing.T) {
	url := redisserver.Start(t).URL()
	before, after := newSite(t, url), newSite(t, url)
	_, cookie := before.post("/items?sku=tea", "")
	_, cookie = before.post("/login?as=ada", cookie)
	if got, ok := after.value(t, cookie); !ok || got.Customer != "ada" || len(got.Items) != 1 {
		t.Errorf("%+v, %v", got, ok)
	}
	if ended, err := after.RevokeAll(t.Context(), "ada", ""); ended != 1 || err != nil {
		t.Error(ended, err)
	}
	if status, set := before.post("/items?sku=cup", cookie); status != http.StatusOK || set == "" || set == cookie {
		t.Errorf("after the revocation: %d, %q", status, set)
	}
}

func TestABlackHoleIsBounded(t *testing.T) {
	server := redisserver.Start(t)
	s := newSite(t, server.URL())
	_, cookie := s.post("/items?sku=tea", "")
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r := httptest.NewRequest("POST", "/items?sku=cup", nil).WithContext(ctx)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	start := time.Now()
	s.Handler(s.mux).ServeHTTP(w, r)
	// The client of Redis would wait for a minute.
	if took := time.Since(start); w.Code != http.StatusServiceUnavailable || w.Header()["Set-Cookie"] != nil || took > 30*time.Second {
		t.Errorf("%d after %v", w.Code, took)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.value(t, cookie); !ok || len(got.Items) != 1 {
		t.Errorf("%+v, %v", got, ok)
	}
}

func TestEveryStore(t *testing.T) {
	onEveryStore(t, func(t *testing.T, url string) {
		opened := map[string]session.Store[everystore.Account]{}
		everystore.Run(t, func(t testing.TB, namespace string) session.Store[everystore.Account] {
			if store := opened[namespace]; store != nil && url == "memory:" { // each opening of memory: is another store
				return store
			}
			store, err := stores.Open(t.Context(), url, namespace, codec.MessagePack[everystore.Account]())
			if err != nil {
				t.Fatal(err)
			}
			if c, ok := store.(io.Closer); ok {
				t.Cleanup(func() { c.Close() })
			}
			opened[namespace] = store
			return store
		})
	})
}
