package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/stores/kvstore"
)

var kvWatchRules = []kvRule{
	{
		name:        "watch",
		explanation: "Watch calls changed soon after the key was written, replaced or removed, when Get says so.",
		watches:     true,
		try: func(t *kvTrial) {
			w := t.watch("a")
			defer w.stop()
			var version kvstore.Version
			for _, value := range []string{"one", "two", "", "three"} {
				w.want(t, func() { version = t.swap("a", version, value, inAnHour()) })
			}
		},
	},
	{
		name:        "watch-stop",
		explanation: "Once stop has returned, changed is not called, but for a call in progress. Stop may be called again, and stops no other watch.",
		watches:     true,
		try: func(t *kvTrial) {
			stopped, kept := t.watch("a"), t.watch("a")
			defer kept.stop()
			var version kvstore.Version
			w := stopped
			w.want(t, func() { version = t.create("a", "one") })
			stopped.stop()
			stopped.stop()
			before := stopped.calls.Load()
			for range 3 { // rounds, of which one call may be in progress
				kept.want(t, func() { version = t.swap("a", version, "two", inAnHour()) })
			}
			if n := stopped.calls.Load() - before; n > 1 {
				t.fail("changed was called %d times after stop", n)
			}
		},
	},
	{
		name:        "race-watch",
		explanation: "Watch and stop are safe for concurrent use with Swap: each watch is told.",
		watches:     true,
		try: func(t *kvTrial) {
			for round := range 5 {
				var all [crowd]*kvWatch
				t.together(func(i int) (bool, error) {
					all[i] = t.watch(fmt.Sprint(round, "-", i))
					return t.backend.Swap(t.Context(), t.key(fmt.Sprint(round, "-", i)), 0, []byte("one"), inAnHour())
				})
				for _, w := range all {
					w.await(t)
					w.stop()
				}
			}
		},
	},
}

// A kvWatch counts the calls of one watch.
type kvWatch struct {
	name  string
	calls atomic.Int64
	told  chan bool
	stop  func()
}

func (t *kvTrial) watch(name string) *kvWatch {
	w := &kvWatch{name: name, told: make(chan bool, 1)}
	w.stop = t.watcher.Watch(t.key(name), func() {
		w.calls.Add(1)
		select {
		case w.told <- true:
		default:
		}
	})
	return w
}

// want checks that the watch is told of a write.
func (w *kvWatch) want(t *kvTrial, write func()) {
	t.Helper()
	select {
	case <-w.told: // of one before
	default:
	}
	write()
	w.await(t)
}

func (w *kvWatch) await(t *kvTrial) {
	t.Helper()
	select {
	case <-w.told:
	case <-time.After(mayTell):
		t.fail("changed was not called for %q", w.name)
	}
}
