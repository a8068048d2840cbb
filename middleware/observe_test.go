package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

var _ expvar.Var = (*middleware.Metrics)(nil)

func TestLogEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		event session.Event
		want  string
	}{
		{"log-in", session.Event{Kind: session.EventRenewed, ID: session.ID{1}, Owner: "ada", LogIn: true, Changes: []string{"Customer"}, Attempts: 2, Duration: time.Millisecond},
			`level=INFO msg="session renewed" session=` + session.ID{1}.String() + ` owner=ada log_in=true changes=[Customer] attempts=2 duration=1ms`},
		{"rejected", session.Event{Kind: session.EventRejected, Err: errDown}, `level=INFO msg="session rejected" error="the server is down"`},
		{"loaded", session.Event{Kind: session.EventLoaded}, `level=DEBUG msg="session loaded"`},
		{"saved", session.Event{Kind: session.EventSaved}, `level=DEBUG msg="session saved"`},
		{"touched", session.Event{Kind: session.EventTouched}, `level=DEBUG msg="session touched"`},
		{"trouble", session.Event{Kind: session.EventFailed, Err: errDown}, `level=DEBUG msg="session failed" error="the server is down"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			middleware.LogEvents(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime})))(t.Context(), tt.event)
			if got := strings.TrimSpace(out.String()); got != tt.want {
				t.Errorf("logged %s\nwant   %s", got, tt.want)
			}
		})
	}
}

// An audit tells log-ins from other renewals, and who asked for them.
func TestLogEventsOfRequests(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "session" || a.Key == "duration" {
			return slog.Attr{}
		}
		return withoutTime(nil, a)
	}}))
	m, err := middleware.New(memstore.New[string](nil), &middleware.Options{Observe: middleware.LogEvents(logger)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /begin", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[string]) { s.Set("x") }))
	mux.HandleFunc("POST /login", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[string]) {
		s.LogIn(func(v *string) { *v = "ada" })
	}))
	mux.HandleFunc("POST /renew", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[string]) { s.Renew() }))
	visitor := sessiontest.NewClient(t, m.Handler(mux))
	for _, path := range []string{"/begin", "/login", "/renew"} {
		visitor.Post(path, nil)
	}
	want := `level=INFO msg="session created" changes=[.] attempts=1 method=POST route="POST /begin"
level=INFO msg="session renewed" log_in=true changes=[.] attempts=1 method=POST route="POST /login"
level=INFO msg="session renewed" attempts=1 method=POST route="POST /renew"
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
}

// The log names the handler also if that asks for the session by its context alone. A
// load comes before the pattern is known.
func TestTroubleNamesTheRouteWithoutARequest(t *testing.T) {
	t.Parallel()
	for op, route := range map[string]string{"Save": `route="GET /items/{id}"`, "Load": "route=/items/7"} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint(op, ", late ", late), func(t *testing.T) {
				var out bytes.Buffer
				st := newStore()
				cookie := newApp(t, st, nil).visit(t, cart{Items: 1})
				m, err := middleware.New(st, &middleware.Options{Logger: slog.New(slog.NewTextHandler(&out, nil))})
				if err != nil {
					t.Fatal(err)
				}
				mux := http.NewServeMux()
				mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
					s, err := middleware.FromContext[cart](r.Context())
					if err != nil {
						return
					}
					if late {
						io.WriteString(w, "begun")
					}
					add(s)
				})
				st.fail(op, errDown)
				r := httptest.NewRequest("GET", "/items/7", nil)
				r.Header.Set("Cookie", cookie)
				aborts(func() { m.Handler(mux).ServeHTTP(recorder(), r) })
				if got := out.String(); !strings.Contains(got, "method=GET "+route) {
					t.Errorf("logged %q", got)
				}
			})
		}
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// A log that leaves a level out costs no allocation for its events.
func TestLogEventsThatAreLeftOut(t *testing.T) {
	observe := middleware.LogEvents(slog.New(slog.NewTextHandler(io.Discard, nil)))
	e := session.Event{Kind: session.EventLoaded, ID: session.ID{1}, Owner: "ada", Duration: 1}
	if n := testing.AllocsPerRun(100, func() { observe(t.Context(), e) }); n > 1 { // t.Context's
		t.Errorf("%v allocations", n)
	}
}

func TestObservers(t *testing.T) {
	t.Parallel()
	var got []string
	note := func(name string) func(context.Context, session.Event) {
		return func(_ context.Context, e session.Event) { got = append(got, name+string(e.Kind)) }
	}
	middleware.Observers(note("a "), nil, note("b "))(t.Context(), session.Event{Kind: session.EventSaved})
	if fmt.Sprint(got) != "[a saved b saved]" {
		t.Errorf("called %v", got)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	var m middleware.Metrics
	if m.String() != "{}" {
		t.Errorf("nothing is %s", m.String())
	}
	for i := range 100 {
		e := session.Event{Kind: session.EventSaved, Attempts: 1, Duration: 900 * time.Microsecond}
		if i >= 98 {
			e.Attempts, e.Duration = 4, 20*time.Millisecond
		}
		m.Observe(t.Context(), e)
	}
	m.Observe(t.Context(), session.Event{Kind: session.EventLoaded, Duration: time.Minute})
	m.Observe(t.Context(), session.Event{Kind: session.EventLoaded, Duration: time.Millisecond}) // the end of a bucket
	m.Observe(t.Context(), session.Event{Kind: session.EventRejected})
	for i := range 1000 {
		m.Observe(t.Context(), session.Event{Kind: session.EventKind(fmt.Sprint("newer", i))})
	}
	var got map[string]middleware.Counts
	if err := json.Unmarshal([]byte(m.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]middleware.Counts{
		"saved":    {Events: 100, Retries: 6, Timed: 100, Seconds: 0.1282, P50: 0.001, P99: 0.025},
		"loaded":   {Events: 2, Timed: 2, Seconds: 60.001, P50: 0.001, P99: 5},
		"rejected": {Events: 1},
		"other":    {Events: 1000},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestMetricsOfAManager counts the events of requests, under the race detector.
func TestMetricsOfAManager(t *testing.T) {
	t.Parallel()
	var m middleware.Metrics
	carts, err := middleware.New(memstore.New[cart](nil), &middleware.Options{Observe: m.Observe})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := carts.Open(t.Context(), "")
			if err != nil {
				t.Error(err)
				return
			}
			s.Set(cart{Customer: "ada"})
			commit(t, s)
			_ = m.String()
		})
	}
	wg.Wait()
	if got := m.Snapshot()[session.EventCreated]; got.Events != 8 || got.Timed != 8 || got.P99 <= 0 {
		t.Errorf("counted %+v", got)
	}
}

// Every kind of event has a counter of its own.
func TestMetricsOfAllKinds(t *testing.T) {
	t.Parallel()
	var m middleware.Metrics
	for _, kind := range session.EventKinds() {
		m.Observe(t.Context(), session.Event{Kind: kind})
		if got := m.Snapshot()[kind].Events; got != 1 {
			t.Errorf("%s: %d events", kind, got)
		}
	}
}

func TestMetricsAllocateNothing(t *testing.T) {
	var m middleware.Metrics
	ctx, e := t.Context(), session.Event{Kind: session.EventFailed, Duration: time.Hour}
	if n := testing.AllocsPerRun(100, func() { m.Observe(ctx, e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Every event is logged and counted.
func ExampleObservers() {
	var metrics middleware.Metrics
	expvar.Publish("sessions", &metrics) // at /debug/vars
	logins, err := middleware.New(memstore.New[Login](nil), &middleware.Options{
		Observe: middleware.Observers(metrics.Observe, middleware.LogEvents(slog.New(slog.DiscardHandler))),
	})
	if err != nil {
		panic(err)
	}
	logIn(logins, "ada", "Firefox")
	fmt.Println(metrics.Snapshot()[session.EventCreated].Events, "created")
	// Output: 1 created
}

// An audit's log has the log-ins and log-outs.
func ExampleLogEvents() {
	audit := slog.New(slog.NewTextHandler(io.Discard, nil))
	_, err := middleware.New(memstore.New[Login](nil), &middleware.Options{Observe: middleware.LogEvents(audit)})
	fmt.Println(err)
	// Output: <nil>
}

// The metrics print as JSON.
func ExampleMetrics() {
	var metrics middleware.Metrics
	metrics.Observe(context.Background(), session.Event{Kind: session.EventLoaded, Duration: 3 * time.Millisecond})
	fmt.Println(&metrics)
	// Output: {"loaded":{"events":1,"retries":0,"timed":1,"seconds":0.003,"p50":0.005,"p99":0.005}}
}
