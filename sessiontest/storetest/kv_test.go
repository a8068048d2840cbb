package storetest_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/kvmap"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// kv is a backend that is right but for the methods that are set.
type kv struct {
	right *kvmap.Map
	get   func(ctx context.Context, key string) ([]byte, kvstore.Version, error)
	swap  func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error)
	keys  func(ctx context.Context, prefix string) iter.Seq2[string, error]
	watch func(key string, changed func()) (stop func())
}

func newKV(flaw func(*kv)) *kv {
	m := kvmap.New()
	b := &kv{m, m.Get, m.Swap, m.Keys, m.Watch}
	flaw(b)
	return b
}

func (b *kv) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	return b.get(ctx, key)
}

func (b *kv) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	return b.swap(ctx, key, old, value, end)
}

func (b *kv) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return b.keys(ctx, prefix)
}

func (b *kv) Watch(key string, changed func()) (stop func()) { return b.watch(key, changed) }

// force writes a key whatever is there.
func (b *kv) force(ctx context.Context, key string, value []byte, end time.Time) (bool, error) {
	for {
		_, version, err := b.right.Get(ctx, key)
		if err != nil {
			return false, err
		}
		if ok, err := b.right.Swap(ctx, key, version, value, end); ok || err != nil {
			return ok, err
		}
	}
}

// renamed gives keys other names.
func (b *kv) renamed(name func(string) string) {
	b.get = func(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
		return b.right.Get(ctx, name(key))
	}
	b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
		return b.right.Swap(ctx, name(key), old, value, end)
	}
}

// filtered lets keep choose what Keys yields.
func (b *kv) filtered(keep func(key string) int) {
	b.keys = func(ctx context.Context, prefix string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for key, err := range b.right.Keys(ctx, prefix) {
				times := 1
				if err == nil {
					times = keep(key)
				}
				for range times {
					if !yield(key, err) {
						return
					}
				}
			}
		}
	}
}

var kvFlaws = []struct {
	name  string
	rules string
	make  func(*kv)
}{
	{"absent keys have a value", "get-absent", func(b *kv) {
		b.get = func(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
			value, version, err := b.right.Get(ctx, key)
			if version == 0 {
				return []byte("nothing"), 1, err
			}
			return value, version, err
		}
	}},
	{"nothing is written", "swap-creates", func(b *kv) {
		b.swap = func(context.Context, string, kvstore.Version, []byte, time.Time) (bool, error) { return true, nil }
	}},
	{"versions are not compared", "swap-exists swap-conflict swap-absent race-create race-remove", func(b *kv) {
		b.swap = func(ctx context.Context, key string, _ kvstore.Version, value []byte, end time.Time) (bool, error) {
			return b.force(ctx, key, value, end)
		}
	}},
	{"a version stays", "swap-replaces swap-versions-differ", func(b *kv) {
		b.get = func(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
			value, version, err := b.right.Get(ctx, key)
			return value, min(version, 1), err
		}
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			if _, version, _ := b.right.Get(ctx, key); min(version, 1) == old {
				old = version
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"versions begin anew", "swap-versions-differ", func(b *kv) {
		type seen struct{ base kvstore.Version }
		var mu sync.Mutex
		first := make(map[string]seen)
		b.get = func(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
			value, version, err := b.right.Get(ctx, key)
			mu.Lock()
			defer mu.Unlock()
			if version == 0 {
				delete(first, key)
				return value, 0, err
			}
			if _, ok := first[key]; !ok {
				first[key] = seen{version - 1}
			}
			return value, version - first[key].base, err
		}
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			mu.Lock()
			if old != 0 {
				old += first[key].base
			}
			if len(value) == 0 {
				delete(first, key)
			}
			mu.Unlock()
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"removed keys stay", "swap-removes store", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			if len(value) == 0 {
				value = []byte("removed")
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"keys are compared without case", "swap-one-only", func(b *kv) { b.renamed(strings.ToLower) }},
	{"keys have 128 bytes", "key-long", func(b *kv) { b.renamed(func(key string) string { return key[:min(len(key), 128)] }) }},
	{"values end at a NUL", "value-bytes", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			if i := slices.Index(value, 0); i > 0 {
				value = value[:i]
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"values are written in place", "value-untouched", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			stored, version, err := b.right.Get(ctx, key)
			if err == nil && version == old && len(stored) == len(value) {
				copy(stored, value)
				value = stored
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"far ends wrap", "end-far", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			if end.Year() > 2300 {
				end = time.Now()
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"no end is the beginning", "end-far end-moves", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			if end.IsZero() {
				end = time.Unix(0, 0)
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"the first end stays", "end-moves", func(b *kv) {
		var mu sync.Mutex
		ends := make(map[string]time.Time)
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			mu.Lock()
			if first, ok := ends[key]; ok && old != 0 {
				end = first
			}
			ends[key] = end
			mu.Unlock()
			return b.right.Swap(ctx, key, old, value, end)
		}
	}},
	{"no key is dropped", "end-drops", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, _ time.Time) (bool, error) {
			return b.right.Swap(ctx, key, old, value, time.Time{})
		}
	}},
	{"contexts are ignored", "context context-keys", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			return b.right.Swap(context.WithoutCancel(ctx), key, old, value, end)
		}
		b.keys = func(ctx context.Context, prefix string) iter.Seq2[string, error] {
			return b.right.Keys(context.WithoutCancel(ctx), prefix)
		}
	}},
	{"prefixes end at a dot", "keys", func(b *kv) {
		b.keys = func(ctx context.Context, prefix string) iter.Seq2[string, error] {
			return b.right.Keys(ctx, strings.TrimSuffix(prefix, "."))
		}
	}},
	{"replaced keys are yielded twice", "keys-removed", func(b *kv) {
		var mu sync.Mutex
		writes := make(map[string]int)
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			mu.Lock()
			writes[key]++
			mu.Unlock()
			return b.right.Swap(ctx, key, old, value, end)
		}
		b.filtered(func(key string) int { mu.Lock(); defer mu.Unlock(); return writes[key] })
	}},
	{"a page is all", "keys-many", func(b *kv) {
		b.keys = func(ctx context.Context, prefix string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				n := 0
				for key, err := range b.right.Keys(ctx, prefix) {
					if n++; n > 1000 || !yield(key, err) {
						return
					}
				}
			}
		}
	}},
	{"an iteration locks", "keys-meanwhile", func(b *kv) {
		var mu sync.Mutex
		busy := false
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			if busy {
				return false, errors.New("locked")
			}
			return b.right.Swap(ctx, key, old, value, end)
		}
		set := func(is bool) { mu.Lock(); defer mu.Unlock(); busy = is }
		b.keys = func(ctx context.Context, prefix string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				set(true)
				defer set(false)
				b.right.Keys(ctx, prefix)(yield)
			}
		}
	}},
	{"watches hear of the first write only", "watch", func(b *kv) {
		b.watch = func(key string, changed func()) func() { return b.right.Watch(key, sync.OnceFunc(changed)) }
	}},
	{"removals are not told of", "watch", func(b *kv) {
		b.watch = func(key string, changed func()) func() {
			return b.right.Watch(key, func() {
				go func() {
					if value, _, _ := b.right.Get(context.Background(), key); len(value) > 0 {
						changed()
					}
				}()
			})
		}
	}},
	{"watches do not stop", "watch-stop", func(b *kv) {
		b.watch = func(key string, changed func()) func() {
			b.right.Watch(key, changed)
			return func() {}
		}
	}},
	{"a watch stops the others", "watch-stop", func(b *kv) {
		var mu sync.Mutex
		stops := make(map[string][]func())
		b.watch = func(key string, changed func()) func() {
			mu.Lock()
			defer mu.Unlock()
			stops[key] = append(stops[key], b.right.Watch(key, changed))
			return func() {
				mu.Lock()
				defer mu.Unlock()
				for _, stop := range stops[key] {
					stop()
				}
			}
		}
	}},
	{"a watch begins late", "race-watch", func(b *kv) {
		b.watch = func(key string, changed func()) func() {
			stop := make(chan func(), 1)
			go func() { dawdle(); stop <- b.right.Watch(key, changed) }()
			return sync.OnceFunc(func() { (<-stop)() })
		}
	}},
	{"swap looks before it leaps", "race-create race-swap race-remove", func(b *kv) {
		b.swap = func(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
			_, version, err := b.right.Get(ctx, key)
			if err != nil || version != old {
				return false, err
			}
			dawdle()
			return b.force(ctx, key, value, end)
		}
	}},
}

// TestFlawedKV runs the suite on backends that must not pass, in a child process.
func TestFlawedKV(t *testing.T) {
	if os.Getenv(inChild) == "" {
		t.Skip("run by TestKVTells")
	}
	for _, fl := range kvFlaws {
		t.Run(slug(fl.name), func(t *testing.T) { testKV(t, fl.make) })
	}
	t.Run("none", func(t *testing.T) { testKV(t, func(*kv) {}) })
}

func testKV(t *testing.T, flaw func(*kv)) {
	storetest.KV(t, func(*testing.T) kvstore.Backend { return newKV(flaw) }, &storetest.KVOptions{Bubble: true, Lister: true, Watcher: true, Drops: time.Second})
}

// TestKVTells checks that the suite for backends lets a right one pass, that it fails for
// every flaw under the rule that names it, and that no rule is idle.
func TestKVTells(t *testing.T) {
	output, failed := runFlawed(t, "TestFlawedKV", "none", "")
	if failed {
		t.Fatalf("the suite fails for a backend that is right:\n%s", output)
	}
	idle := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^ +--- PASS: TestFlawedKV/none/([^/\s]+) `).FindAllStringSubmatch(output, -1) {
		idle[match[1]] = true
	}
	for _, fl := range kvFlaws {
		t.Run(slug(fl.name), func(t *testing.T) {
			output, _ := runFlawed(t, "TestFlawedKV", slug(fl.name), strings.Join(strings.Fields(fl.rules), "|"))
			for rule := range strings.FieldsSeq(fl.rules) {
				delete(idle, rule)
				if !strings.Contains(output, "--- FAIL: TestFlawedKV/"+slug(fl.name)+"/"+rule+" ") {
					t.Errorf("the rule %s did not tell:\n%s", rule, output)
				}
			}
			if !strings.Contains(output, "The rule: ") {
				t.Errorf("no rule is quoted:\n%s", output)
			}
		})
	}
	for rule := range idle {
		t.Errorf("no flaw breaks the rule %s", rule)
	}
}
