package otelsessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/seed48429006/sessions/middleware/otelsessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// Each use of the store is a span below the request's, and each other event one of
// the request's.
func TestSpans(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{Manager: "carts"})
	ada, store := newClient(t, tele)
	for _, tt := range []struct {
		name   string
		act    func()
		want   []string // spans in their order, with their kinds, statuses and error types
		events []string // of the request
	}{
		{"a page without a session", func() { ada.Get("/about") }, nil, nil},
		{"a new session", func() { ada.Post("/items", sku) }, []string{"commit session created Unset"}, nil},
		{"a read", func() { ada.Get("/items") }, []string{"load session loaded Unset"}, nil},
		{"a log-in", func() { ada.Post("/login", url.Values{"name": {"ada"}}) },
			[]string{"load session loaded Unset", "commit session renewed Unset"}, nil},
		{"a change that another request overtakes", func() {
			store.ChangeMeanwhile(func(c *cart) { c.Items = nil })
			ada.Post("/items", sku)
		}, []string{"load session loaded Unset", "commit session saved Unset"}, []string{"session conflict"}},
		{"a forged token", func() {
			r := httptest.NewRequest("GET", "/items", nil)
			r.Header.Set("Cookie", "__Host-session_id=forged")
			tele.shop(t, store).ServeHTTP(httptest.NewRecorder(), r)
		}, nil, []string{"session rejected"}},
		{"a store that cannot read", func() { store.Down(); ada.Get("/items"); store.Up() },
			[]string{"load session failed Error unavailable"}, nil},
		{"a store that cannot write", func() {
			store.Fail(sessiontest.OpSave, errFull)
			ada.Other().Post("/items", sku)
			store.Up()
		}, []string{"commit session failed Error unavailable"}, nil},
		{"a client that leaves", func() {
			store.Fail(sessiontest.OpSave, context.Canceled)
			ada.Other().Post("/items", sku)
			store.Up()
		}, []string{"commit session failed Unset canceled"}, nil},
	} {
		ended := tele.during(tt.act)
		request, children := ended[len(ended)-1], ended[:len(ended)-1]
		var got, events []string
		for _, span := range children {
			text := span.Name() + " " + value(span.Attributes(), "sessions.kind") + " " + span.Status().Code.String()
			got = append(got, strings.TrimSpace(text+" "+value(span.Attributes(), "error.type")))
			if span.Parent().SpanID() != request.SpanContext().SpanID() {
				t.Errorf("%s: %s is not below the request", tt.name, span.Name())
			}
			if span.StartTime().Before(request.StartTime()) || span.EndTime().After(request.EndTime()) || span.Status().Description != "" {
				t.Errorf("%s: %s is from %v to %v, %+v", tt.name, span.Name(), span.StartTime(), span.EndTime(), span.Status())
			}
		}
		for _, event := range request.Events() {
			events = append(events, event.Name)
		}
		if !slices.Equal(got, tt.want) || !slices.Equal(events, tt.events) {
			t.Errorf("%s: spans %q, events %q; want %q, %q", tt.name, got, events, tt.want, tt.events)
		}
	}
}

func value(attributes []attribute.KeyValue, key attribute.Key) string {
	for _, a := range attributes {
		if a.Key == key {
			return a.Value.AsString()
		}
	}
	return ""
}

// A span is from the time that the store is asked until it has answered.
func TestTimesOfSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tele := newTelemetry(t, otelsessions.Options{})
		ada, store := newClient(t, tele)
		ada.Post("/items", sku)
		store.Delay(sessiontest.OpLoad, time.Second)
		store.Delay(sessiontest.OpSave, 3*time.Second)
		spans := tele.during(func() { ada.Post("/items", sku) })
		load, commit, request := spans[0], spans[1], spans[2]
		begun := request.StartTime()
		for _, tt := range []struct {
			name      string
			got, want time.Duration
		}{
			{"begin of the load", load.StartTime().Sub(begun), 0},
			{"end of the load", load.EndTime().Sub(begun), time.Second},
			{"begin of the commit", commit.StartTime().Sub(begun), time.Second},
			{"end of the commit", commit.EndTime().Sub(begun), 4 * time.Second},
		} {
			if tt.got != tt.want {
				t.Errorf("%s: after %v, want %v", tt.name, tt.got, tt.want)
			}
		}
	})
}

// An event that comes late, as at the end of a transaction, is a span of its own time.
func TestTimeOfALateEvent(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{})
	ctx, request := tele.tracers.Tracer("").Start(t.Context(), "request")
	defer request.End()
	e := loaded
	e.Start, e.Duration = time.Now().Add(-time.Hour), time.Minute
	span := tele.during(func() { tele.Observe(ctx, e) })[0]
	if !span.StartTime().Equal(e.Start) || !span.EndTime().Equal(e.Start.Add(time.Minute)) {
		t.Errorf("from %v to %v, want %v and a minute", span.StartTime(), span.EndTime(), e.Start)
	}
}

// Attributes tell the session and the fields that changed. They have no token, owner,
// value, nor the text of an error.
func TestAttributes(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{Manager: "carts"})
	ada, store := newClient(t, tele)
	ada.Post("/items", sku)
	ada.Post("/login", url.Values{"name": {"ada-lovelace"}})
	token := ada.Cookie("__Host-session_id").Value
	parsed, err := session.ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	saved := tele.during(func() { ada.Post("/items", sku) })[1]
	want := fmt.Sprint([]attribute.KeyValue{
		attribute.String("sessions.manager", "carts"),
		attribute.String("sessions.kind", "saved"),
		attribute.String("sessions.operation", "commit"),
		attribute.String("session.id", parsed.ID().String()),
		attribute.Int("sessions.attempts", 1),
		attribute.StringSlice("sessions.changes", []string{"Items"}),
	})
	if got := fmt.Sprint(saved.Attributes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	store.Fail(sessiontest.OpSave, errFull)
	ada.Post("/items", sku)
	store.Corrupt(parsed.ID(), errFull)
	ada.Get("/items")
	var text strings.Builder
	text.WriteString(fmt.Sprint(tele.metrics(t)))
	for _, span := range tele.spans.Ended() {
		text.WriteString(fmt.Sprint(span.Name(), span.Attributes(), span.Events(), span.Status()))
	}
	for _, secret := range []string{token, "ada-lovelace", "a-secret-thing", "secret-host"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("%q is reported", secret)
		}
	}
	if !strings.Contains(text.String(), "undecodable") || !strings.Contains(text.String(), "decode") {
		t.Errorf("reported %s", text.String())
	}
}

// Errors have classes, which are few.
func TestErrorTypes(t *testing.T) {
	t.Parallel()
	wrapped := func(errs ...error) error { return fmt.Errorf("%w: %w", session.ErrUnavailable, errors.Join(errs...)) }
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errFull, "_OTHER"},
		{nil, "_OTHER"},
		{session.ErrUnavailable, "unavailable"},
		{wrapped(context.Canceled), "canceled"},
		{wrapped(context.DeadlineExceeded), "timeout"},
		{wrapped(session.ErrNewer), "newer_version"},
		{wrapped(session.ErrConflict), "unavailable"},
		{session.ErrConflict, "conflict"},
		{session.ErrTooLarge, "too_large"},
		{session.ErrLate, "late"},
		{&session.EncodeError{Err: errFull}, "encode"},
		{&session.DecodeError{Err: errFull}, "decode"},
	} {
		tele := newTelemetry(t, otelsessions.Options{})
		ctx, request := tele.tracers.Tracer("").Start(t.Context(), "request")
		tele.Observe(ctx, session.Event{Kind: session.EventFailed, Err: tt.err})
		request.End()
		event := tele.spans.Ended()[0].Events()[0]
		if got := value(event.Attributes, "error.type"); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

// Without a recorded parent there is no span, and the observer allocates nothing.
func TestUnsampled(t *testing.T) {
	tele := newTelemetry(t, otelsessions.Options{}, trace.WithSampler(trace.NeverSample()))
	ada, _ := newClient(t, tele)
	if spans := tele.during(func() { ada.Post("/items", sku) }); len(spans) > 0 {
		t.Errorf("spans %v", spans)
	}
	always := newTelemetry(t, otelsessions.Options{})
	e := loaded
	e.Start = time.Now()
	always.Observe(t.Context(), e)
	if spans := always.spans.Ended(); len(spans) > 0 {
		t.Errorf("spans %v without a request", spans)
	}
	ctx, request := tele.tracers.Tracer("").Start(context.Background(), "request")
	defer request.End()
	if n := testing.AllocsPerRun(100, func() { tele.Observe(ctx, e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A span that has ended gets no children: code may use a session after its request.
func TestEndedParent(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{})
	ctx, request := tele.tracers.Tracer("").Start(t.Context(), "request")
	request.End()
	e := loaded
	e.Start = time.Now()
	if spans := tele.during(func() { tele.Observe(ctx, e) }); len(spans) > 0 {
		t.Errorf("spans %v", spans)
	}
}
