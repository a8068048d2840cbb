package kvstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/kvmap"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/kvstore"
)

type Cart struct{ Items []string }

func ExampleNew() {
	backend := kvmap.New() // or a file, or a server
	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	// What the middleware does for a handler:
	ctx, token := context.Background(), session.NewToken(session.NewID())
	err = store.Save(ctx, &session.Record[Cart]{
		ID:      token.ID(),
		Secrets: session.NewSecrets(token),
		Expires: time.Now().Add(time.Hour),
		Value:   Cart{Items: []string{"tea"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := store.Load(ctx, token.ID())
	fmt.Println(rec.Value.Items, err)
	// Output: [tea] <nil>
}

// The test of a backend checks its own contract, and then the store on top of it.
func Example_backend() {
	_ = func(t *testing.T, open func(*testing.T) kvstore.Backend) {
		storetest.KV(t, open, &storetest.KVOptions{Lister: true})
	}
	// Output:
}

func ExampleListStore_Prune() {
	store, err := kvstore.New(kvmap.New(), "carts", codec.MessagePack[string](), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := store.(*kvstore.ListStore[string]).Prune(context.Background())
	fmt.Println(n, "removed,", err)
	// Output: 0 removed, <nil>
}

func ExampleRegister() {
	kvstore.Register("example", func(_ context.Context, url string) (kvstore.Backend, error) {
		if !strings.HasPrefix(url, "example:") {
			return nil, errors.New("example: the URL has no example: before it")
		}
		return kvmap.New(), nil
	})
	backend, err := kvstore.Open(context.Background(), "example:")
	fmt.Printf("%T %v\n", backend, err)
	_, err = kvstore.Open(context.Background(), "sample:x")
	fmt.Println(err)
	// Output:
	// *kvmap.Map <nil>
	// kvstore: no backend for the URL's scheme is in the program; there are ["example"]
}
