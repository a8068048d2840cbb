package storetest_test

import (
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// The test of a store. Its clock is a synctest bubble's, so that expiry takes no
// time. A store on a server needs no options: the suite then waits.
func ExampleRun() {
	_ = func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) session.Store[storetest.Profile] {
			return memstore.New[storetest.Profile](nil)
		}, &storetest.Options{Bubble: true, Indexer: true, Lister: true, Poller: true, Watcher: true})
	}
	// Output:
}
