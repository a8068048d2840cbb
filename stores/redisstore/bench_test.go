package redisstore_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// full returns a record of a cart of ten items.
func full(owner string) session.Record[cart] {
	rec := draft(owner)
	rec.Value.Items = nil
	for i := range 10 {
		rec.Value.Items = append(rec.Value.Items, item{fmt.Sprintf("sku-%04d", i), "a thing of some name", i, int64(i) * 199})
	}
	return rec
}

func BenchmarkStore(b *testing.B) {
	client := newClient(b, "redis://"+redisserver.Start(b).Addr()).(*redis.Client)
	s, ctx := newStore(b, client), b.Context()
	rec := full("anna")
	must(b, s.Save(ctx, &rec))
	data, err := client.Get(ctx, key(rec.ID)).Bytes()
	must(b, err)
	must(b, client.Set(ctx, "bare", data, time.Hour).Err())
	compare := redis.NewScript(`
		local old = redis.call('GETRANGE', KEYS[1], 2, 9)
		if old ~= ARGV[2] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3]) end
		return 0`)

	for _, bench := range []struct {
		name string
		call func() error
	}{
		{"bare GET", func() error { _, err := client.Get(ctx, "bare").Bytes(); return err }},
		{"Load", func() error { _, err := s.Load(ctx, rec.ID); return err }},
		{"Exists", func() error { _, err := s.Exists(ctx, rec.ID); return err }},
		{"bare compare and set", func() error { return compare.Run(ctx, client, []string{"bare"}, data, "expected", 3600000).Err() }},
		{"Save", func() error { return s.Save(ctx, &rec) }},
		{"Touch", func() error { return s.Touch(ctx, rec.ID, rec.Revision, rec.Expires) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bench.call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A plainClient is a client whose commands are not combined.
type plainClient struct{ *redis.Client }

// BenchmarkParallel measures callers at once, each with sessions of its own in turn:
// without combined commands, with them, and with a near cache too.
func BenchmarkParallel(b *testing.B) {
	server := redisserver.Start(b)
	client := server.Client(b)
	stores := map[string]store{
		"alone":    newStore(b, plainClient{client}),
		"combined": newStore(b, client),
		"near":     nearStore(b, client, redisstore.NearCache{Records: 20_000}),
	}
	for _, callers := range []int{1, 16, 64, 256} {
		for _, call := range []string{"Load", "Save", "Load and Save"} {
			for _, kind := range []string{"alone", "combined", "near"} {
				s := stores[kind]
				b.Run(fmt.Sprintf("%s/%d/%s", call, callers, kind), func(b *testing.B) {
					parallel(b, s, callers, map[string]func(*session.Record[cart]) error{
						"Load": func(rec *session.Record[cart]) error { _, err := served(s, rec.ID); return err },
						"Save": func(rec *session.Record[cart]) error { return s.Save(b.Context(), rec) },
						"Load and Save": func(rec *session.Record[cart]) error {
							loaded, err := served(s, rec.ID)
							if err != nil {
								return err
							}
							return s.Save(b.Context(), &loaded)
						},
					}[call])
				})
			}
		}
	}
}

// ownSessions is how many sessions a caller has. With one alone, it would come back
// before its node knows whether another wrote it too, which visitors seldom do.
const ownSessions = 32

// parallel measures a call by so many callers.
func parallel(b *testing.B, s store, callers int, call func(*session.Record[cart]) error) {
	var made sync.WaitGroup
	records := make(chan []session.Record[cart], callers+runtime.GOMAXPROCS(0))
	for range cap(records) {
		made.Go(func() {
			own := make([]session.Record[cart], ownSessions)
			for i := range own {
				own[i] = full("")
				must(b, s.Save(b.Context(), &own[i]))
			}
			records <- own
		})
	}
	made.Wait()
	b.ResetTimer()
	if callers == 1 {
		own := <-records
		for i := range b.N {
			must(b, call(&own[i%ownSessions]))
		}
		return
	}
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		own := <-records
		for i := 0; pb.Next(); i++ {
			if err := call(&own[i%ownSessions]); err != nil {
				b.Error(err)
			}
		}
		records <- own
	})
}
