package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

var watchRules = []rule{
	{
		name:        "watch-delete",
		explanation: "Watch calls ended soon after the session was deleted, when Exists says so.",
		needs:       needsWatcher,
		try: func(t *trial) {
			rec := t.live()
			t.wantTold(rec.ID, func() error { return t.store.Delete(t.Context(), rec.ID) })
		},
	},
	{
		name:        "watch-retire",
		explanation: "Watch calls ended soon after the session was retired, when Exists says so.",
		needs:       needsWatcher,
		try: func(t *trial) {
			rec := t.live()
			t.wantTold(rec.ID, func() error {
				return t.store.Retire(t.Context(), rec.ID, rec.Revision, successorOf(rec.ID), inAnHour())
			})
		},
	},
	{
		name:        "watch-changed",
		explanation: "Watch calls ended for the end of the session, also if it has called it for changes before.",
		needs:       needsWatcher,
		try: func(t *trial) {
			rec := t.live()
			t.wantTold(rec.ID, func() error {
				t.save(&rec)
				t.touch(rec.ID, after(2*time.Hour))
				t.save(&rec)
				return t.store.Delete(t.Context(), rec.ID)
			})
		},
	},
	{
		name:        "watch-before",
		explanation: "Watch takes any ID, and tells of the end of a session that is stored later.",
		needs:       needsWatcher,
		try: func(t *trial) {
			for _, id := range []session.ID{{}, newID(), t.retired().ID} {
				t.watched(id).stop()
			}
			rec := draft()
			t.wantTold(rec.ID, func() error {
				t.save(&rec)
				return t.store.Delete(t.Context(), rec.ID)
			})
		},
	},
	{
		name:        "watch-many",
		explanation: "Each function that was given to Watch is called when its session ends: those of many sessions, and several of one.",
		needs:       needsWatcher,
		try: func(t *trial) {
			var all []*watched
			var recs []session.Record[Profile]
			for i := range 30 {
				recs = append(recs, t.live())
				for range 1 + i%3 {
					all = append(all, t.watched(recs[i].ID))
				}
			}
			for _, rec := range recs {
				t.ok("Delete", t.store.Delete(t.Context(), rec.ID))
			}
			for _, w := range all {
				if err := t.awaitEnd(w); err != nil {
					t.Fatalf("%v", err)
				}
				w.stop()
			}
		},
	},
	{
		name:        "watch-stop",
		explanation: "After stop has returned, ended is not called, but for a call in progress. Stop may be called again, and stops no other watch.",
		needs:       needsWatcher,
		try: func(t *trial) {
			rec := t.live()
			before := t.watched(rec.ID)
			var others []*watched
			for range 3 { // ends, of which one call may be in progress
				kept := t.watched(rec.ID)
				stopped := t.watched(rec.ID)
				for _, w := range append(others, before, stopped) {
					w.stop()
				}
				others = append(others, stopped)
				t.ok("Delete", t.store.Delete(t.Context(), rec.ID))
				if err := t.awaitEnd(kept); err != nil {
					t.Fatalf("when another watch was stopped: %v", err)
				}
				kept.stop()
				rec.Revision = 0
				t.save(&rec)
			}
			for _, w := range append(others, before) {
				if n := w.calls.Load() - w.atEnd; n > 1 {
					t.Fatalf("ended was called %d times after stop", n)
				}
			}
		},
	},
	{
		name:        "race-watch",
		explanation: "Watch and stop are safe for concurrent use: of sessions that end at once, each is told.",
		needs:       needsWatcher,
		try: func(t *trial) {
			for range rounds / 5 {
				var recs [8]session.Record[Profile]
				var all [8]*watched
				for i := range recs {
					recs[i] = t.live()
				}
				t.together(len(all), func(i int) error {
					all[i] = t.watched(recs[i].ID)
					return nil
				})
				t.together(len(all), func(i int) error {
					defer all[i].stop()
					if err := t.store.Delete(t.Context(), recs[i].ID); err != nil {
						return err
					}
					return t.awaitEnd(all[i])
				}).all(t, "one of the calls", nil)
			}
		},
	},
}

// needsWatcher is for rules about [session.Watcher].
func needsWatcher(t *trial) bool {
	_, ok := t.own.(session.Watcher)
	if !t.offered("a Watcher", ok, t.options.Watcher) {
		return false
	}
	stop, ok := t.store.Watch(newID(), func() {})
	switch {
	case ok && stop == nil:
		t.Fatalf("Watch returned true, and no function that stops it")
	case !ok && stop != nil:
		t.Fatalf("Watch returned false, and a function that stops it")
	case ok:
		stop()
	}
	return t.offered("a Watcher that can tell, as it is configured", ok, t.options.Watcher)
}

// A watched session counts how often the store has called.
type watched struct {
	id     session.ID
	called chan bool // has room for one
	calls  atomic.Int64
	end    func()
	ended  sync.Once
	atEnd  int64 // how many calls there were when end had returned for the first time
}

func (t *trial) watched(id session.ID) *watched {
	w := &watched{id: id, called: make(chan bool, 1)}
	w.end, _ = t.store.Watch(id, func() {
		w.calls.Add(1)
		select {
		case w.called <- true:
		default:
		}
	})
	return w
}

// stop ends the watch.
func (w *watched) stop() {
	w.end()
	w.ended.Do(func() { w.atEnd = w.calls.Load() })
}

// wantTold checks that the store tells of the session's end while it is ended.
func (t *trial) wantTold(id session.ID, end func() error) {
	t.Helper()
	w, told := t.watched(id), make(chan error, 1)
	defer w.stop()
	go func() { told <- t.awaitEnd(w) }()
	t.ok("the call that ends the session", end())
	if err := <-told; err != nil {
		t.Fatalf("%v", err)
	}
}

// awaitEnd waits for a call after which the session is not live. It asks the store at
// each call, as those who watch do.
func (t *trial) awaitEnd(w *watched) error {
	limit := t.options.callTimeout()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case <-w.called:
		case <-timer.C:
			return fmt.Errorf("ended was not called for %v after the session had ended; it was called %d times before", limit, w.calls.Load())
		}
		if live, err := t.store.Exists(t.Context(), w.id); err != nil || !live {
			return err
		}
	}
}
