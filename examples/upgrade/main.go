// Upgrade shows how a program goes on with the sessions of its last release, whose
// values had another type. It needs a Redis server, which keeps them in between.
//
//	go run ./examples/upgrade -release 1 -store redis://localhost:6379
//	curl -c jar -b jar -d item=tea -d item=tea -d item=mug http://localhost:8080/
//
// Or open http://localhost:8080. Stop the program, start the next release, and look:
//
//	go run ./examples/upgrade -release 2 -store redis://localhost:6379
//	curl -c jar -b jar http://localhost:8080/
//
// A real program has one release at a time: its code has the present type, the types
// that stored sessions still have, and the way from these to that.
package main

import (
	"context"
	"flag"
	"fmt"
	"html"
	"log"
	"net/http"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	release := flag.Int("release", 2, "1 or 2")
	url := flag.String("store", "redis://localhost:6379", "`URL` of the store")
	flag.Parse()
	open := open2
	if *release == 1 {
		open = open1
	}
	h, err := open(context.Background(), *url)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("release %d: open http://%s", *release, *addr)
	log.Fatal(http.ListenAndServe(*addr, http.NewCrossOriginProtection().Handler(h)))
}

// open1 is release 1.
func open1(ctx context.Context, url string) (http.Handler, error) {
	values, err := codec.Versioned(1, codec.MessagePack[Cart1]())
	if err != nil {
		return nil, err
	}
	return newShop(ctx, url, values, (*Cart1).add)
}

// open2 is release 2: it reads the carts of both, and writes its own.
func open2(ctx context.Context, url string) (http.Handler, error) {
	values, err := codec.Versioned(2, codec.MessagePack[Cart](), codec.From(1, codec.MessagePack[Cart1](), upgrade))
	if err != nil {
		return nil, err
	}
	return newShop(ctx, url, values, (*Cart).add)
}

const page = `<!DOCTYPE html><meta name="color-scheme" content="light dark"><title>Upgrade</title>
<p>Your cart: %s
<form method="post" action="/"><input name="item" aria-label="Item" required> <button>Add</button></form>`

// newShop is the same in both releases.
func newShop[T fmt.Stringer](ctx context.Context, url string, values codec.Codec[T], add func(*T, string)) (http.Handler, error) {
	store, err := stores.Open(ctx, url, "upgrade", values)
	if err != nil {
		return nil, err
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[T]) {
		fmt.Fprintf(w, page, html.EscapeString(cart.Value().String()))
	}))
	mux.Handle("POST /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[T]) {
		r.ParseForm()
		items := r.PostForm["item"]
		cart.Update(func(c *T) {
			for _, item := range items {
				add(c, item)
			}
		})
		fmt.Fprintf(w, page, html.EscapeString(cart.Value().String()))
	}))
	return carts.Handler(mux), nil
}
