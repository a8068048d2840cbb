package bench_test

import (
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// open returns a subject's application, with a server of its own if it needs one.
func open(tb testing.TB, s bench.Subject) bench.App {
	tb.Helper()
	addr := ""
	if s.Needs != nil {
		addr = start(tb, s.Needs).Addr()
	}
	app, err := s.Open(addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { app.Close() })
	return app
}

func start(tb testing.TB, s *bench.Service) bench.Server {
	tb.Helper()
	server, err := s.Start()
	required := map[*bench.Service]string{bench.Redis: "SESSIONS_REQUIRE_REDIS", bench.PostgreSQL: "SESSIONS_REQUIRE_SQL"}
	if errors.Is(err, bench.ErrNotInstalled) && os.Getenv(required[s]) != "1" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { server.Stop() })
	return server
}

func Benchmark(b *testing.B) {
	for _, s := range bench.Subjects() {
		b.Run(s.Name(), func(b *testing.B) {
			app := open(b, s)
			for _, c := range bench.Cases() {
				if !app.Can(c) {
					continue
				}
				b.Run(string(c), func(b *testing.B) {
					guest, err := bench.NewGuest(app, c)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportAllocs()
					for b.Loop() {
						guest.Visit()
					}
				})
			}
		})
	}
}

// TestGuests checks that every case of every subject does its work again and again.
func TestGuests(t *testing.T) {
	for _, s := range bench.Subjects() {
		t.Run(s.Name(), func(t *testing.T) {
			app := open(t, s)
			for _, c := range bench.Cases() {
				if !app.Can(c) {
					continue
				}
				guest, err := bench.NewGuest(app, c)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					guest.Visit()
					if status, _ := guest.Response(); status != http.StatusOK {
						t.Errorf("%s: status %d", c, status)
					}
				}
			}
		})
	}
}
