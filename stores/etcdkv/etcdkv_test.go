package etcdkv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/etcdkv"
	"github.com/seed48429006/sessions/stores/kvstore"
)

type profile = storetest.Profile

// A server is one in the process.
type server struct {
	address, dir string
	etcd         *embed.Etcd
}

func (s *server) start(tb testing.TB) {
	tb.Helper()
	c := embed.NewConfig()
	c.Dir, c.LogLevel, c.UnsafeNoFsync = s.dir, "panic", true
	here := []url.URL{{Scheme: "http", Host: s.address}}
	peer := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	c.ListenClientUrls, c.AdvertiseClientUrls, c.ListenPeerUrls, c.AdvertisePeerUrls = here, here, peer, peer
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	e, err := embed.StartEtcd(c)
	if err != nil {
		tb.Fatal(err)
	}
	select {
	case <-e.Server.ReadyNotify():
	case <-time.After(time.Minute):
		tb.Fatal("the server does not start")
	}
	s.etcd, s.address = e, e.Clients[0].Addr().String()
}

func newServer(tb testing.TB) *server {
	tb.Helper()
	s := &server{address: "127.0.0.1:0", dir: tb.TempDir()}
	s.start(tb)
	tb.Cleanup(func() { s.etcd.Close() })
	return s
}

// start starts a server and returns its address.
func start(tb testing.TB) (address string) { return newServer(tb).address }

func open(tb testing.TB) *etcdkv.Backend {
	tb.Helper()
	b, err := etcdkv.Open(tb.Context(), "etcd://"+start(tb), nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

func client(tb testing.TB, address string) *clientv3.Client {
	tb.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{address}, Logger: zap.NewNop()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

func TestBackend(t *testing.T) {
	b := open(t)
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Lister: true, Watcher: true, Drops: 8 * time.Second})
}

// Keys that end at about the same time share a lease, and a write is one command.
func TestLeasesAreShared(t *testing.T) {
	c := client(t, start(t))
	b := etcdkv.New(c, "")
	for i := range 100 {
		end := time.Now().Add(time.Hour + time.Duration(i)*time.Millisecond)
		if ok, err := b.Swap(t.Context(), fmt.Sprint("key", i), 0, []byte("x"), end); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
	}
	for i, end := range []time.Time{{}, time.Now().AddDate(5000, 0, 0)} {
		if ok, err := b.Swap(t.Context(), fmt.Sprint("stays", i), 0, []byte("x"), end); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
	}
	leases, err := c.Leases(t.Context())
	if err != nil || len(leases.Leases) > 2 {
		t.Errorf("%d leases for 100 keys: %v", len(leases.Leases), err)
	}
	// Somebody revokes them all, which also drops the keys.
	for _, lease := range leases.Leases {
		if _, err := c.Revoke(t.Context(), lease.ID); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := b.Swap(t.Context(), "key0", 0, []byte("x"), time.Now().Add(time.Hour)); !ok || err != nil {
		t.Errorf("with a lease that is gone: %v, %v", ok, err)
	}
	for _, key := range []string{"key0", "stays0", "stays1"} {
		if value, _, err := b.Get(t.Context(), key); string(value) != "x" || err != nil {
			t.Errorf("%s is %q: %v", key, value, err)
		}
	}
}

// A watch tells of what another client does, also when the server was away.
func TestWatchOfAnotherClient(t *testing.T) {
	s := newServer(t)
	one, other := etcdkv.New(client(t, s.address), "a/"), etcdkv.New(client(t, s.address), "a/")
	told := make(chan bool, 100)
	defer one.Watch("key", func() { told <- true })()
	<-told // it has begun
	for _, key := range []string{"key", "key again"} {
		_, version, err := other.Get(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := other.Swap(t.Context(), "key", version, []byte(key), time.Time{}); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		select {
		case <-told:
		case <-time.After(time.Minute):
			t.Fatal("the watch was not told")
		}
		s.etcd.Close()
		s.start(t)
	}
}

func TestOpenByURL(t *testing.T) {
	url := "etcd://" + start(t) + "/shop"
	for range 2 {
		store, err := stores.Open(t.Context(), url, "carts", codec.MessagePack[profile]())
		if _, ok := store.(*kvstore.ListStore[profile]); !ok || err != nil {
			t.Fatalf("got a %T, %v", store, err)
		}
		if _, err := store.Load(t.Context(), session.NewID()); !errors.Is(err, session.ErrNotFound) {
			t.Error(err)
		}
		if err := store.(io.Closer).Close(); err != nil {
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
		"etcd://anna:hunter2@127.0.0.1:1":             true,
		"etcds://anna:hunter2@" + address:             true, // which speaks no TLS
		"etcd://anna:hunter2@127.0.0.1:1,127.0.0.1:2": true,
		"etcd:":                       false,
		"etcd://":                     false,
		"etcd://anna:hunter2@/prefix": false,
		"etcd://anna:hunter2@host:port and space":              false,
		"etcd://anna:hunter2%zz@host":                          false,
		"etcd://anna:hunter2@host/prefix?x=y":                  false,
		"http://anna:hunter2@" + address:                       false,
		"etcd://" + address + ",/" + strings.Repeat("x", 1000): false,
	} {
		b, err := etcdkv.Open(t.Context(), url, &etcdkv.Options{DialTimeout: 200 * time.Millisecond})
		if b != nil || err == nil || errors.Is(err, session.ErrUnavailable) != unavailable || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, %v", url, b, err)
		}
	}
}

func Example() {
	type Cart = struct{ Items []string }
	_, err := stores.Open(context.Background(), "etcd:", "carts", codec.MessagePack[Cart]())
	fmt.Println(err)
	// Output: etcdkv: the URL is not like etcd://user:password@host:2379,host:2379/prefix
}

func BenchmarkSave(b *testing.B) {
	storetest.BenchmarkKV(b, func(tb testing.TB) kvstore.Backend { return open(tb) })
}
