package natskv_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/kvstore"
	"github.com/seed48429006/sessions/stores/natskv"
)

type profile = storetest.Profile

// start starts a server in the process and returns its URL, without the scheme.
func start(tb testing.TB) (address string) {
	tb.Helper()
	return serve(tb, &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: tb.TempDir(), NoLog: true, NoSigs: true,
		Username: "anna", Password: "hunter2",
	}).Addr().String()
}

// serve starts a server in the process.
func serve(tb testing.TB, o *server.Options) *server.Server {
	tb.Helper()
	s, err := server.NewServer(o)
	if err != nil {
		tb.Fatal(err)
	}
	s.Start()
	tb.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		tb.Fatal("the server does not start")
	}
	return s
}

func open(tb testing.TB) *natskv.Backend {
	tb.Helper()
	b, err := natskv.Open(tb.Context(), "nats://anna:hunter2@"+start(tb), &natskv.Options{Memory: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

func TestBackend(t *testing.T) {
	b := open(t)
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Lister: true, Drops: 4 * time.Second})
}

func TestOpenByURL(t *testing.T) {
	url := "nats://anna:hunter2@" + start(t) + "/users"
	for range 2 { // the bucket is made once
		store, err := stores.Open(t.Context(), url, "carts", codec.MessagePack[profile]())
		if _, ok := store.(*kvstore.ListStore[profile]); !ok || err != nil {
			t.Fatalf("got a %T, %v", store, err)
		}
		if _, err := store.Load(t.Context(), session.NewID()); !errors.Is(err, session.ErrNotFound) {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if _, err := store.Load(t.Context(), session.NewID()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
	}
}

func TestOpenFails(t *testing.T) {
	address := start(t)
	for url, unavailable := range map[string]bool{
		"nats://anna:hunter2@127.0.0.1:1":         true,
		"nats://anna:hunter2x@" + address:         true,
		"nats://anna:hunter2@" + address + "/a.b": true,
		"nats:hunter2": false,
		"nats://anna:hunter2@host:port with space": false,
	} {
		_, err := natskv.Open(t.Context(), url, nil)
		if err == nil || errors.Is(err, session.ErrUnavailable) != unavailable || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A bucket that would lose sessions, or bring them back, is refused.
func TestNewRefusesBuckets(t *testing.T) {
	nc, err := nats.Connect("nats://anna:hunter2@" + start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]jetstream.KeyValueConfig{
		"fine":    {LimitMarkerTTL: time.Hour},
		"history": {LimitMarkerTTL: time.Hour, History: 5},
		"endless": {},
		"forgets": {LimitMarkerTTL: time.Hour, TTL: 2 * time.Hour},
	} {
		c.Bucket = name
		if _, err := js.CreateKeyValue(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if _, err := natskv.New(t.Context(), js, name); (err == nil) != (name == "fine") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := natskv.New(t.Context(), js, "absent"); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("without a bucket: %v", err)
	}
}

func Example() {
	type Cart = struct{ Items []string }
	_, err := stores.Open(context.Background(), "nats://127.0.0.1:1/sessions", "carts", codec.MessagePack[Cart]())
	fmt.Println(errors.Is(err, session.ErrUnavailable))
	// Output: true
}

func BenchmarkSave(b *testing.B) {
	storetest.BenchmarkKV(b, func(tb testing.TB) kvstore.Backend { return open(tb) })
}

// A client of NATS gives up for ever after some attempts, unless it is told not to.
func TestALongOutageEnds(t *testing.T) {
	o := server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true}
	again := o
	first := serve(t, &o)
	again.Port = first.Addr().(*net.TCPAddr).Port
	long, closed := make(chan bool), make(chan bool)
	b, err := natskv.Open(t.Context(), first.ClientURL(), &natskv.Options{Connection: []nats.Option{
		nats.CustomReconnectDelay(func(attempts int) time.Duration {
			if attempts == 3*nats.DefaultMaxReconnect {
				close(long)
			}
			return time.Millisecond
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if ok, err := b.Swap(t.Context(), "a", 0, []byte("value"), time.Time{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	first.Shutdown()
	first.WaitForShutdown()
	select {
	case <-long:
	case <-closed:
		t.Fatal("the client gave up")
	}
	serve(t, &again)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		value, _, err := b.Get(t.Context(), "a")
		if string(value) == "value" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after the outage: %q, %v", value, err)
		}
	}
}
