package badgerkv_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/badgerkv"
	"github.com/seed48429006/sessions/stores/kvstore"
)

type profile = storetest.Profile

func open(tb testing.TB, o *badgerkv.Options) *badgerkv.Backend {
	tb.Helper()
	b, err := badgerkv.Open(tb.TempDir(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

func TestBackend(t *testing.T) {
	b := open(t, &badgerkv.Options{Unsynced: true})
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Lister: true, Watcher: true, Drops: 2 * time.Second})
}

// What was written is there when the folder is opened again, and versions go on.
func TestReopened(t *testing.T) {
	folder := t.TempDir()
	versions := make(map[kvstore.Version]bool)
	for i := range 3 {
		b, err := badgerkv.Open(folder, nil)
		if err != nil {
			t.Fatal(err)
		}
		value, version, err := b.Get(t.Context(), "a")
		if err != nil || string(value) != strings.Repeat("x", i) || versions[version] {
			t.Fatalf("got %q, version %d, %v", value, version, err)
		}
		versions[version] = true
		if ok, err := b.Swap(t.Context(), "a", version, append(value, 'x'), time.Time{}); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenFails(t *testing.T) {
	folder := t.TempDir()
	b, err := badgerkv.Open(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if other, err := badgerkv.Open(folder, nil); other != nil || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("a second time: got %v, %v", other, err)
	}
	if _, err := badgerkv.Open("", nil); err == nil || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("without a path: %v", err)
	}
}

func TestNewNeedsConflicts(t *testing.T) {
	for _, detects := range []bool{true, false} {
		db, err := badger.Open(badger.DefaultOptions("").WithInMemory(true).WithLogger(nil).WithDetectConflicts(detects))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if b, err := badgerkv.New(db); (err == nil) != detects || b != nil && b.Close() != nil {
			t.Errorf("detects conflicts: %v: got the error %v", detects, err)
		}
		if detects && db.IsClosed() {
			t.Error("the caller's database was closed")
		}
	}
}

func TestOpenByURL(t *testing.T) {
	for _, slashes := range []string{"", "//"} {
		store, err := stores.Open(t.Context(), "badger:"+slashes+filepath.Join(t.TempDir(), "sessions"), "carts", codec.MessagePack[profile]())
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
}

func Example() {
	type Cart = struct{ Items []string }
	store, err := stores.Open(context.Background(), "badger:", "carts", codec.MessagePack[Cart]())
	fmt.Println(store, err)
	// Output: <nil> badgerkv: the folder's path is empty
}

func BenchmarkSave(b *testing.B) {
	storetest.BenchmarkKV(b, func(tb testing.TB) kvstore.Backend { return open(tb, nil) })
}
