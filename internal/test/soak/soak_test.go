package soak

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
)

const (
	visitors = 8
	warmUp   = 4       // a warm-up takes one in so many of the time
	slack    = 4 << 20 // bytes by which the heap may have grown
)

func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SESSIONS_SOAK")
	if text == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// soak lets visitors come and go, first for a while and then for as long as is
// asked, and compares what the process uses after the one and after the other.
func soak(t *testing.T, store session.Store[Visit], connections func() int) {
	t.Helper()
	d := soakTime(t)
	seed := rand.Uint64()
	before := runtime.NumGoroutine()
	m, site := newSite(t, store, &middleware.Options{Lifetime: time.Hour, SaveTimeout: time.Minute, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	come := func(d time.Duration) (visits int64) {
		var wg sync.WaitGroup
		var count atomic.Int64
		end := time.Now().Add(d)
		for i := range visitors {
			v := &visitor{t: t, site: site, name: "visitor" + strconv.Itoa(i), rand: rand.New(rand.NewPCG(seed, uint64(i)))}
			wg.Go(func() {
				for time.Now().Before(end) && !t.Failed() {
					v.visit(m)
					count.Add(1)
				}
			})
		}
		wg.Wait()
		return count.Load()
	}
	come(d / warmUp)
	heap, conns := heapInUse(), connections()
	visits := come(d - d/warmUp)
	time.Sleep(2 * soon)
	for rec, err := range m.All(t.Context()) {
		t.Errorf("a session of %q outlives its visitor: %v", rec.Owner, err)
	}
	t.Logf("%d visits, seed %d; heap %d KiB, then %d; connections %d, then %d",
		visits, seed, heap>>10, heapInUse()>>10, conns, connections())
	if now := heapInUse(); now > heap+slack {
		t.Errorf("the heap grew from %d to %d KiB", heap>>10, now>>10)
	}
	if now := connections(); now > max(conns, 4*visitors) {
		t.Errorf("%d connections, after %d at first", now, conns)
	}
	wantGoroutines(t, before+conns)
}

// wantGoroutines waits until there are no more than so many.
func wantGoroutines(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, want %d\n%s", runtime.NumGoroutine(), want, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one left to finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestSoakMemory(t *testing.T) {
	redisserver.Long(t)
	store := memstore.New[Visit](nil)
	soak(t, store, func() int { return 0 })
	t.Logf("%d sessions are in memory", store.Len())
	if store.Len() > 10_000 {
		t.Errorf("%d expired sessions are kept", store.Len())
	}
}

func TestSoakRedis(t *testing.T) {
	redisserver.Long(t)
	server := redisserver.Start(t)
	watch := server.Client(t)
	client, err := redisstore.NewClient(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	store, err := redisstore.New(client, "soak", codec.MessagePack[Visit](), nil)
	if err != nil {
		t.Fatal(err)
	}
	soak(t, store, func() int { return connected(t, watch) })
}

// connected returns how many connections the server has.
func connected(t *testing.T, client *redis.Client) (n int) {
	t.Helper()
	info, err := client.Info(t.Context(), "clients").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, number, _ := strings.Cut(info, "connected_clients:")
	if _, err := fmt.Sscan(number, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
