package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// kvNamespace is the namespace of the suite's stores.
const kvNamespace = "storetest"

func newKVStore[T any](tb testing.TB, backend kvstore.Backend, maxRecord int) session.Store[T] {
	tb.Helper()
	s, err := kvstore.New(backend, kvNamespace, codec.MessagePack[T](), &kvstore.Options{MaxRecordBytes: maxRecord})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// runKVStore checks the store on top of a backend.
func runKVStore(t *testing.T, new func(*testing.T) kvstore.Backend, o *KVOptions) {
	var backends sync.Map // by store
	backendOf := func(store session.Store[Profile]) kvstore.Backend {
		backend, _ := backends.Load(store)
		return backend.(kvstore.Backend)
	}
	options := &Options{
		Bubble: o.Bubble, Poller: true, Opener: true, Indexer: o.Lister, Lister: o.Lister, Outliner: o.Lister, Watcher: o.Watcher,
		MaxRecord: kvstore.DefaultMaxRecordBytes,
	}
	if !o.Bubble { // a backend of a bubble cannot be asked here
		if bounded, ok := new(t).(interface{ MaxValueBytes() int }); ok {
			options.MaxRecord = min(options.MaxRecord, bounded.MaxValueBytes())
		}
	}
	options.Corrupt = func(t *testing.T, store session.Store[Profile], id session.ID) {
		backend, key := backendOf(store), kvNamespace+".s."+id.String()
		data, version, err := backend.Get(t.Context(), key)
		if err != nil || version == 0 {
			t.Fatalf("the record is not at %s: %v", key, err)
		}
		data = bytes.Clone(data)
		data[len(data)-1] ^= 1
		if ok, err := backend.Swap(t.Context(), key, version, data, inAnHour()); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
	}
	if o.Lister {
		options.Indexed = func(t *testing.T, store session.Store[Profile], owner string) (n int) {
			sum := sha256.Sum256([]byte(owner))
			prefix := kvNamespace + ".o." + base64.RawURLEncoding.EncodeToString(sum[:]) + "."
			for _, err := range backendOf(store).(kvstore.Lister).Keys(t.Context(), prefix) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			return n
		}
	}
	Run(t, func(t *testing.T) session.Store[Profile] {
		backend := new(t)
		store := newKVStore[Profile](t, backend, options.MaxRecord)
		backends.Store(store, backend)
		return store
	}, options)
}

// BenchmarkKV measures how fast the store on top of a backend creates sessions: by one
// caller, and by 64 at once.
func BenchmarkKV(b *testing.B, new func(testing.TB) kvstore.Backend) {
	for _, callers := range []int{1, 64} {
		b.Run(map[int]string{1: "one", 64: "64 at once"}[callers], func(b *testing.B) {
			store := newKVStore[Profile](b, new(b), 0)
			b.SetParallelism(callers)
			save := func() {
				id := session.NewID()
				rec := record{ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Expires: time.Now().Add(time.Hour)}
				if err := store.Save(context.Background(), &rec); err != nil {
					b.Error(err)
				}
			}
			if callers == 1 {
				for b.Loop() {
					save()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					save()
				}
			})
		})
	}
}
