// Package kvmap is a key-value backend in memory: as simple as one can be.
package kvmap

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// A Map is a [kvstore.Lister] and a [kvstore.Watcher].
type Map struct {
	mu      sync.Mutex
	last    kvstore.Version
	m       map[string]entry
	watched watchers.List[string]
}

type entry struct {
	value   []byte
	version kvstore.Version
	end     time.Time
}

// New returns an empty Map.
func New() *Map { return &Map{m: make(map[string]entry)} }

// Get implements [kvstore.Backend].
func (m *Map) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.live(key)
	return e.value, e.version, nil
}

// Swap implements [kvstore.Backend].
func (m *Map) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live(key).version != old {
		return false, nil
	}
	m.last++
	m.m[key] = entry{value, m.last, end}
	if len(value) == 0 {
		delete(m.m, key)
	}
	m.watched.Changed(key)
	return true, nil
}

// Watch implements [kvstore.Watcher].
func (m *Map) Watch(key string, changed func()) (stop func()) { return m.watched.Add(key, changed) }

func (m *Map) live(key string) entry {
	e := m.m[key]
	if !e.end.IsZero() && !e.end.After(time.Now()) {
		delete(m.m, key)
		return entry{}
	}
	return e
}

// Keys implements [kvstore.Lister].
func (m *Map) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		m.mu.Lock()
		keys := slices.Collect(maps.Keys(m.m))
		m.mu.Unlock()
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}

// Len returns the number of keys, including ended ones.
func (m *Map) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.m)
}
