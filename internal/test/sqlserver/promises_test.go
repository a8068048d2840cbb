package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A site is an application on a store that stores.Open opens.
type site struct {
	*sessions.Manager[cart]
	store session.Store[cart]
	mux   *http.ServeMux
}

func newSite(t testing.TB, url string) *site {
	t.Helper()
	store, err := stores.Open(context.Background(), url, "carts", codec.MessagePack[cart]())
	must(t, err)
	t.Cleanup(func() { store.(io.Closer).Close() })
	carts, err := sessions.New(store, &sessions.Options{SaveTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	s := &site{carts, store, http.NewServeMux()}
	s.mux.Handle("POST /items", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		s.Update(func(c *cart) { c.Items = append(c.Items, r.FormValue("sku")) })
	}))
	s.mux.Handle("POST /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		s.LogIn(func(c *cart) { c.Customer = "ada" })
	}))
	s.mux.Handle("POST /logout", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) { s.Destroy() }))
	return s
}

const cookiePrefix = "__Host-session_id="

func (s *site) post(ctx context.Context, target, cookie string) (status int, set string) {
	r := httptest.NewRequestWithContext(ctx, "POST", target, nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	s.Handler(s.mux).ServeHTTP(w, r)
	set, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return w.Code, set
}

func (s *site) items(t testing.TB, cookie string) (items []string, found bool) {
	t.Helper()
	visit, err := s.Open(context.Background(), strings.TrimPrefix(cookie, cookiePrefix))
	if errors.Is(err, session.ErrNotFound) {
		return nil, false
	}
	must(t, err)
	return visit.Value().Items, true
}

func (s *site) addMany(t testing.TB, cookie, prefix string, count int) {
	var all sync.WaitGroup
	for i := range count {
		all.Go(func() {
			if status, _ := s.post(context.Background(), fmt.Sprintf("/items?sku=%s%d", prefix, i), cookie); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	all.Wait()
}

func onAllURLs(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range urls(t) {
		t.Run(name, func(t *testing.T) { test(t, url(t)) })
	}
}

// The environment of a second process.
const childURL, childCookie = "SESSIONS_TEST_URL", "SESSIONS_TEST_COOKIE"

// Requests of two processes at once change one session, and no change is lost.
func TestNoLostUpdateBetweenProcesses(t *testing.T) {
	if url := os.Getenv(childURL); url != "" {
		newSite(t, url).addMany(t, os.Getenv(childCookie), "child", 25)
		return
	}
	onAllURLs(t, func(t *testing.T, url string) {
		s := newSite(t, url)
		_, cookie := s.post(t.Context(), "/items?sku=first", "")
		var out strings.Builder
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoLostUpdateBetweenProcesses$")
		child.Env = append(os.Environ(), childURL+"="+url, childCookie+"="+cookie)
		child.Stdout, child.Stderr = &out, &out
		must(t, child.Start())
		s.addMany(t, cookie, "parent", 25)
		if err := child.Wait(); err != nil {
			t.Errorf("the other process: %v\n%s", err, &out)
		}
		if items, _ := s.items(t, cookie); len(items) != 51 {
			t.Errorf("%d items, want 51", len(items))
		}
	})
}

// A session that ends while another request works with it stays ended.
func TestNoResurrection(t *testing.T) {
	onAllURLs(t, func(t *testing.T, url string) {
		for _, end := range []string{"/logout", "/login"} {
			s := newSite(t, url)
			working, finish := make(chan bool), make(chan bool)
			s.mux.Handle("POST /slow", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
				s.Update(func(c *cart) { c.Items = append(c.Items, "late") })
				working <- true
				<-finish
			}))
			_, cookie := s.post(t.Context(), "/items?sku=tea", "")
			done := make(chan int)
			go func() {
				status, set := s.post(context.Background(), "/slow", cookie)
				if set != "" {
					status = -1
				}
				done <- status
			}()
			<-working
			_, renewed := s.post(t.Context(), end, cookie)
			finish <- true
			if status := <-done; status != http.StatusConflict {
				t.Errorf("%s: status %d", end, status)
			}
			if _, found := s.items(t, cookie); found {
				t.Errorf("%s: the session is back", end)
			}
			if items, found := s.items(t, renewed); end == "/login" && (!found || len(items) != 1) {
				t.Errorf("after the log-in: %q, %v", items, found)
			}
		}
	})
}

// A server that is killed in the middle of writes has all that it acknowledged when it
// is back, and the site answers 503 meanwhile.
func TestAKilledServer(t *testing.T) {
	for name, kind := range servers {
		t.Run(name, func(t *testing.T) {
			server := kind.start(t)
			sqlserver.Connect(t, kind.driver, kind.source(server))
			s := newSite(t, kind.url(server))
			for range 2 {
				killInMidWrite(t, s, server)
				sqlserver.Connect(t, kind.driver, kind.source(server))
			}
			s.store.(io.Closer).Close()
		})
	}
}

func killInMidWrite(t *testing.T, s *site, server *sqlserver.Server) {
	const writers, enough = 8, 25
	acknowledged := make([][]string, writers)
	cookies := make([]string, writers)
	for i := range writers {
		status, cookie := s.post(t.Context(), "/items?sku=first", "")
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		cookies[i] = cookie
	}
	var all sync.WaitGroup
	begun := make(chan bool, writers)
	for i := range writers {
		all.Go(func() {
			for n := 0; ; n++ {
				sku := fmt.Sprint("item", n)
				status, _ := s.post(context.Background(), "/items?sku="+sku, cookies[i])
				if status != http.StatusOK {
					if status != http.StatusServiceUnavailable {
						t.Errorf("status %d", status)
					}
					return
				}
				acknowledged[i] = append(acknowledged[i], sku)
				if n == enough {
					begun <- true
				}
			}
		})
	}
	for range writers {
		<-begun
	}
	server.Kill()
	all.Wait()
	server.Start(t)
	for i, cookie := range cookies {
		var items []string
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			visit, err := s.Open(context.Background(), strings.TrimPrefix(cookie, cookiePrefix))
			if err == nil {
				items = visit.Value().Items
				break
			}
			if !errors.Is(err, session.ErrUnavailable) || time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		has := strings.Join(items, " ") + " "
		for _, sku := range acknowledged[i] {
			if strings.Count(has, sku+" ") != 1 {
				t.Errorf("%s is there %d times", sku, strings.Count(has, sku+" "))
			}
		}
		if extra := len(items) - 1 - len(acknowledged[i]); extra < 0 || extra > 1 { // one may have lost its reply
			t.Errorf("%d items more than were acknowledged", extra)
		}
	}
}

// A server that does not answer costs a request no more than its deadline.
func TestABlackHole(t *testing.T) {
	for name, kind := range servers {
		t.Run(name, func(t *testing.T) {
			server := kind.start(t)
			sqlserver.Connect(t, kind.driver, kind.source(server))
			s := newSite(t, kind.url(server))
			_, cookie := s.post(t.Context(), "/items?sku=tea", "")
			must(t, server.Signal(syscall.SIGSTOP))
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if status, set := s.post(ctx, "/items?sku=cup", cookie); status != http.StatusServiceUnavailable || set != "" {
				t.Errorf("status %d, cookie %q", status, set)
			}
			must(t, server.Signal(syscall.SIGCONT))
			if items, found := s.items(t, cookie); !found || len(items) > 2 {
				t.Errorf("%q, %v", items, found)
			}
			transactionsInABlackHole(t, s, server)
		})
	}
}

// transactionsInABlackHole lets the server stop before the store looks at what it has
// saved, and before COMMIT.
func transactionsInABlackHole(t *testing.T, s *site, server *sqlserver.Server) {
	db := s.store.(*sqlstore.Store[cart]).DB()
	for name, saves := range map[string]bool{"a session and COMMIT": true, "COMMIT": false} {
		token := created(t, s.store, cart{Items: []string{"tea"}})
		visit := loaded(t, s.store, token)
		done := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() {
			done <- sqlstore.Transact(ctx, db, nil, func(within context.Context, _ *sql.Tx) error {
				if saves {
					must(t, empty(within, visit))
				}
				err := server.Signal(syscall.SIGSTOP)
				time.AfterFunc(100*time.Millisecond, cancel)
				return err
			})
		}()
		if err := <-done; !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
		must(t, server.Signal(syscall.SIGCONT))
		asBefore(t, s.store, visit, token)
	}
}
