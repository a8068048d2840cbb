package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// Redis can publish which keys expire. Each process that subscribes hears of each
// session, by its ID alone: not of its owner, and not of what a lost connection missed.
// In a cluster, each server tells of its own keys.
func ExampleStore_timedOut() {
	_ = func(ctx context.Context, client *redis.Client, clean func(session.ID)) {
		// The server is configured with notify-keyspace-events Ex.
		for ctx.Err() == nil {
			err := eachTimedOut(ctx, client, "carts", clean)
			log.Printf("not told of sessions that time out, for a second: %v", err)
			time.Sleep(time.Second)
		}
	}
	// Output:
}

// eachTimedOut calls timedOut for each session of the namespace that expires, until ctx
// ends or the connection is lost. It also calls it for IDs of notes, which are no
// session's, if a manager has KeepEnded or RefuseLogIn.
func eachTimedOut(ctx context.Context, client *redis.Client, namespace string, timedOut func(session.ID)) error {
	expired := client.Subscribe(ctx, fmt.Sprintf("__keyevent@%d__:expired", client.Options().DB))
	defer context.AfterFunc(ctx, func() { expired.Close() })() // Receive waits on
	defer expired.Close()
	for {
		received, err := expired.Receive(ctx)
		if err != nil {
			return err
		}
		if message, ok := received.(*redis.Message); ok {
			key, ours := strings.CutPrefix(message.Payload, namespace+":")
			if id, err := session.ParseID(key); ours && err == nil {
				timedOut(id)
			}
		}
	}
}

func TestTheRecipeForSessionsThatTimeOut(t *testing.T) {
	client := redisserver.Start(t).Client(t)
	must(t, client.ConfigSet(t.Context(), "notify-keyspace-events", "Ex").Err())
	s := newStore(t, client)
	ctx, stop := context.WithCancel(t.Context())
	told, ended := make(chan session.ID, 10), make(chan error, 1)
	go func() { ended <- eachTimedOut(ctx, client, "carts", func(id session.ID) { told <- id }) }()
	eventually(t, "the subscription", func() bool {
		n, err := client.PubSubNumSub(t.Context(), "__keyevent@0__:expired").Result()
		must(t, err)
		return n["__keyevent@0__:expired"] == 1
	})

	ends, deleted, lives := draft("anna"), draft("anna"), saved(t, s, "anna")
	must(t, s.Save(t.Context(), &deleted))
	must(t, s.Delete(t.Context(), deleted.ID, deleted.Revision))
	must(t, client.Set(t.Context(), "others:"+session.NewID().String(), 1, time.Millisecond).Err())
	must(t, s.Save(t.Context(), &ends))
	must(t, client.PExpire(t.Context(), key(ends.ID), time.Millisecond).Err())
	if got := <-told; got != ends.ID {
		t.Errorf("told of %v, want %v, not %v or %v", got, ends.ID, deleted.ID, lives.ID)
	}
	stop()
	if err := <-ended; err == nil || len(told) > 0 {
		t.Errorf("the end is %v, and %d more were told", err, len(told))
	}
}
