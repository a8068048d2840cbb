package redistest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

type Cart struct{ Items []string }

func ExampleNew() {
	_ = func(t *testing.T) {
		carts, err := redisstore.New(redistest.New(t), "carts", codec.MessagePack[Cart](), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = carts // the test's store
	}
	// Output:
}

func ExampleStart() {
	ctx := context.Background()
	client, stop, err := redistest.Start(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	fmt.Println(client.Ping(ctx).Val())
	// Output: PONG
}
