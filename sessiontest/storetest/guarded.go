package storetest

import (
	"context"
	"iter"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A guarded store notes the calls of another store. The methods of optional
// interfaces are for rules that need them.
type guarded struct {
	store session.Store[Profile]
	calls *calls
}

func (g guarded) Load(ctx context.Context, id session.ID) (session.Record[Profile], error) {
	defer end(g.calls.begin(callLoad))
	return g.store.Load(ctx, id)
}

func (g guarded) Save(ctx context.Context, rec *session.Record[Profile]) error {
	defer end(g.calls.begin(callSave))
	return g.store.Save(ctx, rec)
}

func (g guarded) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	defer end(g.calls.begin(callTouch))
	return g.store.Touch(ctx, id, rev, expires)
}

func (g guarded) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	defer end(g.calls.begin(callDelete))
	return g.store.Delete(ctx, id, rev)
}

func (g guarded) Exists(ctx context.Context, id session.ID) (bool, error) {
	defer end(g.calls.begin(callExists))
	return g.store.Exists(ctx, id)
}

func (g guarded) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[Profile], error] {
	return g.iterate(callByOwner, g.store.(session.Indexer[Profile]).ByOwner(ctx, owner))
}

func (g guarded) All(ctx context.Context) iter.Seq2[session.Record[Profile], error] {
	return g.iterate(callAll, g.store.(session.Lister[Profile]).All(ctx))
}

// iterate notes an iteration, but for what the rule does with a record.
func (g guarded) iterate(method uint64, seq iter.Seq2[session.Record[Profile], error]) iter.Seq2[session.Record[Profile], error] {
	return func(yield func(session.Record[Profile], error) bool) {
		slot := g.calls.begin(method)
		defer func() { end(slot) }()
		seq(func(rec session.Record[Profile], err error) bool {
			end(slot)
			more := yield(rec, err)
			slot = g.calls.begin(method)
			return more
		})
	}
}

func (g guarded) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	defer end(g.calls.begin(callRevisions))
	return g.store.(session.Poller).Revisions(ctx, ids)
}

func (g guarded) Watch(id session.ID, changed func()) (func(), bool) {
	defer end(g.calls.begin(callWatch))
	stop, ok := g.store.(session.Watcher).Watch(id, changed)
	if stop == nil {
		return nil, ok
	}
	return func() {
		defer end(g.calls.begin(callStop))
		stop()
	}, ok
}

func (g guarded) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (session.Record[Profile], bool, error) {
	defer end(g.calls.begin(callOpen))
	return g.store.(session.Opener[Profile]).Open(ctx, id, accepts)
}

func (g guarded) OutlinesByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[Profile], error] {
	return g.iterate(callOutlines, g.store.(session.Outliner[Profile]).OutlinesByOwner(ctx, owner))
}

func (g guarded) Outline(ctx context.Context, id session.ID) (session.Record[Profile], error) {
	defer end(g.calls.begin(callOutline))
	return g.store.(session.Outliner[Profile]).Outline(ctx, id)
}
