package linear

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Log is the value of the sessions: the visitor who is logged in, and the numbers
// of the requests that changed it.
type Log struct {
	Owner string
	Notes []byte
}

// SessionOwner makes the owner's sessions revocable.
func (l Log) SessionOwner() string { return l.Owner }

// A Store keeps the clients' sessions.
type Store interface {
	session.Store[Log]
	session.Indexer[Log]
}

// A paced store is one client's store. It determines when a call happens, and the
// faults of the call.
type paced struct {
	Store
	around around

	during func() // if not nil, is called once, after a call
	wait   int    // how many calls come before that call
}

// An around makes a call of op, or fails instead.
type around func(op string, call func() error) error

func (p *paced) do(op string, call func() error) error {
	err := p.around(op, call)
	if during := p.during; during != nil {
		if p.wait--; p.wait < 0 {
			p.during = nil
			during()
		}
	}
	return err
}

func (p *paced) Load(ctx context.Context, id session.ID) (rec session.Record[Log], err error) {
	err = p.do("Load", func() (err error) { rec, err = p.Store.Load(ctx, id); return err })
	if err != nil {
		return session.Record[Log]{}, err
	}
	return rec, nil
}

// Open is Load if the store is not a session.Opener.
func (p *paced) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (rec session.Record[Log], copied bool, err error) {
	opener, ok := p.Store.(session.Opener[Log])
	if !ok {
		rec, err = p.Load(ctx, id)
		return rec, false, err
	}
	err = p.do("Load", func() (err error) { rec, copied, err = opener.Open(ctx, id, accepts); return err })
	if err != nil {
		return session.Record[Log]{}, false, err
	}
	return rec, copied, nil
}

func (p *paced) Save(ctx context.Context, rec *session.Record[Log]) error {
	written := *rec
	err := p.do("Save", func() error { return p.Store.Save(ctx, &written) })
	if err == nil {
		rec.Revision = written.Revision
	}
	return err
}

func (p *paced) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return p.do("Touch", func() error { return p.Store.Touch(ctx, id, rev, expires) })
}

func (p *paced) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return p.do("Delete", func() error { return p.Store.Delete(ctx, id, rev) })
}

// ByOwner yields the records that are found when the call happens, in the order in
// which they began.
func (p *paced) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[Log], error] {
	return func(yield func(session.Record[Log], error) bool) {
		var found []session.Record[Log]
		err := p.do("ByOwner", func() error {
			for rec, err := range p.Store.ByOwner(ctx, owner) {
				if err != nil {
					return err
				}
				found = append(found, rec)
			}
			slices.SortFunc(found, func(a, b session.Record[Log]) int { return a.Created.Compare(b.Created) })
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
