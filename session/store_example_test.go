package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A counted store counts the loads of another one. To embed the interface hides what
// the other store can do besides: a wrapper passes on ByOwner, Revisions and the others
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
func ExampleOpener() {
	items := func(ctx context.Context, store session.Store[Cart], id session.ID) ([]string, error) {
		if opener, ok := store.(session.Opener[Cart]); ok { // redisstore with a NearCache
			rec, _, err := opener.Open(ctx, id, func(session.Secrets) bool { return true })
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
	revisions, err := session.Poller(store).Revisions(context.Background(), ids)
	fmt.Println("lives:", revisions[0] != 0, revisions[1] != 0, err)
	// Output: lives: true false <nil>
}

func ExampleWatcher() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	stop, ok := session.Watcher(store).Watch(cart.ID(), func() { fmt.Println("changed") })
	if !ok {
		log.Fatal("the store cannot tell, as it is configured")
	}
	defer stop()
	cart.Destroy()
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: changed
}

// Code that writes records by itself gives each its secrets.
func ExampleNewSecrets() {
	store := memstore.New[Cart](nil)
	token := session.NewToken(session.NewID())
	now := time.Now().UTC().Truncate(time.Millisecond)
	rec := session.Record[Cart]{
		ID: token.ID(), Secrets: session.NewSecrets(token), Value: Cart{Items: []string{"tea"}},
		Created: now, Renewed: now, Deadline: now.Add(24 * time.Hour), Expires: now.Add(time.Hour),
	}
	if err := store.Save(context.Background(), &rec); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rec.Secrets, reload(store, token).Value().Items)
	// Output: current [tea]
}

// A store keeps secrets as bytes.
func ExampleParseSecrets() {
	secrets := session.NewSecrets(session.NewToken(session.NewID()))
	data, err := secrets.AppendBinary(nil)
	if err != nil {
		log.Fatal(err)
	}
	again, err := session.ParseSecrets(data)
	fmt.Println(len(data), "bytes", again == secrets, err)
	// Output: 45 bytes true <nil>
}

// An operator ends a session that has no owner any more.
func ExampleEndIf() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	rec, err := session.EndIf(context.Background(), store, new(session.Policy), cart.ID(),
		session.ReasonOperator, func(rec *session.Record[Cart]) bool { return rec.Owner == "" })
	fmt.Println(rec.ID == cart.ID(), err, store.Len())
	// Output: true <nil> 0
}

// A store wraps the errors of its database.
func ExampleStoreError() {
	fmt.Println(session.StoreError(errors.New("connection refused")))
	fmt.Println(session.StoreError(session.ErrNotFound))
	// Output:
	// session: store unavailable: connection refused
	// session: not found
}
