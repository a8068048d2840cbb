package storetest_test

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// telling makes the store tell of changes and ends by tell, after they have happened.
func (f *flawed) telling(tell func(session.ID)) {
	f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
		err := f.right.Delete(ctx, id, rev)
		tell(id)
		return err
	}
	f.save = func(ctx context.Context, rec *record) error {
		err := f.right.Save(ctx, rec)
		tell(rec.ID)
		return err
	}
}

// A plainWatch is a function that was given to Watch.
type plainWatch struct {
	id      session.ID
	changed func()
}

// plainly makes the store keep watches in a list that is replaced as a whole. Add
// returns the list with one more.
func (f *flawed) plainly(add func(old []*plainWatch, w *plainWatch) []*plainWatch, remove func(old []*plainWatch, w *plainWatch) []*plainWatch) {
	var list atomic.Pointer[[]*plainWatch]
	list.Store(new([]*plainWatch))
	change := func(w *plainWatch, how func([]*plainWatch, *plainWatch) []*plainWatch) {
		for {
			old := list.Load()
			if changed := how(slices.Clone(*old), w); list.CompareAndSwap(old, &changed) {
				return
			}
		}
	}
	f.watch = func(id session.ID, changed func()) (func(), bool) {
		w := &plainWatch{id, changed}
		change(w, add)
		return func() { change(w, remove) }, true
	}
	f.telling(func(id session.ID) {
		for _, w := range *list.Load() {
			if w.id == id {
				w.changed()
			}
		}
	})
}

func addWatch(old []*plainWatch, w *plainWatch) []*plainWatch { return append(old, w) }

func removeWatch(old []*plainWatch, w *plainWatch) []*plainWatch {
	return slices.DeleteFunc(old, func(o *plainWatch) bool { return o == w })
}

func removeWatchesOf(old []*plainWatch, w *plainWatch) []*plainWatch {
	return slices.DeleteFunc(old, func(o *plainWatch) bool { return o.id == w.id })
}

var watchFlaws = []flaw{
	{"deletions are not told", "watch-delete watch-changed watch-many", func(f *flawed) {
		f.plainly(addWatch, removeWatch)
		f.delete = f.right.Delete
	}},
	{"replacements are not told", "watch-save watch-changed", func(f *flawed) {
		f.plainly(addWatch, removeWatch)
		f.save = f.right.Save
	}},
	{"the first replacement is told", "watch-changed", func(f *flawed) {
		var list watchers.List[session.ID]
		f.watch = func(id session.ID, changed func()) (stop func(), ok bool) {
			var told atomic.Bool
			return list.Add(id, func() {
				if told.CompareAndSwap(false, true) {
					changed()
				}
			}), true
		}
		f.telling(list.Changed)
	}},
	{"replacements are told before they have come", "watch-save", func(f *flawed) {
		var list watchers.List[session.ID]
		f.watch = func(id session.ID, changed func()) (func(), bool) { return list.Add(id, changed), true }
		f.save = func(ctx context.Context, rec *record) error {
			list.Changed(rec.ID)
			time.Sleep(time.Millisecond)
			return f.right.Save(ctx, rec)
		}
	}},
	{"ends are told before they have come", "watch-delete watch-changed", func(f *flawed) {
		var list watchers.List[session.ID]
		f.watch = func(id session.ID, changed func()) (func(), bool) { return list.Add(id, changed), true }
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			list.Changed(id)
			time.Sleep(time.Millisecond)
			return f.right.Delete(ctx, id, rev)
		}
	}},
	{"only stored sessions are watched", "watch-before", func(f *flawed) {
		f.watch = func(id session.ID, changed func()) (func(), bool) {
			if live, _ := f.right.Exists(context.Background(), id); !live {
				return func() {}, true
			}
			return f.right.Watch(id, changed)
		}
	}},
	{"only the last watch of a session is told", "watch-many", func(f *flawed) {
		f.plainly(func(old []*plainWatch, w *plainWatch) []*plainWatch { return append(removeWatchesOf(old, w), w) }, removeWatch)
	}},
	{"ten sessions are watched", "watch-many", func(f *flawed) {
		f.plainly(func(old []*plainWatch, w *plainWatch) []*plainWatch {
			return append(old[max(0, len(old)-9):], w)
		}, removeWatch)
	}},
	{"stop does nothing", "watch-stop", func(f *flawed) {
		f.plainly(addWatch, func(old []*plainWatch, _ *plainWatch) []*plainWatch { return old })
	}},
	{"stop ends all watches of the session", "watch-stop", func(f *flawed) { f.plainly(addWatch, removeWatchesOf) }},
	{"stop again ends another watch", "watch-stop", func(f *flawed) {
		f.plainly(addWatch, func(old []*plainWatch, w *plainWatch) []*plainWatch {
			if !slices.Contains(old, w) && len(old) > 0 {
				return old[:len(old)-1]
			}
			return removeWatch(old, w)
		})
	}},
	{"watches at once overwrite each other", "race-watch", func(f *flawed) {
		var list atomic.Pointer[[]*plainWatch]
		list.Store(new([]*plainWatch))
		f.watch = func(id session.ID, changed func()) (func(), bool) {
			longer := append(slices.Clone(*list.Load()), &plainWatch{id, changed})
			dawdle()
			list.Store(&longer)
			return func() {}, true
		}
		f.telling(func(id session.ID) {
			for _, w := range *list.Load() {
				if w.id == id {
					w.changed()
				}
			}
		})
	}},
	{"watches cannot be stopped", "watch-delete", func(f *flawed) {
		f.watch = func(id session.ID, changed func()) (func(), bool) {
			f.right.Watch(id, changed)
			return nil, true
		}
	}},
}
