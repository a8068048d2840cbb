package redisstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

type Cart struct {
	Customer string
	Items    []string
}

func ExampleNew() {
	server, err := miniredis.Run() // stands in for a Redis server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client, err := redisstore.NewClient("redis://" + server.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	carts, err := redisstore.New(client, "carts", codec.MessagePack[Cart](), nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	// The middleware does this for each request that changes its session.
	ctx, now := context.Background(), time.Now()
	rec := session.Record[Cart]{
		ID:       session.NewID(),
		Owner:    "anna",
		Expires:  now.Add(time.Hour),
		Deadline: now.Add(24 * time.Hour),
		Value:    Cart{"anna", []string{"apples"}},
	}
	if err := carts.Save(ctx, &rec); err != nil {
		fmt.Println(err)
		return
	}
	for rec, err := range carts.ByOwner(ctx, "anna") {
		fmt.Println(rec.Value.Items, err)
	}
	// Output: [apples] <nil>
}

func ExampleNewClient() {
	_, err := redisstore.NewClient("http://user:secret@localhost")
	fmt.Println(err)
	// Output: redisstore: unknown scheme "http"; there are redis, rediss, redis+cluster, rediss+cluster, redis+sentinel, rediss+sentinel
}

// A Job cannot be stored.
type Job struct{ Done chan bool }

func ExampleOpen() {
	_, err := redisstore.Open(context.Background(), "redis://localhost:6379", "carts", codec.JSON[Job](), nil)
	fmt.Println(err)
	// Output: codec: JSON: Job.Done: a channel cannot be stored; remove it, or tag it `msgpack:"-" json:"-"`
}

// Most requests read a session that the process has seen a moment ago.
func ExampleNearCache() {
	client, err := redisstore.NewClient("redis://localhost:6379")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	carts, err := redisstore.New(client, "carts", codec.MessagePack[Cart](), &redisstore.Options{
		NearCache: redisstore.NearCache{Records: 10_000, MaxStale: 500 * time.Millisecond},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer carts.Close()
}

func ExampleStore_Revisions() {
	server, err := miniredis.Run() // stands in for a Redis server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	carts, err := redisstore.Open(context.Background(), "redis://"+server.Addr(), "carts", codec.MessagePack[Cart](), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer carts.Close()

	ctx := context.Background()
	rec := session.Record[Cart]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)}
	if err := carts.Save(ctx, &rec); err != nil {
		fmt.Println(err)
		return
	}
	unknown := session.NewID()
	revisions, err := carts.Revisions(ctx, []session.ID{rec.ID, unknown})
	fmt.Println(revisions[0] == rec.Revision, revisions[1], err)
	// Output: true 0 <nil>
}

// Without a near cache, the store does not learn of changes by other processes, and
// Watch says so.
func ExampleStore_Watch() {
	_ = func(carts *redisstore.Store[Cart], id session.ID, hangUp func()) (stop func()) {
		suspect := func() { go hangUpIfEnded(carts, id, hangUp) } // Watch also tells of other changes
		stop, ok := carts.Watch(id, suspect)
		if !ok {
			fmt.Println("ask Revisions now and then")
		}
		suspect() // it may have ended before
		return stop
	}
	// Output:
}

func hangUpIfEnded(carts *redisstore.Store[Cart], id session.ID, hangUp func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if live, err := carts.Exists(ctx, id); err == nil && !live {
		hangUp()
	}
}

func ExampleStore_Open() {
	_ = func(ctx context.Context, carts *redisstore.Store[Cart], id session.ID, accepts func(session.Secrets) bool) {
		rec, copied, err := carts.Open(ctx, id, accepts)
		fmt.Println(len(rec.Value.Items), "items; as it was a moment ago:", copied, err)
	}
	// Output:
}
