package middleware_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

func TestATokenThatAnEarlierCommitMadeIsToldInAnyCase(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Customer = "ada" })
		if err := s.Commit(r.Context()); err != nil {
			t.Error(err)
		}
		st.fail("Save", errDown)
		s.Update(func(c *cart) { c.Items++ })
		io.WriteString(w, "done")
	})
	w := a.get("/x", cookie)
	st.fail("Save", nil)
	if _, ok := a.value(t, cookie); !ok && setCookie(t, w) == "" {
		t.Errorf("%d: the old token is dead and the new one was not sent: the session is lost", w.Code)
	}
}

func TestObserveMayAskForTheSession(t *testing.T) {
	t.Parallel()
	st := newStore()
	o := &middleware.Options{Observe: func(ctx context.Context, e session.Event) {
		middleware.FromContext[cart](ctx) // e.g. to name the customer in a log line
	}}
	m, _ := middleware.New(session.Store[cart](st), o)
	h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {}))
	done := make(chan bool)
	go func() {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookieName+"=x")
		h.ServeHTTP(httptest.NewRecorder(), r)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the request hangs for ever")
	}
}

func TestTheSaveOutlivesTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		cookie := a.visit(t, cart{Items: 1})
		st.delay = time.Second
		ctx, leave := context.WithCancel(t.Context())
		a.handle("/leave", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			leave()
			<-r.Context().Done()
		})
		r := httptest.NewRequest("GET", "/leave", nil).WithContext(ctx)
		r.Header.Set("Cookie", cookie)
		a.Handler(a.mux).ServeHTTP(httptest.NewRecorder(), r)
		if c, _ := a.value(t, cookie); c.Items != 2 {
			t.Errorf("%d items: the change is lost", c.Items)
		}
	})
}

// A context that a store has made of one save's, and still looks at, is not that
// of the next.
func TestEachSaveHasAContextOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &keeping{store: newStore()}
		a := newApp(t, st, &middleware.Options{SaveTimeout: time.Minute})
		type key struct{}
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			io.WriteString(w, "done")
			time.Sleep(time.Second)
			add(s)
			io.WriteString(w, "and noted") // what is late is saved at the end, once
			add(s)
		})
		r := httptest.NewRequest("GET", "/", nil)
		r = r.WithContext(context.WithValue(r.Context(), key{}, "value"))
		start := time.Now()
		a.Handler(a.mux).ServeHTTP(httptest.NewRecorder(), r)
		if len(st.kept) != 2 {
			t.Fatalf("%d saves", len(st.kept))
		}
		for i, ctx := range st.kept {
			want := start.Add(time.Duration(i)*time.Second + time.Minute)
			if got, ok := ctx.Deadline(); !ok || !got.Equal(want) {
				t.Errorf("save %d has the deadline %v, want %v", i, got, want)
			}
			<-ctx.Done() // since the save is over
			if ctx.Err() != context.Canceled || ctx.Value(key{}) != "value" {
				t.Errorf("save %d: %v, value %v", i, ctx.Err(), ctx.Value(key{}))
			}
		}
	})
}

// A keeping store keeps the contexts of its saves.
type keeping struct {
	*store
	kept []context.Context
}

func (k *keeping) Save(ctx context.Context, rec *session.Record[cart]) error {
	k.kept = append(k.kept, ctx)
	return k.store.Save(ctx, rec)
}

func TestTheSaveIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, &middleware.Options{SaveTimeout: 2 * time.Second})
		cookie := a.visit(t, cart{Items: 1})
		a.handle("/hang", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			st.delay = time.Hour
		})
		start := time.Now()
		if w := a.get("/hang", cookie); w.Code != http.StatusServiceUnavailable || time.Since(start) != 2*time.Second {
			t.Errorf("%d after %v", w.Code, time.Since(start))
		}
		st.delay = 0
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := httptest.NewRequest("GET", "/hang", nil).WithContext(ctx)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		start = time.Now()
		a.Handler(a.mux).ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || time.Since(start) != 100*time.Millisecond {
			t.Errorf("request with a deadline: %d after %v", w.Code, time.Since(start))
		}
	})
}

// A change by an observer during the last commit is committed too, or the
// response fails.
func TestAChangeDuringTheLastCommit(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		st := newStore()
		m, err := middleware.New(st, &middleware.Options{Logger: quiet, Observe: func(ctx context.Context, e session.Event) {
			if e.Kind != session.EventCreated {
				return
			}
			s, err := middleware.FromContext[cart](ctx)
			if err != nil {
				t.Error(err)
				return
			}
			add(s)
			if down {
				st.fail("Save", errDown)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		aborted := aborts(func() {
			m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				add(s)
			})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		})
		if aborted || (w.Code == http.StatusServiceUnavailable) != down || setCookie(t, w) == "" {
			t.Errorf("down: %v: aborted %v, %d %v", down, aborted, w.Code, w.Header())
		}
		for rec := range st.All(t.Context()) {
			if want := map[bool]int{false: 2, true: 1}[down]; rec.Value.Items != want {
				t.Errorf("%d items, want %d", rec.Value.Items, want)
			}
		}
	}
}

// A client that is known to be gone would never learn a new token. Its log-in is
// refused, and its session stays. Other changes are saved.
func TestNoTokenIsMadeForAClientThatIsGone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*session.Session[cart])
		saved  bool
	}{
		"a log-in":  {func(s *session.Session[cart]) { s.LogIn(func(c *cart) { c.Customer = "ada" }) }, false},
		"a renewal": {func(s *session.Session[cart]) { s.Renew(); s.Update(func(c *cart) { c.Items++ }) }, false},
		"an update": {func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items++ }) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStore()
			a := newApp(t, st, nil)
			cookie := a.visit(t, cart{Items: 1})
			ctx, cancel := context.WithCancel(t.Context())
			a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				test.change(s)
				cancel() // the client disconnects
			})
			r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
			r.Header.Set("Cookie", cookie)
			w := recorder()
			left := make(chan bool, 1)
			left <- true
			a.Handler(a.mux).ServeHTTP(closeNotifier{w, left}, r)
			c, ok := a.value(t, cookie)
			if !ok || c.Customer != "" || (c.Items == 2) != test.saved || st.live(t) != 1 || w.Header()["Set-Cookie"] != nil {
				t.Errorf("the session is %+v, there %v; %d sessions live; header %v", c, ok, st.live(t), w.Header())
			}
		})
	}
}
