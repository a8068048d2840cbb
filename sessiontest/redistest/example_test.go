package redistest_test

import (
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
