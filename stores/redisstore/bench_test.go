package redisstore_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
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
	client := redisserver.Start(b).Client(b)
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
		{"Touch", func() error { return s.Touch(ctx, rec.ID, rec.Expires) }},
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

// BenchmarkParallel measures callers at once, with combined commands and without.
func BenchmarkParallel(b *testing.B) {
	server := redisserver.Start(b)
	client, ctx := server.Client(b), b.Context()
	for _, kind := range []struct {
		name   string
		client redis.Cmdable
	}{{"alone", plainClient{client}}, {"combined", client}} {
		for _, callers := range []int{1, 16, 64, 256} {
			s := newStore(b, kind.client)
			records := make(chan *session.Record[cart], callers)
			for range callers {
				rec := full("")
				must(b, s.Save(ctx, &rec))
				records <- &rec
			}
			for name, call := range map[string]func(*session.Record[cart]) error{
				"Load": func(rec *session.Record[cart]) error { _, err := s.Load(ctx, rec.ID); return err },
				"Save": func(rec *session.Record[cart]) error { return s.Save(ctx, rec) },
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", name, callers, kind.name), func(b *testing.B) {
					b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
					if callers == 1 {
						for b.Loop() {
							rec := <-records
							must(b, call(rec))
							records <- rec
						}
						return
					}
					b.RunParallel(func(pb *testing.PB) {
						rec := <-records
						for pb.Next() {
							must(b, call(rec))
						}
						records <- rec
					})
				})
			}
		}
	}
}
