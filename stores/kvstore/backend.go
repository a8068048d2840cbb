package kvstore

import (
	"context"
	"iter"
	"time"
)

// A Backend keeps values under keys. storetest.KV checks these rules:
//
//   - All methods are safe for concurrent use and atomic. Every later call sees the
//     effect of one that returned nil.
//   - Values are any bytes, at least one. A value that was returned or given is shared:
//     neither the backend nor its caller writes to it.
//   - Methods give up when ctx is done. An error means that the outcome is unknown.
//
// A backend that holds connections implements [io.Closer]. A backend that bounds its
// values has a method MaxValueBytes, which returns the bound.
type Backend interface {
	// Get returns the value of a key and its version. The version of an absent key is
	// zero.
	Get(ctx context.Context, key string) (value []byte, version Version, err error)

	// Swap writes the value of a key if its version is old. Zero means that the key
	// must be absent. It gives the key a version that it never had, also not before it
	// was removed. Swap removes the key if the value is empty. It reports false, and
	// changes nothing, if the version is another.
	//
	// The backend may drop the key at its end, and should soon after. It must not do so
	// before. A zero end means that the key has none.
	Swap(ctx context.Context, key string, old Version, value []byte, end time.Time) (bool, error)
}

// A Version names one write of a key. Versions have no order.
type Version uint64

// A Lister is a [Backend] that finds keys.
type Lister interface {
	Backend

	// Keys yields the keys with this prefix, in no particular order. It yields a key that
	// is there throughout the iteration once, and may yield a key that comes or goes
	// during it. An error ends the iteration. Keys holds no lock while it yields: others,
	// and the loop's body, can use the backend.
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// A Watcher is a [Backend] that tells at once of every write, also of other processes'
// writes. Without it, a store tells of its own writes only, and managers ask about other
// sessions at intervals.
type Watcher interface {
	Backend

	// Watch calls changed soon after the key was written or removed, until stop is
	// called. It may call changed at other times too, and must do so when it may have
	// missed a write after Watch has returned. The backend calls changed from any
	// goroutine, with locks held: changed returns at once and does not call the backend.
	// Once stop has returned, no call begins. Calling stop again does nothing.
	Watch(key string, changed func()) (stop func())
}
