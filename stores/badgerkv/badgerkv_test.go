package badgerkv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Lister: true, Drops: 2 * time.Second})
}

func TestConformance(t *testing.T) {
	b := open(t, &badgerkv.Options{Unsynced: true})
	s := newStore[profile](t, b)
	storetest.Run(t, func(*testing.T) session.Store[profile] { return s }, &storetest.Options{
		Indexer: true, Lister: true, Poller: true, Opener: true, MaxRecord: kvstore.DefaultMaxRecordBytes,
		Corrupt: func(t *testing.T, _ session.Store[profile], id session.ID) {
			key := "test.s." + id.String()
			data, version, err := b.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)-1] ^= 1
			if ok, err := b.Swap(t.Context(), key, version, data, time.Now().Add(time.Hour)); !ok || err != nil {
				t.Fatalf("%v, %v", ok, err)
			}
		},
	})
}

func newStore[T any](tb testing.TB, b kvstore.Backend) session.Store[T] {
	tb.Helper()
	s, err := kvstore.New(b, "test", codec.MessagePack[T](), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return s
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
		if err := store.(io.Closer).Close(); err != nil {
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
	for name, parallel := range map[string]int{"one": 0, "64 at once": 64} {
		b.Run(name, func(b *testing.B) {
			s := newStore[profile](b, open(b, nil))
			save := func() {
				id := session.NewID()
				rec := session.Record[profile]{ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Expires: time.Now().Add(time.Hour)}
				if err := s.Save(context.Background(), &rec); err != nil {
					b.Error(err)
				}
			}
			if parallel == 0 {
				for b.Loop() {
					save()
				}
				return
			}
			b.SetParallelism(parallel)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					save()
				}
			})
		})
	}
}
