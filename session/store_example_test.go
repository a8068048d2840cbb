package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A counted store counts the loads of another one. To embed the interface hides what
// the other store can do besides: a wrapper passes on ByOwner, Ended and the others
// that it wants.
type counted struct {
	session.Store[Cart]
	session.Indexer[Cart]
	loads atomic.Int64
}

func (c *counted) Load(ctx context.Context, id session.ID) (session.Record[Cart], error) {
	c.loads.Add(1)
	return c.Store.Load(ctx, id)
}

func ExampleStore() {
	store := memstore.New[Cart](nil)
	counting := &counted{Store: store, Indexer: store}
	token, _ := newCart(counting, "tea").Token()
	reload(counting, token)
	fmt.Println(counting.loads.Load(), "load")
	// Output: 1 load
}

// A page for operators may show a session as it was a moment ago. A copy costs the
// store nothing.
func ExampleCachedLoader() {
	items := func(ctx context.Context, store session.Store[Cart], id session.ID) ([]string, error) {
		if near, ok := store.(session.CachedLoader[Cart]); ok { // redisstore with a NearCache
			rec, _, err := near.LoadCached(ctx, id)
			return rec.Value.Items, err
		}
		rec, err := store.Load(ctx, id)
		return rec.Value.Items, err
	}

	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	fmt.Println(items(context.Background(), store, cart.ID()))
	// Output: [tea] <nil>
}

func ExampleIndexer() {
	store := memstore.New[Cart](nil)
	for range 2 { // on a laptop and on a phone
		cart := session.New(store, nil)
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
		if err := cart.Commit(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	var index session.Indexer[Cart] = store
	for rec, err := range index.ByOwner(context.Background(), "ada") {
		fmt.Println(rec.Value.Customer, err)
	}
	// Output:
	// ada <nil>
	// ada <nil>
}

func ExampleLister() {
	store := memstore.New[Cart](nil)
	newCart(store, "tea")
	newCart(store, "tea", "milk")
	sold := 0
	for rec, err := range session.Lister[Cart](store).All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		sold += len(rec.Value.Items)
	}
	fmt.Println(sold, "items in all carts")
	// Output: 3 items in all carts
}

func ExamplePoller() {
	store := memstore.New[Cart](nil)
	kept, ended := newCart(store, "tea"), newCart(store, "milk")
	ended.Destroy()
	ids := []session.ID{kept.ID(), ended.ID()}
	if err := ended.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	gone, err := session.Poller(store).Ended(context.Background(), ids)
	fmt.Println(len(gone), gone[0] == ids[1], err)
	// Output: 1 true <nil>
}

func ExampleWatcher() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	stop, ok := session.Watcher(store).Watch(cart.ID(), func() { fmt.Println("ended") })
	if !ok {
		log.Fatal("the store cannot tell, as it is configured")
	}
	defer stop()
	cart.Destroy()
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: ended
}

func ExampleRetiredError() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	old := cart.ID()
	cart.Renew()
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	_, err := store.Load(context.Background(), old)
	retired, ok := errors.AsType[*session.RetiredError](err)
	fmt.Println(ok, retired.Successor == cart.ID(), errors.Is(err, session.ErrGone))
	// Output: true true true
}

// A store wraps the errors of its database.
func ExampleStoreError() {
	fmt.Println(session.StoreError(errors.New("connection refused")))
	fmt.Println(session.StoreError(session.ErrNotFound))
	// Output:
	// session: store unavailable: connection refused
	// session: not found
}
