package boltkv_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/boltkv"
	"github.com/seed48429006/sessions/stores/kvstore"
)

type profile = storetest.Profile

func open(tb testing.TB) *boltkv.Backend {
	tb.Helper()
	b, err := boltkv.Open(filepath.Join(tb.TempDir(), "sessions.db"), nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

// quick returns a backend that does not wait for the disk.
func quick(tb testing.TB) *boltkv.Backend {
	tb.Helper()
	db := openDB(tb)
	db.NoSync = true
	b, err := boltkv.New(db, "sessions")
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestBackend(t *testing.T) {
	b := quick(t)
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Lister: true, Watcher: true, Drops: time.Millisecond})
}

// What was written is there when the file is opened again.
func TestReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	for i := range 3 {
		b, err := boltkv.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		value, version, err := b.Get(t.Context(), "a")
		if err != nil || string(value) != strings.Repeat("x", i) {
			t.Fatalf("got %q, %v", value, err)
		}
		if ok, err := b.Swap(t.Context(), "a", version, append(value, 'x'), time.Time{}); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Another process, or a mistake in the path, is no reason to wait for ever.
func TestOpenFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	b, err := boltkv.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, path := range []string{path, t.TempDir(), filepath.Join(t.TempDir(), "no", "folder")} {
		if other, err := boltkv.Open(path, &boltkv.Options{Timeout: time.Millisecond}); other != nil || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s: got %v, %v", path, other, err)
		}
	}
	if _, err := boltkv.Open("", nil); err == nil || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("without a path: %v", err)
	}
}

func TestOpenByURL(t *testing.T) {
	for _, slashes := range []string{"", "//"} {
		store, err := stores.Open(t.Context(), "bolt:"+slashes+filepath.Join(t.TempDir(), "sessions.db"), "carts", codec.MessagePack[profile]())
		if _, ok := store.(*kvstore.ListStore[profile]); !ok || err != nil {
			t.Fatalf("got a %T, %v", store, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if _, err := store.Load(t.Context(), session.NewID()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
	}
	if store, err := stores.Open(t.Context(), "bolt:", "carts", codec.MessagePack[profile]()); store != nil || err == nil {
		t.Errorf("without a path: got %v, %v", store, err)
	}
}

// Writes that come while another one is under way share a transaction.
func TestWritesShareTransactions(t *testing.T) {
	db := openDB(t)
	b, err := boltkv.New(db, "sessions")
	if err != nil {
		t.Fatal(err)
	}
	const writes = 100
	blocked, err := db.Begin(true) // a write that is under way
	if err != nil {
		t.Fatal(err)
	}
	before := commits(db)
	var wg sync.WaitGroup
	for i := range writes {
		wg.Go(func() {
			if ok, err := b.Swap(t.Context(), fmt.Sprint("key", i), 0, []byte("x"), time.Time{}); !ok || err != nil {
				t.Errorf("%v, %v", ok, err)
			}
		})
	}
	for b.Waiting() < writes/2 {
		time.Sleep(time.Millisecond)
	}
	blocked.Rollback()
	wg.Wait()
	if n := commits(db) - before; n > writes/2+1 {
		t.Errorf("%d writes took %d transactions", writes, n)
	}
	for i := range writes {
		if value, _, _ := b.Get(t.Context(), fmt.Sprint("key", i)); string(value) != "x" {
			t.Errorf("key %d is %q", i, value)
		}
	}
}

func openDB(tb testing.TB) *bbolt.DB {
	tb.Helper()
	db, err := bbolt.Open(filepath.Join(tb.TempDir(), "app.db"), 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// commits returns how many transactions have been written.
func commits(db *bbolt.DB) (id int) {
	db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil })
	return id
}

// A write that waits for others gives up when its context is done, also if it is to
// write what waits.
func TestWaitingWritesGiveUp(t *testing.T) {
	db := openDB(t)
	b, err := boltkv.New(db, "sessions")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		blocked, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { b.Swap(t.Context(), "leader", 0, []byte("x"), time.Time{}) })
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		var gaveUp atomic.Int64
		for range 10 {
			wg.Go(func() {
				if _, err := b.Swap(ctx, "others", 0, []byte("x"), time.Time{}); errors.Is(err, context.Canceled) {
					gaveUp.Add(1)
				}
			})
		}
		time.Sleep(time.Millisecond)
		go cancel()
		blocked.Rollback()
		wg.Wait()
		ok := make(chan bool)
		go func() {
			_, err := b.Swap(t.Context(), "after", 0, []byte("x"), time.Time{})
			ok <- err == nil
		}()
		select {
		case done := <-ok:
			if !done {
				t.Fatal("a later write failed")
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("no write goes on, after %d gave up", gaveUp.Load())
		}
	}
}

// Keys that have ended leave the file.
func TestEndedKeysAreRemoved(t *testing.T) {
	db := openDB(t)
	b, err := boltkv.New(db, "sessions")
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, end time.Time) {
		_, version, _ := b.Get(t.Context(), key)
		if ok, err := b.Swap(t.Context(), key, version, []byte("x"), end); !ok || err != nil {
			t.Fatalf("%s: %v, %v", key, ok, err)
		}
	}
	for i := range 50 {
		put(fmt.Sprint("ends", i), time.Now())
		put(fmt.Sprint("moves", i), time.Now().Add(time.Hour))
		put(fmt.Sprint("moves", i), time.Now().Add(2*time.Hour))
	}
	put("another", time.Time{})
	db.View(func(tx *bbolt.Tx) error {
		top := tx.Bucket([]byte("sessions"))
		if keys, ends := top.Bucket([]byte("keys")).Stats().KeyN, top.Bucket([]byte("ends")).Stats().KeyN; keys != 51 || ends != 50 {
			t.Errorf("%d keys and %d ends are in the file", keys, ends)
		}
		return nil
	})
}

func Example() {
	type Cart = struct{ Items []string }
	store, err := stores.Open(context.Background(), "bolt:/no/such/folder/sessions.db", "carts", codec.MessagePack[Cart]())
	fmt.Println(store, errors.Is(err, session.ErrUnavailable))
	// Output: <nil> true
}

func BenchmarkSave(b *testing.B) {
	storetest.BenchmarkKV(b, func(tb testing.TB) kvstore.Backend { return open(tb) })
}

// The end that a removed key had does not come to a key that is written anew.
func TestTheEndOfARemovedKey(t *testing.T) {
	b, err := boltkv.Open(filepath.Join(t.TempDir(), "db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, end := t.Context(), time.Now().Add(100*time.Millisecond)
	swap := func(key string, value string, end time.Time) {
		t.Helper()
		_, version, err := b.Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := b.Swap(ctx, key, version, []byte(value), end); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	swap("a", "one", end)
	swap("a", "", end)
	swap("a", "two", time.Time{})
	time.Sleep(time.Until(end) + 10*time.Millisecond)
	swap("b", "sweeps", time.Time{})
	if value, _, err := b.Get(ctx, "a"); string(value) != "two" || err != nil {
		t.Errorf("got %q, %v", value, err)
	}
}
