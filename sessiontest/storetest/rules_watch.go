package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

var watchRules = []rule{
	{
		name:        "watch-delete",
		explanation: "Watch calls changed soon after the session was deleted, when Load says so.",
		try: func(t *trial) {
			rec := t.live()
			t.wantTold(rec, func() error { return t.store.Delete(t.Context(), rec.ID, 0) })
		},
	},
	{
		name:        "watch-save",
		explanation: "Watch calls changed soon after the record was replaced, when Load returns the new one: after each replacement.",
		try: func(t *trial) {
			rec := t.live()
			for range 3 {
				old := rec
				t.wantTold(old, func() error { return t.store.Save(t.Context(), &rec) })
			}
		},
	},
	{
		name:        "watch-changed",
		explanation: "Watch calls changed for the end of the session, also if it has called it for replacements before.",
		try: func(t *trial) {
			rec := t.live()
			w := t.watched(rec.ID)
			defer w.stop()
			for range 3 {
				old := rec.Revision
				t.save(&rec)
				t.wantCall(w, old)
				t.touch(&rec, after(2*time.Hour))
			}
			t.end(rec)
			t.wantCall(w, rec.Revision)
		},
	},
	{
		name:        "watch-before",
		explanation: "Watch takes any ID, and tells of a session that is stored later.",
		try: func(t *trial) {
			for _, id := range []session.ID{{}, newID(), t.deleted().ID} {
				t.watched(id).stop()
			}
			rec := draft()
			w := t.watched(rec.ID)
			defer w.stop()
			t.save(&rec)
			t.end(rec)
			t.wantCall(w, rec.Revision)
		},
	},
	{
		name:        "watch-many",
		explanation: "Each function that was given to Watch is called when its session ends: those of many sessions, and several of one.",
		try: func(t *trial) {
			all := make(map[*watched]record)
			for i := range 30 {
				rec := t.live()
				for range 1 + i%3 {
					all[t.watched(rec.ID)] = rec
				}
			}
			for _, rec := range all {
				if err := t.store.Delete(t.Context(), rec.ID, 0); !errors.Is(err, session.ErrNotFound) {
					t.ok("Delete", err)
				}
			}
			for w, rec := range all {
				t.wantCall(w, rec.Revision)
				w.stop()
			}
		},
	},
	{
		name:        "watch-stop",
		explanation: "After stop has returned, changed is not called, but for a call in progress. Stop may be called again, and stops no other watch.",
		try: func(t *trial) {
			rec := t.live()
			before := t.watched(rec.ID)
			var others []*watched
			for range 3 { // rounds, of which one call may be in progress
				kept := t.watched(rec.ID)
				stopped := t.watched(rec.ID)
				for _, w := range append(others, before, stopped) {
					w.stop()
				}
				others = append(others, stopped)
				t.end(rec)
				t.wantCall(kept, rec.Revision)
				kept.stop()
				rec.Revision = 0
				t.save(&rec)
			}
			for _, w := range append(others, before) {
				if n := w.calls.Load() - w.atEnd; n > 1 {
					t.Fatalf("changed was called %d times after stop", n)
				}
			}
		},
	},
	{
		name:        "race-watch",
		explanation: "Watch and stop are safe for concurrent use: of sessions that end at once, each is told.",
		try: func(t *trial) {
			for range rounds / 5 {
				var recs [8]record
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
					if err := t.store.Delete(t.Context(), recs[i].ID, 0); err != nil {
						return err
					}
					return t.awaitCall(all[i], recs[i].Revision)
				}).all(t, "one of the calls", nil)
			}
		},
	},
}

// mayTell is how long a store may take to tell of a change.
const mayTell = 30 * time.Second

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

// wantTold checks that the store tells of a change of rec while it is made.
func (t *trial) wantTold(rec record, change func() error) {
	t.Helper()
	w, told := t.watched(rec.ID), make(chan error, 1)
	defer w.stop()
	go func() { told <- t.awaitCall(w, rec.Revision) }()
	t.ok("the call that changes the session", change())
	if err := <-told; err != nil {
		t.Fatalf("%v", err)
	}
}

// wantCall checks that the store tells, or has told, of a change since a revision.
func (t *trial) wantCall(w *watched, since session.Revision) {
	t.Helper()
	if err := t.awaitCall(w, since); err != nil {
		t.Fatalf("%v", err)
	}
}

// awaitCall waits for a call after which the session has not the revision any more. It
// asks the store at each call, as managers do.
func (t *trial) awaitCall(w *watched, since session.Revision) error {
	timer := time.NewTimer(mayTell)
	defer timer.Stop()
	for {
		select {
		case <-w.called:
		case <-timer.C:
			return fmt.Errorf("changed was not called for %v after the session had changed; it was called %d times before", mayTell, w.calls.Load())
		}
		rec, err := t.store.Load(t.Context(), w.id)
		switch {
		case errors.Is(err, session.ErrNotFound):
			return nil
		case err != nil || rec.Revision != since:
			return err
		}
	}
}
