package linear

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Log is the value of the sessions: who is logged in, and the numbers of the
// requests that changed it.
type Log struct {
	Owner string
	Notes []byte
}

// SessionOwner makes the owner's sessions revocable.
func (l Log) SessionOwner() string { return l.Owner }

// A Store is what the clients' sessions are kept in.
type Store interface {
	session.Store[Log]
	session.Indexer[Log]
}

// A paced store is one client's way to the store: it says when a call happens,
// and what goes wrong with it.
type paced struct {
	Store
	around around
}

// around makes a call of op, or does something worse.
type around func(op string, call func() error) error

func (p *paced) Load(ctx context.Context, id session.ID) (rec session.Record[Log], err error) {
	err = p.around("Load", func() (err error) { rec, err = p.Store.Load(ctx, id); return err })
	if err != nil {
		return session.Record[Log]{}, err
	}
	return rec, nil
}

func (p *paced) Save(ctx context.Context, rec *session.Record[Log]) error {
	written := *rec
	err := p.around("Save", func() error { return p.Store.Save(ctx, &written) })
	if err == nil {
		rec.Revision = written.Revision
	}
	return err
}

func (p *paced) Touch(ctx context.Context, id session.ID, expires time.Time) error {
	return p.around("Touch", func() error { return p.Store.Touch(ctx, id, expires) })
}

func (p *paced) Retire(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
	return p.around("Retire", func() error { return p.Store.Retire(ctx, id, rev, successor, until) })
}

func (p *paced) Delete(ctx context.Context, id session.ID) error {
	return p.around("Delete", func() error { return p.Store.Delete(ctx, id) })
}

// ByOwner yields what is found when the call happens, in an order that does not
// depend on chance.
func (p *paced) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[Log], error] {
	return func(yield func(session.Record[Log], error) bool) {
		var found []session.Record[Log]
		err := p.around("ByOwner", func() error {
			for rec, err := range p.Store.ByOwner(ctx, owner) {
				if err != nil {
					return err
				}
				found = append(found, rec)
			}
			slices.SortFunc(found, func(a, b session.Record[Log]) int { return a.Renewed.Compare(b.Renewed) })
			return nil
		})
		if err != nil {
			yield(session.Record[Log]{}, err)
			return
		}
		for _, rec := range found {
			if !yield(rec, nil) {
				return
			}
		}
	}
}
