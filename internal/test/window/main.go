// Window measures how long after a log-out on one node another node drops its copy of
// the session, and so would still have served it.
//
//	go run ./internal/test/window -redis localhost:6379
//
// It prints the 50th and 99th percentile and
// the maximum of two times: from when the log-out was sent, and from when it was
// acknowledged, which is negative if the other node knew earlier.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

type user struct{ Name string }

func main() {
	addr := flag.String("redis", "localhost:6379", "address of a Redis server")
	count := flag.Int("n", 2000, "log-outs to measure")
	load := flag.Int("load", 0, "callers that change sessions at the same time")
	flag.Parse()
	if err := run(*addr, *count, *load); err != nil {
		log.Fatal(err)
	}
}

func run(addr string, count, load int) error {
	a, err := node(addr)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := node(addr)
	if err != nil {
		return err
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	for range load {
		others.Go(func() { change(ctx, a) })
	}
	defer others.Wait()
	defer cancel()
	var sent, acknowledged []time.Duration
	for range count {
		s, k, err := measure(ctx, a, b)
		if err != nil {
			return err
		}
		sent, acknowledged = append(sent, s), append(acknowledged, k)
	}
	fmt.Printf("%d log-outs beside %d callers: the other node drops its copy\n", count, load)
	fmt.Printf("  after the log-out was sent:         %s\n", spread(sent))
	fmt.Printf("  after the log-out was acknowledged: %s\n", spread(acknowledged))
	return nil
}

func node(addr string) (*redisstore.Store[user], error) {
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	return redisstore.New(client, "window", codec.MessagePack[user](), &redisstore.Options{
		NearCache: redisstore.NearCache{Records: 10_000}})
}

// measure logs a session out on a, which b serves from its cache, and returns when b
// had dropped its copy.
func measure(ctx context.Context, a, b *redisstore.Store[user]) (sent, acknowledged time.Duration, err error) {
	rec := record()
	if err := a.Save(ctx, &rec); err != nil {
		return 0, 0, err
	}
	dropped := make(chan time.Time, 10)
	stop, _ := b.Watch(rec.ID, func() { dropped <- time.Now() })
	defer stop()
	accepts := func(session.Secrets) bool { return true }
	for copied := false; !copied; time.Sleep(2 * time.Millisecond) { // for the message about a's Save
		if _, copied, err = b.Open(ctx, rec.ID, accepts); err != nil {
			return 0, 0, err
		}
	}
	for len(dropped) > 0 {
		<-dropped
	}
	begun := time.Now()
	if err := a.Delete(ctx, rec.ID, 0); err != nil && !errors.Is(err, session.ErrNotFound) {
		return 0, 0, err
	}
	done := time.Now()
	at := <-dropped
	return at.Sub(begun), at.Sub(done), nil
}

// change changes a session time and again.
func change(ctx context.Context, s *redisstore.Store[user]) {
	rec := record()
	for ctx.Err() == nil {
		s.Save(ctx, &rec)
	}
}

func record() session.Record[user] {
	token := session.NewToken(session.NewID())
	return session.Record[user]{ID: token.ID(), Secrets: session.NewSecrets(token), Expires: time.Now().Add(time.Hour), Value: user{"ada"}}
}

func spread(times []time.Duration) string {
	slices.Sort(times)
	at := func(share int) time.Duration { return times[(len(times)-1)*share/1000].Round(time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v, max %v", at(500), at(990), at(1000))
}
