package sessions_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type (
	basket struct {
		Customer string
		Items    []line
		Notices  []string
	}
	line struct {
		SKU      string
		Name     string
		Quantity int
		Cents    int64
	}
)

func tenLines() basket {
	b := basket{Customer: "customer-4711", Notices: []string{"Welcome back!"}}
	for i := range 10 {
		b.Items = append(b.Items, line{fmt.Sprintf("SKU-%05d", i), fmt.Sprintf("A pleasant thing, number %d", i), i + 1, int64(i) * 1995})
	}
	return b
}

// A request of each kind takes no more allocations than these, of which two are for
// any request that passes a manager.
func TestAllocationsOfARequest(t *testing.T) {
	skipUnderRace(t)
	m, err := sessions.New(memstore.New[basket](nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	full := tenLines()
	get := func(r *http.Request) *sessions.Session[basket] {
		s, err := sessions.Get[basket](r)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	fill := func(w http.ResponseWriter, r *http.Request) { get(r).Update(func(b *basket) { *b = full }) }
	cookie := cookieAfter(t, m.Handler(http.HandlerFunc(fill)))
	for name, tt := range map[string]struct {
		handle http.HandlerFunc
		cookie string
		most   float64
	}{
		"untouched": {func(http.ResponseWriter, *http.Request) {}, cookie, 2},
		"read": {func(w http.ResponseWriter, r *http.Request) {
			if get(r).Value().Customer != full.Customer {
				t.Error("another value is read")
			}
		}, cookie, 5},
		"write": {func(w http.ResponseWriter, r *http.Request) {
			get(r).Update(func(b *basket) { b.Items[0].Quantity++ })
		}, cookie, 12},
		"new": {fill, "", 18}, // 15, and those by which the store grows
		"log-in": {func(w http.ResponseWriter, r *http.Request) {
			get(r).LogIn(func(b *basket) { *b = full })
		}, "", 18},
	} {
		t.Run(name, func(t *testing.T) {
			h := m.Handler(tt.handle)
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "theme=dark; "+tt.cookie)
			w := discard{}
			atMost(t, tt.most, func() { clear(w); h.ServeHTTP(w, r) })
		})
	}
}

// A store outside the process reads and writes a record in no more than these. The
// two slices of the value take two to read, its strings one, the secrets one, the record
// one.
func TestAllocationsOfARecord(t *testing.T) {
	skipUnderRace(t)
	c, full := codec.MessagePack[basket](), tenLines()
	dst := make([]byte, 0, 4096)
	data, err := c.Append(nil, &full)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("encode", func(t *testing.T) { atMost(t, 0, func() { dst, _ = c.Append(dst[:0], &full) }) })
	t.Run("decode", func(t *testing.T) {
		var got basket
		atMost(t, 3, func() { c.Decode(data, &got) })
	})
	token := session.NewToken(session.NewID())
	rec := session.Record[basket]{ID: token.ID(), Revision: 1, Secrets: session.NewSecrets(token), Value: full}
	record, err := wire.AppendRecord(nil, &rec, 1, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("write", func(t *testing.T) { atMost(t, 0, func() { dst, _ = wire.AppendRecord(dst[:0], &rec, 1, c) }) })
	t.Run("read", func(t *testing.T) { atMost(t, 5, func() { wire.DecodeRecord(record, rec.ID, c) }) })
	if len(data) > 712 || len(record) > len(data)+104 {
		t.Errorf("the value takes %d bytes, the record %d", len(data), len(record))
	}
}

// atMost checks how many allocations f makes when the pools are full.
func atMost(t *testing.T, most float64, f func()) {
	t.Helper()
	least := math.Inf(1)
	for range 20 {
		least = min(least, testing.AllocsPerRun(5, f))
	}
	if least > most {
		t.Errorf("%v allocations, want at most %v", least, most)
	}
	t.Logf("%v allocations", least)
}

// A discard is a response writer that costs nothing.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func cookieAfter(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	cookie, _, ok := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	if !ok {
		t.Fatal("there is no cookie")
	}
	return cookie
}

// skipUnderRace skips a test of allocations: the race detector adds some, and empties pools.
func skipUnderRace(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector is on")
	}
}
