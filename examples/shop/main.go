// Shop is a small web shop. It shows a program with package sessions. A visitor's
// session is a value of type [Cart]: the items, the customer, the state of the
// checkout.
//
//	go run ./examples/shop
//	SESSIONS_STORE=redis://localhost:6379 go run ./examples/shop
//
// Operators set the store, times and secrets by the environment: see sessions.Config.
//
// To follow it, begin with cart.go, which declares the session's value, and shop.go,
// which puts everything together. The other files are one page or two each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores"
)

// grace is how long requests that are under way have to end after a signal.
const grace = 10 * time.Second

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "shop: unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, os.Environ()); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// run keeps the shop open until ctx is done.
func run(ctx context.Context, addr string, environ []string) error {
	carts, store, err := stores.FromEnv(ctx, environ, "shop", codec.MessagePack[Cart](), options())
	if err != nil {
		return err
	}
	defer store.Close()
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program; choose another address with -addr", addr)
	}
	if err != nil {
		return err
	}
	fmt.Println("Shop open at", openAt(addr, listener))
	return serve(ctx, listener, newShop(carts).handler())
}

// openAt returns the address to open in a browser, for which an empty host and
// the port 0 will not do.
func openAt(addr string, listener net.Listener) string {
	host, _, _ := net.SplitHostPort(addr)
	if host == "" {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "http://" + net.JoinHostPort(host, port)
}

// serve answers requests until ctx is done, and then lets the requests under way end.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       time.Minute,
	}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		ended <- server.Shutdown(ctx)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
