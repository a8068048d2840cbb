package promsessions_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/middleware/promsessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

var sku = url.Values{"sku": {"tea"}}

// Each request of a visitor is counted by the events that it causes, and timed.
func TestRequests(t *testing.T) {
	t.Parallel()
	store := sessiontest.NewStore[cart](t)
	store.RunEditsOnce()
	collector := newCollector(t, &promsessions.Options{Manager: "carts", Stored: store.Direct().Len})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	ada := sessiontest.NewClient(t, newShop(t, store, collector.Observe))
	for _, tt := range []struct {
		name string
		act  func()
		want []string // what grows by one, without the label manager
	}{
		{"a page without a session", func() { ada.Get("/about") }, nil},
		{"a new session", func() { ada.Post("/items", sku) }, []string{
			"sessions_events_total kind=created", "sessions_operation_duration_seconds kind=created operation=commit", "sessions_stored"}},
		{"a read", func() { ada.Get("/items") }, []string{
			"sessions_events_total kind=loaded", "sessions_operation_duration_seconds kind=loaded operation=load"}},
		{"a change", func() { ada.Post("/items", sku) }, []string{
			"sessions_events_total kind=loaded", "sessions_operation_duration_seconds kind=loaded operation=load",
			"sessions_events_total kind=saved", "sessions_operation_duration_seconds kind=saved operation=commit"}},
		{"a change that another request overtakes", func() {
			store.ChangeMeanwhile(func(c *cart) { c.Items = append(c.Items, "milk") })
			ada.Post("/items", sku)
		}, []string{
			"sessions_events_total kind=loaded", "sessions_operation_duration_seconds kind=loaded operation=load",
			"sessions_events_total kind=conflict",
			"sessions_events_total kind=saved", "sessions_operation_duration_seconds kind=saved operation=commit"}},
		{"a change of a session that another request ends", func() {
			other := ada.Copy()
			store.RenewMeanwhile()
			other.Post("/items", sku)
		}, []string{
			"sessions_events_total kind=loaded", "sessions_operation_duration_seconds kind=loaded operation=load",
			"sessions_events_total kind=conflict", // its write met another revision
			"sessions_events_total kind=gone", "sessions_operation_duration_seconds kind=gone operation=commit"}},
		{"a forged token", func() {
			r := httptest.NewRequest("GET", "/items", nil)
			r.Header.Set("Cookie", "__Host-session_id=forged")
			newShop(t, store, collector.Observe).ServeHTTP(httptest.NewRecorder(), r)
		}, []string{"sessions_events_total kind=rejected"}},
		{"a store that cannot read", func() { store.Down(); ada.Get("/items"); store.Up() }, []string{
			"sessions_events_total kind=failed", "sessions_operation_duration_seconds kind=failed operation=load"}},
		{"a client that goes away", func() { store.Fail(sessiontest.OpLoad, context.Canceled); ada.Get("/items"); store.Up() }, []string{
			"sessions_events_total kind=failed", "sessions_operation_duration_seconds kind=canceled operation=load"}},
		{"a store that cannot write", func() {
			store.Fail(sessiontest.OpSave, errors.New("disk full"))
			ada.Other().Post("/items", sku)
			store.Up()
		}, []string{
			"sessions_events_total kind=failed", "sessions_operation_duration_seconds kind=failed operation=commit"}},
	} {
		before := gathered(t, registry)
		tt.act()
		after := gathered(t, registry)
		var grown []string
		for name, value := range after {
			if value == before[name]+1 {
				grown = append(grown, strings.Replace(name, " manager=carts", "", 1))
			} else if value != before[name] {
				t.Errorf("%s: %s grew from %v to %v", tt.name, name, before[name], value)
			}
		}
		slices.Sort(grown)
		slices.Sort(tt.want)
		if !slices.Equal(grown, tt.want) {
			t.Errorf("%s:\n\tgrown %q\n\twant  %q", tt.name, grown, tt.want)
		}
	}
}

// The events of a session on Redis, whose server then goes away, are told apart.
func TestRedis(t *testing.T) {
	t.Parallel()
	client := redistest.New(t)
	store, err := redisstore.New(client, "carts", codec.JSON[cart](), nil)
	if err != nil {
		t.Fatal(err)
	}
	collector := newCollector(t, nil)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	ada := sessiontest.NewClient(t, newShop(t, store, collector.Observe))
	ada.Post("/items", sku)
	ada.Post("/login", url.Values{"name": {"ada"}})
	ada.Post("/late", nil)
	ada.Post("/logout", nil)
	ada.Post("/items", sku)
	client.Close()
	ada.Get("/items")
	got := gathered(t, registry)
	want := map[string]float64{
		"sessions_ended_total manager= reason=logged_out":                              1,
		"sessions_events_total kind=created manager=":                                  2,
		"sessions_events_total kind=loaded manager=":                                   3,
		"sessions_events_total kind=renewed manager=":                                  1,
		"sessions_events_total kind=late manager=":                                     1,
		"sessions_events_total kind=destroyed manager=":                                1,
		"sessions_events_total kind=failed manager=":                                   1,
		"sessions_operation_duration_seconds kind=created manager= operation=commit":   2,
		"sessions_operation_duration_seconds kind=loaded manager= operation=load":      3,
		"sessions_operation_duration_seconds kind=renewed manager= operation=commit":   1,
		"sessions_operation_duration_seconds kind=late manager= operation=commit":      1,
		"sessions_operation_duration_seconds kind=destroyed manager= operation=commit": 1,
		"sessions_operation_duration_seconds kind=failed manager= operation=load":      1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A duration is the store's, in seconds.
func TestDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := sessiontest.NewStore[cart](t)
		store.RunEditsOnce()
		store.Slow(250 * time.Millisecond)
		collector := newCollector(t, &promsessions.Options{Buckets: []float64{.2, .3, 1}})
		ada := sessiontest.NewClient(t, newShop(t, store, collector.Observe))
		ada.Post("/items", sku)
		err := testutil.CollectAndCompare(collector, strings.NewReader(`
# HELP sessions_operation_duration_seconds Time that the store took for a load or a commit, by the kind of event that it ended with.
# TYPE sessions_operation_duration_seconds histogram
sessions_operation_duration_seconds_bucket{kind="created",manager="",operation="commit",le="0.2"} 0
sessions_operation_duration_seconds_bucket{kind="created",manager="",operation="commit",le="0.3"} 1
sessions_operation_duration_seconds_bucket{kind="created",manager="",operation="commit",le="1"} 1
sessions_operation_duration_seconds_bucket{kind="created",manager="",operation="commit",le="+Inf"} 1
sessions_operation_duration_seconds_sum{kind="created",manager="",operation="commit"} 0.25
sessions_operation_duration_seconds_count{kind="created",manager="",operation="commit"} 1
`), "sessions_operation_duration_seconds")
		if err != nil {
			t.Error(err)
		}
	})
}

// The buckets reach from a store in memory to one that times out.
func TestDefaultBuckets(t *testing.T) {
	t.Parallel()
	collector := newCollector(t, nil)
	collector.Observe(t.Context(), session.Event{Kind: session.EventLoaded, Operation: session.OperationLoad, Start: time.Now(), Duration: 1})
	text, err := testutil.CollectAndFormat(collector, expfmt.TypeTextPlain, "sessions_operation_duration_seconds")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "_bucket{"); n != 15 || !strings.Contains(string(text), `le="0.0001"`) || !strings.Contains(string(text), `le="5"`) {
		t.Errorf("%d buckets:\n%s", n, text)
	}
}

// Every kind and every reason has its counter before the first event, or a rate would miss that.
func TestCountersBeginAtZero(t *testing.T) {
	t.Parallel()
	var want strings.Builder
	want.WriteString("# HELP sessions_events_total Events in the life of sessions, by kind.\n# TYPE sessions_events_total counter\n")
	for _, kind := range session.EventKinds() {
		want.WriteString(`sessions_events_total{kind="` + string(kind) + `",manager="carts"} 0` + "\n")
	}
	want.WriteString("# HELP sessions_ended_total Ends of sessions, by reason.\n# TYPE sessions_ended_total counter\n")
	for _, reason := range append(session.Reasons(), "other") {
		if reason != session.ReasonRenewed {
			want.WriteString(`sessions_ended_total{manager="carts",reason="` + string(reason) + `"} 0` + "\n")
		}
	}
	collector := newCollector(t, &promsessions.Options{Manager: "carts"})
	if err := testutil.CollectAndCompare(collector, strings.NewReader(want.String())); err != nil {
		t.Error(err)
	}
}

// Kinds and operations of other versions share a label, however many there are.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	collector := newCollector(t, nil)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	for _, name := range []string{"a", "b", "\xff"} {
		collector.Observe(t.Context(), session.Event{Kind: session.EventKind(name), Operation: session.Operation(name), Start: time.Now(), Duration: 1})
	}
	want := map[string]float64{
		"sessions_events_total kind=other manager=":                               3,
		"sessions_operation_duration_seconds kind=other manager= operation=other": 3,
	}
	if got := gathered(t, registry); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Several managers share a registry if their names differ.
func TestManagersShareARegistry(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	carts := newCollector(t, &promsessions.Options{Manager: "carts", Stored: func() int { return 3 }})
	admins := newCollector(t, &promsessions.Options{Manager: "admins"})
	registry.MustRegister(carts, admins)
	if err := registry.Register(newCollector(t, &promsessions.Options{Manager: "carts"})); err == nil {
		t.Error("two collectors of one name were registered")
	}
	if err := registry.Register(carts); !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
		t.Errorf("registered twice: %v", err)
	}
	admins.Observe(t.Context(), session.Event{Kind: session.EventRevoked})
	want := map[string]float64{"sessions_events_total kind=revoked manager=admins": 1, "sessions_stored manager=carts": 3}
	if got := gathered(t, registry); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Names, units and help are as Prometheus wants them, and the text has no secrets.
func TestExposition(t *testing.T) {
	t.Parallel()
	store := sessiontest.NewStore[cart](t)
	store.RunEditsOnce()
	collector := newCollector(t, &promsessions.Options{Manager: "carts", Stored: store.Direct().Len})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	ada := sessiontest.NewClient(t, newShop(t, store, collector.Observe))
	ada.Post("/items", url.Values{"sku": {"a-secret-thing"}})
	ada.Post("/login", url.Values{"name": {"ada-lovelace"}})
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text, _ := io.ReadAll(w.Result().Body)
	if !strings.Contains(string(text), `sessions_events_total{kind="renewed",manager="carts"} 1`) {
		t.Errorf("exposed:\n%s", text)
	}
	token := ada.Cookie("__Host-session_id").Value
	parsed, err := session.ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{token, parsed.ID().String(), "a-secret-thing", "ada-lovelace"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is exposed", secret)
		}
	}
}

// Events are counted while metrics are collected.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	store := sessiontest.NewStore[cart](t)
	store.RunEditsOnce()
	collector := newCollector(t, &promsessions.Options{Stored: store.Direct().Len})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	shop := newShop(t, store, collector.Observe)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			sessiontest.NewClient(t, shop).Post("/items", sku)
			if _, err := registry.Gather(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := gathered(t, registry)["sessions_events_total kind=created manager="]; got != 8 {
		t.Errorf("%v sessions were created", got)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	nan := func() float64 { zero := 0.0; return zero / zero }()
	for _, tt := range []struct {
		name    string
		options promsessions.Options
		want    []string
	}{
		{"manager", promsessions.Options{Manager: "\xff"}, []string{"Manager"}},
		{"no buckets", promsessions.Options{Buckets: []float64{}}, []string{"Buckets"}},
		{"all at once", promsessions.Options{Manager: "\xff", Buckets: []float64{0, .1, .1, nan}},
			[]string{"Manager", "Buckets[0]", "Buckets[2]", "Buckets[3]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := promsessions.New(&tt.options)
			if c != nil || err == nil {
				t.Fatalf("got %v, %v", c, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got %q", lines)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, "promsessions: "+tt.want[i]) {
					t.Errorf("got %q, want one of %s", line, tt.want[i])
				}
			}
		})
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	collector := newCollector(t, nil)
	ctx := context.Background()
	for _, e := range []session.Event{
		{Kind: session.EventRejected},
		{Kind: session.EventLoaded, Operation: session.OperationLoad, Start: time.Now(), Duration: time.Millisecond},
	} {
		if n := testing.AllocsPerRun(100, func() { collector.Observe(ctx, e) }); n != 0 {
			t.Errorf("%s: %v allocations", e.Kind, n)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	collector := newCollector(b, nil)
	e := session.Event{Kind: session.EventLoaded, Operation: session.OperationLoad, Start: time.Now(), Duration: time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		collector.Observe(b.Context(), e)
	}
}

// Reasons of the application's own are one label, so that it cannot grow without bound.
func TestReasonsOfEnds(t *testing.T) {
	t.Parallel()
	store := sessiontest.NewStore[cart](t)
	collector := newCollector(t, nil)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	ada := sessiontest.NewClient(t, newShop(t, store, collector.Observe))
	ada.Post("/items", sku)
	ada.Post("/logout", nil)
	for i := range 20 {
		collector.Observe(t.Context(), session.Event{Kind: session.EventRevoked, Reason: session.Reason(rune('a' + i))})
	}
	collector.Observe(t.Context(), session.Event{Kind: session.EventRevoked, Reason: session.ReasonOperator})
	grown := map[string]float64{}
	for name, value := range gathered(t, registry) {
		if strings.HasPrefix(name, "sessions_ended_total") {
			grown[name] = value
		}
	}
	if want := map[string]float64{"sessions_ended_total manager= reason=logged_out": 1, "sessions_ended_total manager= reason=other": 20, "sessions_ended_total manager= reason=operator": 1}; !maps.Equal(grown, want) {
		t.Errorf("grown %v, want %v", grown, want)
	}
}
