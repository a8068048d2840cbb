package storetest_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/memstore"
)

type (
	profile = storetest.Profile
	record  = session.Record[profile]
	records = iter.Seq2[record, error]
)

// flawed is a store that is right but for the methods that are set.
type flawed struct {
	right
	line    line // for those that are remote
	load    func(context.Context, session.ID) (record, error)
	save    func(context.Context, *record) error
	touch   func(context.Context, session.ID, session.Revision, time.Time) error
	delete  func(context.Context, session.ID, session.Revision) error
	exists  func(context.Context, session.ID) (bool, error)
	byOwner func(context.Context, string) records
	all     func(context.Context) records

	revisions func(context.Context, []session.ID) ([]session.Revision, error)
	watch     func(session.ID, func()) (func(), bool)
	open      func(context.Context, session.ID, func(session.Secrets) bool) (record, bool, error)
	decoded   *atomic.Int64

	outlines func(context.Context, string) records
	outline  func(context.Context, session.ID) (record, error)
	indexed  func(owner string) int
}

// right is the store beneath, which keeps every rule.
type right = *memstore.Store[profile]

// maxRecord is more than the records of the suite have, but for those that are to
// be as large as possible, or too large.
const maxRecord = 3 << 16

func newFlawed(flaw func(*flawed)) *flawed {
	base := memstore.New[profile](nil)
	f := &flawed{
		right: base, load: base.Load, touch: base.Touch, delete: base.Delete,
		exists: base.Exists, byOwner: base.ByOwner, all: base.All, revisions: base.Revisions, watch: base.Watch, decoded: &decoded,
	}
	f.open = func(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
		rec, err := f.right.Load(ctx, id)
		if err != nil || !accepts(rec.Secrets) {
			rec.Value = profile{}
			return rec, false, err
		}
		rec, err = f.Load(ctx, id)
		return rec, false, err
	}
	f.outlines = func(ctx context.Context, owner string) records {
		return altered(f.right.ByOwner(ctx, owner), func(rec *record) { rec.Value = profile{} })
	}
	f.outline = func(ctx context.Context, id session.ID) (record, error) {
		rec, err := f.right.Load(ctx, id)
		rec.Value = profile{}
		return rec, err
	}
	f.indexed = func(owner string) (n int) {
		for range f.right.ByOwner(context.Background(), owner) {
			n++
		}
		return n
	}
	f.save = func(ctx context.Context, rec *record) error {
		if len(rec.Value.Photo) > maxRecord {
			return session.ErrTooLarge
		}
		return base.Save(ctx, rec)
	}
	flaw(f)
	return f
}

// decoded counts the values that flawed stores decode.
var decoded atomic.Int64

func (f *flawed) Load(ctx context.Context, id session.ID) (record, error) {
	f.decoded.Add(1)
	return f.load(ctx, id)
}

func (f *flawed) Save(ctx context.Context, rec *record) error { return f.save(ctx, rec) }

func (f *flawed) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return f.touch(ctx, id, rev, expires)
}

func (f *flawed) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return f.delete(ctx, id, rev)
}

func (f *flawed) Exists(ctx context.Context, id session.ID) (bool, error) { return f.exists(ctx, id) }

func (f *flawed) ByOwner(ctx context.Context, owner string) records { return f.byOwner(ctx, owner) }

func (f *flawed) All(ctx context.Context) records { return f.all(ctx) }

func (f *flawed) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	return f.revisions(ctx, ids)
}

func (f *flawed) Watch(id session.ID, changed func()) (func(), bool) { return f.watch(id, changed) }

func (f *flawed) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
	return f.open(ctx, id, accepts)
}

func (f *flawed) OutlinesByOwner(ctx context.Context, owner string) records {
	return f.outlines(ctx, owner)
}

func (f *flawed) Outline(ctx context.Context, id session.ID) (record, error) {
	return f.outline(ctx, id)
}

// force saves rec whatever is there already.
func (f *flawed) force(ctx context.Context, rec *record) error {
	for {
		stored, err := f.right.Load(ctx, rec.ID)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
		rec.Revision = stored.Revision
		if err = f.right.Save(ctx, rec); !errors.Is(err, session.ErrConflict) && !errors.Is(err, session.ErrExists) {
			return err
		}
	}
}

// saveAs saves an edited copy of rec.
func (f *flawed) saveAs(ctx context.Context, rec *record, edit func(*record)) error {
	written := *rec
	edit(&written)
	err := f.right.Save(ctx, &written)
	if err == nil {
		rec.Revision = written.Revision
	}
	return err
}

// dawdle lets other goroutines run between a look and the leap.
func dawdle() {
	for range 20 {
		runtime.Gosched()
	}
}

// filter yields the records that keep accepts.
func filter(seq records, keep func(record) bool) records {
	return func(yield func(record, error) bool) {
		for rec, err := range seq {
			if (err != nil || keep(rec)) && !yield(rec, err) {
				return
			}
		}
	}
}

// altered changes the records that it yields.
func altered(seq records, change func(*record)) records {
	return func(yield func(record, error) bool) {
		for rec, err := range seq {
			if change(&rec); !yield(rec, err) {
				return
			}
		}
	}
}

// instead returns a function that returns err in place of the error old.
func instead(old, err error) func(error) error {
	return func(got error) error {
		if errors.Is(got, old) {
			return err
		}
		return got
	}
}

// notes is a map that concurrent calls may share.
type notes[V any] struct {
	mu sync.Mutex
	m  map[session.ID]V
}

func (n *notes[V]) set(id session.ID, v V) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.m == nil {
		n.m = make(map[session.ID]V)
	}
	n.m[id] = v
}

func (n *notes[V]) get(id session.ID) (V, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.m[id]
	return v, ok
}
