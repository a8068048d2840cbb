// Cluster is three servers that share their sessions on one Redis, behind a front
// that gives each request to the next server: sticky sessions are not needed.
//
//	go run ./examples/cluster -store redis://localhost:6379
//	for i in 1 2 3 4 5 6; do curl -c jar -b jar http://localhost:8080/; done
//
// Here, one program plays all four. In earnest, each server is a process on a machine
// of its own, started with the same store and the same options.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores"
)

// A Visit is the value of each session.
type Visit struct{ Count int }

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	store := flag.String("store", "redis://localhost:6379", "`URL` of the store")
	flag.Parse()
	front, err := newCluster(context.Background(), *store, 3)
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, front))
}

// newCluster starts servers and returns the front.
func newCluster(ctx context.Context, store string, servers int) (http.Handler, error) {
	var targets []*url.URL
	for n := range servers {
		h, err := newServer(ctx, store, n+1)
		if err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			return nil, err
		}
		go func() { log.Fatal(http.Serve(l, h)) }()
		targets = append(targets, &url.URL{Scheme: "http", Host: l.Addr().String()})
	}
	return newFront(targets), nil
}

// newServer returns one server. It has connections to Redis of its own, and shares
// nothing else with the others.
func newServer(ctx context.Context, url string, number int) (http.Handler, error) {
	store, err := stores.Open(ctx, url, "cluster", codec.MessagePack[Visit]())
	if err != nil {
		return nil, err
	}
	visits, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		visit.Update(func(v *Visit) { v.Count++ })
		fmt.Fprintf(w, "Visit %d, on server %d.\n", visit.Value().Count, number)
	}))
	return visits.Handler(mux), nil
}

// newFront returns a proxy that gives requests to the targets in turn. The servers
// must learn the host that the visitor asked for: checks for requests from other sites
// compare it.
func newFront(targets []*url.URL) http.Handler {
	var turn atomic.Uint64
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(targets[turn.Add(1)%uint64(len(targets))])
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
}
