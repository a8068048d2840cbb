package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A singleStore can only be asked about one session at a time.
type singleStore struct{ session.Store[cart] }

// A pollStore can be asked about many sessions at once, and counts the questions.
type pollStore struct {
	session.Store[cart]
	down      atomic.Bool
	questions atomic.Int64
	loads     atomic.Int64
}

func (s *pollStore) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	s.questions.Add(1)
	if s.down.Load() {
		return nil, errDown
	}
	return s.Store.(*memstore.Store[cart]).Revisions(ctx, ids)
}

func (s *pollStore) Load(ctx context.Context, id session.ID) (session.Record[cart], error) {
	s.loads.Add(1)
	return s.Store.Load(ctx, id)
}

// watchStores are stores of each ability, and how soon they notice an end.
var watchStores = []struct {
	name    string
	new     func() session.Store[cart]
	notices time.Duration
}{
	{"at once", func() session.Store[cart] { return memstore.New[cart](nil) }, 50 * time.Millisecond},
	{"many in one question", func() session.Store[cart] { return &pollStore{Store: memstore.New[cart](nil)} }, middleware.DefaultWatchInterval},
	{"one by one", func() session.Store[cart] { return singleStore{memstore.New[cart](nil)} }, middleware.DefaultWatchInterval},
}

// other opens the session as another request does.
func (a *app) other(t *testing.T, s *session.Session[cart]) *session.Session[cart] {
	t.Helper()
	token, _ := s.Token()
	o, err := a.Open(context.Background(), token.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (a *app) opened(t *testing.T) *session.Session[cart] {
	t.Helper()
	s, err := a.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Set(cart{Customer: "ada", Items: 1})
	commit(t, s)
	return s
}

func commit(t *testing.T, s *session.Session[cart]) {
	t.Helper()
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWatchEnds checks that a watched context ends when its session does, with the
// cause, on stores of every ability.
func TestWatchEnds(t *testing.T) {
	tests := []struct {
		name  string
		do    func(*testing.T, *app, *session.Session[cart])
		cause error // nil: it goes on
	}{
		{"destroyed by another request", func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.Destroy()
			commit(t, o)
		}, session.ErrNotFound},
		{"destroyed by its own request", func(t *testing.T, a *app, s *session.Session[cart]) {
			s.Destroy()
			commit(t, s)
		}, session.ErrNotFound},
		{"destroyed, and begun again", func(t *testing.T, a *app, s *session.Session[cart]) {
			s.Destroy()
			s.Set(cart{Notes: []string{"logged out"}})
			commit(t, s)
		}, session.ErrNotFound},
		{"renewed by another request", func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.Renew()
			commit(t, o)
		}, session.ErrGone},
		{"renewed by its own request", func(t *testing.T, a *app, s *session.Session[cart]) {
			s.Renew()
			commit(t, s)
		}, nil},
		{"logged in by another request, as the same owner", func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.LogIn(func(c *cart) { c.Customer = "ada" })
			commit(t, o)
		}, session.ErrGone},
		{"given a token beside its own by another request", func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.Remember(!s.Remembered())
			commit(t, o)
		}, nil},
		{"renewed by its own request, then by another", func(t *testing.T, a *app, s *session.Session[cart]) {
			s.Renew()
			commit(t, s)
			time.Sleep(time.Minute)
			o := a.other(t, s)
			o.Renew()
			commit(t, o)
		}, session.ErrGone},
		{"renewed by its own request, then destroyed by another", func(t *testing.T, a *app, s *session.Session[cart]) {
			s.Renew()
			commit(t, s)
			time.Sleep(time.Minute)
			o := a.other(t, s)
			o.Destroy()
			commit(t, o)
		}, session.ErrNotFound},
		{"changed by another request", func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.Update(func(c *cart) { c.Items++ })
			commit(t, o)
		}, nil},
		{"past its idle timeout", func(t *testing.T, a *app, s *session.Session[cart]) {
			time.Sleep(time.Hour + middleware.DefaultWatchInterval)
		}, session.ErrNotFound},
		{"kept from idling by commits", func(t *testing.T, a *app, s *session.Session[cart]) {
			for range 10 {
				time.Sleep(15 * time.Minute)
				commit(t, s)
			}
		}, nil},
		{"past its deadline", func(t *testing.T, a *app, s *session.Session[cart]) {
			for time.Until(s.Deadline()) > 0 {
				time.Sleep(15 * time.Minute)
				commit(t, s)
			}
			time.Sleep(middleware.DefaultWatchInterval)
		}, session.ErrNotFound},
	}
	for _, st := range watchStores {
		for _, tt := range tests {
			t.Run(st.name+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newApp(t, st.new(), nil)
					s := a.opened(t)
					ctx := a.Watch(t.Context(), s)
					synctest.Wait()
					tt.do(t, a, s)
					time.Sleep(st.notices)
					synctest.Wait()
					switch cause := context.Cause(ctx); {
					case tt.cause == nil && cause != nil:
						t.Errorf("the watch ended: %v", cause)
					case !errors.Is(cause, tt.cause):
						t.Errorf("the watch ended with %v, want %v", cause, tt.cause)
					}
				})
			})
		}
	}
}

// TestWatchMeetsItsOwnRenewal checks that a renewal by its own request does not end the
// watch in the middle of the commit, when the store has it and the session does not
// know yet.
func TestWatchMeetsItsOwnRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowSave{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		s := a.opened(t)
		ctx := a.Watch(t.Context(), s)
		synctest.Wait()
		for range 3 {
			s.Renew()
			commit(t, s)
			synctest.Wait()
			if ctx.Err() != nil {
				t.Fatalf("the watch ended: %v", context.Cause(ctx))
			}
		}
		time.Sleep(time.Second)
		o := a.other(t, s)
		o.Renew()
		commit(t, o)
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), session.ErrGone) {
			t.Errorf("another request renewed the session, but the watch ended with %v", context.Cause(ctx))
		}
	})
}

// TestWatchMeetsAnEndDuringItsOwnRenewal checks that a session that ends while its own
// request renews it is found ended soon after.
func TestWatchMeetsAnEndDuringItsOwnRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowSave{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		s := a.opened(t)
		ctx := a.Watch(t.Context(), s)
		synctest.Wait()
		s.Renew()
		time.AfterFunc(time.Second/2, func() { st.Delete(t.Context(), s.ID(), 0) })
		commit(t, s)
		time.Sleep(time.Second)
		if !errors.Is(context.Cause(ctx), session.ErrNotFound) {
			t.Errorf("the watch ended with %v", context.Cause(ctx))
		}
	})
}

// A slowSave is a memory store whose Save returns late.
type slowSave struct{ *memstore.Store[cart] }

func (s *slowSave) Save(ctx context.Context, rec *session.Record[cart]) error {
	defer time.Sleep(time.Second)
	return s.Store.Save(ctx, rec)
}

// TestWatchToldOften checks a store that tells often, of nothing, and answers with what
// it had before the watched session's own renewal.
func TestWatchToldOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &tellingStore{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		s := a.opened(t)
		ctx := a.Watch(t.Context(), s)
		synctest.Wait()
		told := st.told
		for range 3 {
			st.delay.Store(int64(time.Second))
			told()
			synctest.Wait() // while the store is asked
			s.Renew()
			commit(t, s)
			told()
			told()
			time.Sleep(5 * time.Second)
		}
		st.delay.Store(0)
		time.Sleep(5 * time.Second)
		if ctx.Err() != nil {
			t.Errorf("the watch ended: %v", context.Cause(ctx))
		}
	})
}

// A tellingStore lets the test tell of the end of a session, and answers late.
type tellingStore struct {
	*memstore.Store[cart]
	told  func()
	delay atomic.Int64
}

func (s *tellingStore) Watch(_ session.ID, changed func()) (func(), bool) {
	s.told = changed
	return func() {}, true
}

func (s *tellingStore) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	defer time.Sleep(time.Duration(s.delay.Load()))
	return s.Store.Revisions(ctx, ids)
}

func (s *tellingStore) Load(ctx context.Context, id session.ID) (session.Record[cart], error) {
	defer time.Sleep(time.Duration(s.delay.Load()))
	return s.Store.Load(ctx, id)
}

// TestWatchLooksAtChangedSessions checks that only sessions that were written to are
// looked at, each once.
func TestWatchLooksAtChangedSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &pollStore{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		var all []*session.Session[cart]
		for range 100 {
			s := a.opened(t)
			a.Watch(t.Context(), s)
			a.Watch(t.Context(), s)
			all = append(all, s)
		}
		time.Sleep(3 * middleware.DefaultWatchInterval)
		synctest.Wait() // for the question that is asked at this instant
		if n := st.loads.Swap(0); n != 0 {
			t.Errorf("looked at %d sessions that are as they were", n)
		}
		for _, s := range all[:7] {
			o := a.other(t, s)
			add(o)
			commit(t, o)
		}
		st.loads.Store(0)
		time.Sleep(3 * middleware.DefaultWatchInterval)
		synctest.Wait() // for the question that is asked at this instant
		if n := st.loads.Load(); n != 7 {
			t.Errorf("looked %d times at 7 sessions that were changed", n)
		}
	})
}

// TestWatchOfASessionThatIsGone checks a connection with a token that a log-in has ended.
func TestWatchOfASessionThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, memstore.New[cart](nil), nil)
		cookie := a.visit(t, cart{Customer: "ada"})
		a.get("/login?as=eve", cookie)
		var cause error
		a.handle("/live", func(_ http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			ctx := a.Watch(r.Context(), s)
			synctest.Wait()
			cause = context.Cause(ctx)
		})
		if a.get("/live", cookie); !errors.Is(cause, session.ErrGone) {
			t.Errorf("the watch ended with %v", cause)
		}
	})
}

// TestWatchOutlivesAnOutage checks that a store that is down ends nothing, and is
// reported.
func TestWatchOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &pollStore{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		s := a.opened(t)
		ctx := a.Watch(t.Context(), s)
		synctest.Wait()
		st.down.Store(true)
		a.kinds()
		st.Delete(t.Context(), s.ID(), 0)
		time.Sleep(2*middleware.DefaultWatchInterval + time.Second)
		if ctx.Err() != nil {
			t.Errorf("the watch ended during the outage: %v", context.Cause(ctx))
		}
		if kinds := a.kinds(); !slices.Equal(kinds, []session.EventKind{session.EventFailed, session.EventFailed}) {
			t.Errorf("reported %v, want a failure for each question", kinds)
		}
		st.down.Store(false)
		time.Sleep(middleware.DefaultWatchInterval)
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), session.ErrNotFound) {
			t.Errorf("after the outage the watch ended with %v", context.Cause(ctx))
		}
	})
}

// TestWatchReportsAnUnknownCause checks a store that says that the session is not
// live, and then does not say why.
func TestWatchReportsAnUnknownCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		s := a.opened(t)
		ctx := a.Watch(t.Context(), s)
		synctest.Wait()
		a.kinds()
		st.fail("Load", errDown)
		st.Delete(t.Context(), s.ID(), 0)
		synctest.Wait()
		if kinds := a.kinds(); ctx.Err() != nil || !slices.Equal(kinds, []session.EventKind{session.EventFailed}) {
			t.Errorf("reported %v, and the watch ended with %v", kinds, context.Cause(ctx))
		}
		st.fail("Load", nil)
		time.Sleep(middleware.DefaultWatchInterval)
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), session.ErrNotFound) {
			t.Errorf("the watch ended with %v", context.Cause(ctx))
		}
	})
}

// TestWatchAsksTogether checks that a thousand watched sessions, of which many are
// watched twice, cost two questions an interval.
func TestWatchAsksTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &pollStore{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		var last context.Context
		for range 1000 {
			s := a.opened(t)
			a.Watch(t.Context(), s)
			last = a.Watch(t.Context(), s)
		}
		synctest.Wait()
		st.questions.Store(0)
		time.Sleep(10 * middleware.DefaultWatchInterval)
		synctest.Wait()
		if n := st.questions.Load(); n != 20 || last.Err() != nil {
			t.Errorf("asked %d questions in 10 intervals, want 20", n)
		}
	})
}

// TestWatchBeginsWhenTheSessionIsStored checks a watch of a new session.
func TestWatchBeginsWhenTheSessionIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, memstore.New[cart](nil), nil)
		s, _ := a.Open(t.Context(), "")
		ctx := a.Watch(t.Context(), s)
		time.Sleep(time.Minute)
		if ctx.Err() != nil {
			t.Fatalf("the watch of a new session ended: %v", context.Cause(ctx))
		}
		s.Set(cart{Items: 1})
		commit(t, s)
		time.Sleep(middleware.DefaultWatchInterval)
		o := a.other(t, s)
		o.Destroy()
		commit(t, o)
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), session.ErrNotFound) {
			t.Errorf("the watch ended with %v", context.Cause(ctx))
		}
	})
}

// TestWatchEndsWithItsContext checks that a watch ends with the context that it was
// given, and that nothing is asked and no goroutine is left then: the bubble would
// not end.
func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &pollStore{Store: memstore.New[cart](nil)}
		a := newApp(t, st, nil)
		s := a.opened(t)
		for range 2 { // a manager that watches nothing can begin again
			errDone := errors.New("done")
			parent, cancel := context.WithCancelCause(t.Context())
			ctx := a.Watch(parent, s)
			synctest.Wait()
			cancel(errDone)
			if context.Cause(ctx) != errDone {
				t.Errorf("the watch ended with %v", context.Cause(ctx))
			}
			if late := a.Watch(parent, s); context.Cause(late) != errDone {
				t.Errorf("a watch in a context that is done ended with %v", context.Cause(late))
			}
			synctest.Wait()
			st.questions.Store(0)
			time.Sleep(time.Minute)
			if n := st.questions.Load(); n != 0 {
				t.Errorf("asked %d questions while nothing is watched", n)
			}
		}
	})
}

// TestWatchConcurrently watches, renews and destroys many sessions at once, under
// the race detector: each watch ends, with the right cause.
func TestWatchConcurrently(t *testing.T) {
	a := newApp(t, memstore.New[cart](nil), &middleware.Options{WatchInterval: time.Millisecond})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			s := a.opened(t)
			parent, cancel := context.WithCancel(t.Context())
			defer cancel()
			ctx := a.Watch(parent, s)
			s.Renew()
			commit(t, s)
			if ctx.Err() != nil {
				t.Errorf("the watch ended with its own renewal: %v", context.Cause(ctx))
			}
			o, want := a.other(t, s), session.ErrNotFound
			if i%2 == 0 {
				o.Renew()
				want = session.ErrGone
			} else {
				o.Destroy()
			}
			commit(t, o)
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), want) {
				t.Errorf("the watch ended with %v, want %v", context.Cause(ctx), want)
			}
		})
	}
	wg.Wait()
}
