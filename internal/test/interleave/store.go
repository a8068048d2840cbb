package interleave

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Call is one call of a store's method.
type Call struct {
	Op    string     // the method's name: "Load"
	ID    session.ID // zero for ByOwner and All
	Owner string     // for ByOwner
	Err   error
}

// gated is the store as one actor sees it: each call waits for its turn.
type gated[T any] struct {
	run  *run[T]
	gate *gate
}

// A gatedCall is one call of a gated store.
type gatedCall[T any] struct {
	*gated[T]
	Call
}

// ownSteps carries out the steps that an actor takes without the store.
type ownSteps[T any] struct{ *gated[T] }

func (o ownSteps[T]) step(name string, do func() error) error {
	return o.take(name, Call{}, do)
}

// do carries out a call as one step, or as the steps that the store marks.
func (g *gated[T]) do(ctx context.Context, call Call, do func(context.Context) error) error {
	c := &gatedCall[T]{g, call}
	ctx = context.WithValue(ctx, partKey{}, stepper(c))
	if g.run.overlap.Fine {
		return do(ctx)
	}
	return g.take("", call, func() error { return do(ctx) })
}

func (c *gatedCall[T]) step(name string, do func() error) error {
	if !c.run.overlap.Fine {
		return do()
	}
	return c.take(name, c.Call, do)
}

// take waits for the actor's turn and takes one step.
func (g *gated[T]) take(name string, c Call, do func() error) error {
	r, fault := g.run, g.gate.turn()
	r.enumerate(c.ID)
	at := len(r.steps)
	r.steps = append(r.steps, Step{Actor: g.gate.actor, Part: name, Call: c})
	err := fault.carryOut(do)
	r.steps[at].Err = err
	return err
}

func (g *gated[T]) Load(ctx context.Context, id session.ID) (rec session.Record[T], err error) {
	err = g.do(ctx, Call{Op: "Load", ID: id}, func(ctx context.Context) (err error) {
		rec, err = g.run.store.Load(ctx, id)
		return err
	})
	if err != nil {
		return session.Record[T]{}, err
	}
	return rec, nil
}

func (g *gated[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	written := *rec
	err := g.do(ctx, Call{Op: "Save", ID: rec.ID}, func(ctx context.Context) error { return g.run.store.Save(ctx, &written) })
	if err == nil {
		rec.Revision = written.Revision
	}
	return err
}

func (g *gated[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return g.do(ctx, Call{Op: "Touch", ID: id}, func(ctx context.Context) error { return g.run.store.Touch(ctx, id, rev, expires) })
}

func (g *gated[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return g.do(ctx, Call{Op: "Delete", ID: id}, func(ctx context.Context) error { return g.run.store.Delete(ctx, id, rev) })
}

func (g *gated[T]) Exists(ctx context.Context, id session.ID) (found bool, err error) {
	err = g.do(ctx, Call{Op: "Exists", ID: id}, func(ctx context.Context) (err error) {
		found, err = g.run.store.Exists(ctx, id)
		return err
	})
	return found && err == nil, err
}

func (g *gated[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return g.iterate(ctx, Call{Op: "ByOwner", Owner: owner}, func(ctx context.Context) iter.Seq2[session.Record[T], error] {
		return g.run.byOwner(ctx, owner)
	})
}

func (g *gated[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return g.iterate(ctx, Call{Op: "All"}, g.run.all)
}

// iterate yields the records that the store has when the step is taken. Calls that the
// consumer makes during the iteration are further steps.
func (g *gated[T]) iterate(ctx context.Context, c Call, list func(context.Context) iter.Seq2[session.Record[T], error]) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		var found []session.Record[T]
		err := g.do(ctx, c, func(ctx context.Context) (err error) {
			found, err = g.run.collect(list(ctx))
			return err
		})
		for _, rec := range found {
			if err == nil && !yield(rec, nil) {
				return
			}
		}
		if err != nil {
			yield(session.Record[T]{}, err)
		}
	}
}

// collect returns the records in the order of their numbers, so that the same
// choices lead to the same steps.
func (r *run[T]) collect(seq iter.Seq2[session.Record[T], error]) (found []session.Record[T], err error) {
	for rec, err := range seq {
		if err != nil {
			return nil, err
		}
		found = append(found, rec)
	}
	slices.SortFunc(found, func(a, b session.Record[T]) int { return r.numbers[a.ID] - r.numbers[b.ID] })
	return found, nil
}

func (r *run[T]) byOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	if index, ok := r.store.(session.Indexer[T]); ok {
		return index.ByOwner(ctx, owner)
	}
	return unsupported[T](r.store, "find sessions by owner")
}

func (r *run[T]) all(ctx context.Context) iter.Seq2[session.Record[T], error] {
	if lister, ok := r.store.(session.Lister[T]); ok {
		return lister.All(ctx)
	}
	return unsupported[T](r.store, "list sessions")
}

func unsupported[T any](store session.Store[T], method string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		yield(session.Record[T]{}, fmt.Errorf("%w: %T cannot %s", session.ErrUnsupported, store, method))
	}
}
