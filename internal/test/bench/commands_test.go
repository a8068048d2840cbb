package bench_test

import (
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// most is how many commands a request of this library may send to Redis, and how many
// statements to PostgreSQL, as docs/benchmarks.md has them. A script is one.
var most = map[bench.Case]int64{
	bench.NoCookie: 0, bench.NotUsed: 0, bench.NotUsedIdle: 0,
	bench.Read: 1, bench.ReadIdle: 1, bench.Change: 2, bench.New: 1, bench.LogIn: 3,
}

// mostNear is the same with a near cache, for requests that come one right after
// another. For each write the cache asks for the new revision on its own
// connection. Until it has the answer, a session is read from Redis, with its time to live.
var mostNear = map[bench.Case]int64{
	bench.NoCookie: 0, bench.NotUsed: 0, bench.NotUsedIdle: 0,
	bench.Read: 0, bench.ReadIdle: 0, bench.Change: 4, bench.New: 2, bench.LogIn: 5,
}

// TestCommands counts commands and round trips on the line to a server.
func TestCommands(t *testing.T) {
	for _, s := range bench.Subjects() {
		if s.Library != "sessions" || s.Needs == nil {
			continue
		}
		limits := most
		if strings.Contains(s.Store, "near") {
			limits = mostNear
		}
		t.Run(s.Store, func(t *testing.T) {
			meter, app := metered(t, s)
			for _, c := range bench.Cases() {
				guest, err := bench.NewGuest(app, c)
				if err != nil {
					t.Fatal(err)
				}
				got := least(meter, guest)
				if want := limits[c] * visits; got.Commands > want || got.Trips > want {
					t.Errorf("%s: %d requests sent %d commands in %d round trips, want at most %d", c, visits, got.Commands, got.Trips, want)
				}
				if c == bench.New && got.Commands == 0 {
					t.Error("a new session sends no command: nothing is counted")
				}
			}
		})
	}
}

// visits is how many are counted together.
const visits = 10

// least returns what visits send, but not what they send now and then: a near cache's
// commands, and the statement that deletes ended rows after one creation in 16.
func least(meter *bench.Meter, guest *bench.Guest) (got bench.Reading) {
	for i := range 50 {
		start := meter.Read()
		for range visits {
			guest.Visit()
		}
		if r := meter.Since(start); i == 0 || r.Commands < got.Commands {
			got = r
		}
	}
	return got
}

// metered returns an application of the subject and the line to its server.
func metered(t *testing.T, s bench.Subject) (*bench.Meter, bench.App) {
	t.Helper()
	meter, err := bench.NewMeter(s.Needs, start(t, s.Needs).Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { meter.Close() })
	app, err := s.Open(meter.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return meter, app
}
