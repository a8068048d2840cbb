package bench_test

import (
	"encoding/gob"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/bench"
	ours "github.com/seed48429006/sessions/stores/memstore"
)

func init() { gob.Register(bench.Cart{}) }

// A subject is one library: handlers that do the same things.
type subject struct {
	name  string
	wrap  func(http.Handler) http.Handler
	read  http.HandlerFunc
	write http.HandlerFunc
}

func sessionsOn(b *testing.B, store sessions.Store[bench.Cart]) subject {
	m, err := sessions.New(store, nil)
	if err != nil {
		b.Fatal(err)
	}
	get := func(r *http.Request) *sessions.Session[bench.Cart] {
		s, err := sessions.Get[bench.Cart](r)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	return subject{
		name: "sessions",
		wrap: m.Handler,
		read: func(w http.ResponseWriter, r *http.Request) {
			if get(r).Value().Customer == "" {
				b.Fatal("empty")
			}
		},
		write: func(w http.ResponseWriter, r *http.Request) {
			get(r).Update(func(c *bench.Cart) {
				if len(c.Items) == 0 {
					*c = bench.TenItems()
				}
				c.Items[0].Quantity++
			})
		},
	}
}

func scsOn(m *scs.SessionManager) subject {
	return subject{
		name: "scs",
		wrap: m.LoadAndSave,
		read: func(w http.ResponseWriter, r *http.Request) {
			if m.Get(r.Context(), "cart").(bench.Cart).Customer == "" {
				panic("empty")
			}
		},
		write: func(w http.ResponseWriter, r *http.Request) {
			c, ok := m.Get(r.Context(), "cart").(bench.Cart)
			if !ok {
				c = bench.TenItems()
			}
			c.Items[0].Quantity++
			m.Put(r.Context(), "cart", c)
		},
	}
}

func newSCS() *scs.SessionManager {
	m := scs.New()
	m.Store = memstore.NewWithCleanupInterval(0)
	return m
}

// A sink is a response writer that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

func request(cookie string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "theme=dark; "+cookie+"; lang=en")
	return r
}

// visit returns the cookie of a session that holds ten items.
func visit(b *testing.B, s subject) string {
	w := httptest.NewRecorder()
	s.wrap(s.write).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	cookie, _, ok := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	if !ok {
		b.Fatal("no cookie")
	}
	return cookie
}

func run(b *testing.B, h http.Handler, r *http.Request) {
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func nothing(http.ResponseWriter, *http.Request) {}

func BenchmarkMemory(b *testing.B) {
	bare := subject{name: "bare", wrap: func(h http.Handler) http.Handler { return h }}
	b.Run("untouched/bare", func(b *testing.B) { run(b, bare.wrap(http.HandlerFunc(nothing)), request("a=b")) })
	for _, s := range []subject{sessionsOn(b, ours.New[bench.Cart](nil)), scsOn(newSCS())} {
		b.Run("anonymous/"+s.name, func(b *testing.B) { run(b, s.wrap(http.HandlerFunc(nothing)), request("a=b")) })
		b.Run("untouched/"+s.name, func(b *testing.B) { run(b, s.wrap(http.HandlerFunc(nothing)), request(visit(b, s))) })
		b.Run("read/"+s.name, func(b *testing.B) { run(b, s.wrap(s.read), request(visit(b, s))) })
		b.Run("write/"+s.name, func(b *testing.B) { run(b, s.wrap(s.write), request(visit(b, s))) })
		b.Run("new/"+s.name, func(b *testing.B) { run(b, s.wrap(s.write), request("a=b")) })
	}
}
