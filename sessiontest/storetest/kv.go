package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/stores/kvstore"
)

// KVOptions tell [KV] about the backend. The zero value suits a backend whose clock is
// the real one.
type KVOptions struct {
	// Bubble checks each rule in a [testing/synctest] bubble of its own, where waiting
	// takes no time. It is for backends that do no I/O.
	Bubble bool

	// Lister says that the backend must be a [kvstore.Lister], and Watcher that it must
	// be a [kvstore.Watcher]. If it is false, its rules are skipped on a backend that
	// lacks it.
	Lister, Watcher bool

	// Drops is how long after its end the backend has dropped a key. Zero means that
	// this is not known, and skips the rule.
	Drops time.Duration
}

// KV checks that a backend keeps every rule of [kvstore.Backend], and of
// [kvstore.Lister] and [kvstore.Watcher] if it is one. Each rule is a subtest named for
// it. A rule that fails quotes the contract. new is called once for each rule. It may
// return the same backend each time: the rules use keys that no other uses.
//
// The subtest "store" then checks the store on top of the backend, by [Run].
func KV(t *testing.T, new func(*testing.T) kvstore.Backend, o *KVOptions) {
	if o == nil {
		o = &KVOptions{}
	}
	for _, r := range slices.Concat(kvRules, kvWatchRules) {
		t.Run(r.name, func(t *testing.T) {
			if !o.Bubble {
				t.Parallel()
				r.check(t, new(t), o)
				return
			}
			synctest.Test(t, func(t *testing.T) { r.check(t, new(t), o) })
		})
	}
	t.Run("store", func(t *testing.T) { runKVStore(t, new, o) })
}

// A kvRule is one thing that a backend must do.
type kvRule struct {
	name        string
	explanation string
	lists       bool // it is for a Lister
	watches     bool // it is for a Watcher
	try         func(*kvTrial)
}

func (r *kvRule) check(t *testing.T, backend kvstore.Backend, o *KVOptions) {
	lister, lists := backend.(kvstore.Lister)
	watcher, watches := backend.(kvstore.Watcher)
	need := func(needed, is, must bool, name string) {
		switch {
		case needed && !is && must:
			t.Fatalf("%T is not a %s", backend, name)
		case needed && !is:
			t.Skipf("%T is not a %s", backend, name)
		}
	}
	need(r.lists, lists, o.Lister, "Lister")
	need(r.watches, watches, o.Watcher, "Watcher")
	r.try(&kvTrial{T: t, rule: r, options: o, backend: backend, lister: lister, watcher: watcher, prefix: "kv." + newID().String() + "."})
}

// A kvTrial is one rule being checked.
type kvTrial struct {
	*testing.T
	rule    *kvRule
	options *KVOptions
	backend kvstore.Backend
	lister  kvstore.Lister
	watcher kvstore.Watcher
	prefix  string // of the rule's keys
}

// fail fails the test and quotes the rule.
func (t *kvTrial) fail(format string, args ...any) {
	t.Helper()
	t.Fatalf(format+"\nThe rule: %s", append(args, t.rule.explanation)...)
}

func (t *kvTrial) key(name string) string { return t.prefix + name }

func (t *kvTrial) get(name string) ([]byte, kvstore.Version) {
	t.Helper()
	value, version, err := t.backend.Get(t.Context(), t.key(name))
	if err != nil {
		t.fail("Get returned the error %v", err)
	}
	if (version == 0) != (len(value) == 0) {
		t.fail("Get returned %d bytes and the version %d", len(value), version)
	}
	return value, version
}

func (t *kvTrial) trySwap(name string, old kvstore.Version, value string, end time.Time) bool {
	t.Helper()
	swapped, err := t.backend.Swap(t.Context(), t.key(name), old, []byte(value), end)
	if err != nil {
		t.fail("Swap returned the error %v", err)
	}
	return swapped
}

// swap writes a key, which must succeed, and returns its new version.
func (t *kvTrial) swap(name string, old kvstore.Version, value string, end time.Time) kvstore.Version {
	t.Helper()
	if !t.trySwap(name, old, value, end) {
		t.fail("Swap from the present version reported false")
	}
	_, version := t.get(name)
	return version
}

func (t *kvTrial) create(name, value string) kvstore.Version {
	t.Helper()
	return t.swap(name, 0, value, inAnHour())
}

func (t *kvTrial) refused(name string, old kvstore.Version, value string) {
	t.Helper()
	if t.trySwap(name, old, value, inAnHour()) {
		t.fail("Swap from the version %d reported true", old)
	}
}

// want checks what there is under a key. The empty value means nothing.
func (t *kvTrial) want(name, value string) {
	t.Helper()
	got, _ := t.get(name)
	if string(got) != value {
		if len(value) > 100 {
			t.fail("Get returned %d bytes, want %d others", len(got), len(value))
		}
		t.fail("Get returned %q, want %q", got, value)
	}
}

// keys returns the names of the keys with a prefix, sorted.
func (t *kvTrial) keys(prefix string) (names []string) {
	t.Helper()
	for key, err := range t.lister.Keys(t.Context(), t.key(prefix)) {
		if err != nil {
			t.fail("Keys yielded the error %v", err)
		}
		name, mine := strings.CutPrefix(key, t.prefix)
		if !mine {
			t.fail("Keys yielded %q, which does not begin with %q", key, t.prefix)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (t *kvTrial) wantKeys(prefix string, want ...string) {
	t.Helper()
	if got := t.keys(prefix); !slices.Equal(got, want) {
		if len(want) > 20 {
			t.fail("Keys yielded %d keys, want %d others", len(got), len(want))
		}
		t.fail("Keys yielded %q, want %q", got, want)
	}
}

// together calls f several times at once, and returns how many calls reported true.
func (t *kvTrial) together(f func(i int) (bool, error)) (won int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	start := make(chan bool)
	for i := range crowd {
		wg.Go(func() {
			<-start
			ok, err := f(i)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if ok {
				won++
			}
		})
	}
	close(start)
	wg.Wait()
	if failed != nil {
		t.fail("Swap returned the error %v", failed)
	}
	return won
}
