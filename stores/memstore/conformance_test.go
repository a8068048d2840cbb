package memstore_test

import (
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/memstore"
)

var (
	_ session.Store[int]   = (*memstore.Store[int])(nil)
	_ session.Indexer[int] = (*memstore.Store[int])(nil)
	_ session.Lister[int]  = (*memstore.Store[int])(nil)
	_ session.Poller       = (*memstore.Store[int])(nil)
	_ session.Watcher      = (*memstore.Store[int])(nil)
)

func TestConformance(t *testing.T) {
	for name, o := range map[string]*memstore.Options{
		"default":    nil,
		"one shard":  {MaxSessions: 2000},
		"two shards": {MaxSessions: 4000},
	} {
		newStore := func(*testing.T) session.Store[storetest.Profile] {
			return memstore.New[storetest.Profile](o)
		}
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, newStore, &storetest.Options{Bubble: true, Indexer: true, Lister: true, Poller: true, Watcher: true})
		})
	}
}

// TestConformanceInRealTime has what a bubble lacks: a clock that runs while
// other calls are under way.
func TestConformanceInRealTime(t *testing.T) {
	shared := memstore.New[storetest.Profile](nil)
	storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] { return shared }, nil)
}
