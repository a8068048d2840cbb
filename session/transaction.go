package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Transaction is one of the application's own, in which a store can save sessions.
// Its methods are safe for concurrent use. Package sqlstore implements it.
type Transaction interface {
	// Joined reports whether a store has written in the transaction. A store that
	// has no transactions writes outside.
	Joined() bool

	// Open reports whether the transaction can still be committed or rolled back by
	// the application. It does no I/O.
	Open() bool

	// Committed reports whether the transaction, which is not open, was committed.
	// An error means that this is unknown.
	Committed(ctx context.Context) (bool, error)

	// AtEnd registers a function to call when the transaction's end is known. A
	// transaction that does not learn of its end calls none.
	AtEnd(finish func(ctx context.Context))
}

// WithTransaction returns a context for [Session.Commit] in a transaction: the
// store saves the session in it. Applications use the store's own function, such as
// sqlstore.InTx. A nil tx means none, also if ctx has one.
//
// Until the transaction ends, the session is as if it were saved. The next Commit
// with another context asks for the outcome:
//
//   - The transaction was committed: the session is saved.
//   - It was rolled back: the session is as it was before the Commit, and the changes
//     of that Commit are dropped. A destroyed session stays destroyed. Changes that
//     were made after the Commit are made again on the old value.
//   - It is still open, or the database does not answer: Commit fails with
//     [ErrUnavailable].
//
// The middleware commits before the first byte of the response, so that a response
// never has the token of a session that was rolled back. The application must end
// the transaction before it writes the response.
//
// A Commit that fails in a transaction drops its changes. The application must roll
// the transaction back. If the store has no transactions, the error is
// [ErrUnsupported], and the session is saved outside.
//
// Events are reported when the transaction has been committed.
func WithTransaction(ctx context.Context, tx Transaction) context.Context {
	return context.WithValue(ctx, transactionKey{}, tx)
}

// TransactionOf returns the transaction of [WithTransaction], or nil. It is for stores.
func TransactionOf(ctx context.Context) Transaction {
	tx, _ := ctx.Value(transactionKey{}).(Transaction)
	return tx
}

type transactionKey struct{}

var (
	errOpen = fmt.Errorf("%w: the session is saved in a transaction that is still open; end it before the response", ErrUnavailable)

	errOutside = fmt.Errorf("%w: the store takes no part in transactions; the session is saved outside", ErrUnsupported)
)

// A provision is a commit in a transaction whose end is not known yet.
type provision[T any] struct {
	tx        Transaction
	before    state[T]
	destroyed bool    // Destroy was called since
	events    []Event // to be reported if the transaction is committed
	earlier   *provision[T]
}

// commitWithin is commitAll in a transaction.
func (s *Session[T]) commitWithin(ctx context.Context, tx Transaction) (err error) {
	p := s.beginProvision(tx)
	err = errPanic
	defer func() {
		if err != nil {
			s.failProvision(ctx, p, err)
		}
	}()
	if err = s.commitAll(ctx); err != nil {
		return err
	}
	if !tx.Joined() {
		return s.outside(ctx, p)
	}
	tx.AtEnd(s.finishAtEnd)
	return nil
}

func (s *Session[T]) beginProvision(tx Transaction) *provision[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &provision[T]{tx: tx, before: s.state, earlier: s.provision}
	p.before.ending = slices.Clone(s.ending)
	s.provision = p
	return p
}

// failProvision drops the changes of a commit that failed in a transaction.
func (s *Session[T]) failProvision(ctx context.Context, p *provision[T], err error) {
	s.mu.Lock()
	s.draft = nil
	s.rollBack(p)
	s.gone = s.gone || errors.Is(err, ErrGone) && !p.destroyed
	s.mu.Unlock()
	for _, e := range p.events {
		if e.Err != nil || err == errOutside {
			s.policy.observe(ctx, e)
		}
	}
}

// outside ends the provision of a commit that took no part in the transaction. It
// returns an error if that has stored something.
func (s *Session[T]) outside(ctx context.Context, p *provision[T]) error {
	s.mu.Lock()
	stored := s.base != p.before.base || len(p.before.ending) > 0
	p.before = s.state
	if !stored {
		s.provision = p.earlier
	}
	s.mu.Unlock()
	if stored {
		return errOutside
	}
	return nil
}

// rollBack makes the session as it was before a provision, except that a destroyed
// session stays destroyed. The caller holds mu.
func (s *Session[T]) rollBack(p *provision[T]) {
	s.state, s.provision = p.before, p.earlier
	if p.destroyed {
		s.endBase()
	}
	s.rebaseDraft()
}

// finishTransaction finds out which commits in transactions have taken effect, and
// undoes the others. It reports whether something is left to carry out. It leaves a
// transaction alone that is open, if ctx has one too: they are the same. The caller
// holds the committing gate.
func (s *Session[T]) finishTransaction(ctx context.Context) (pending bool, err error) {
	s.mu.Lock()
	last := s.provision
	pending = s.pending()
	s.mu.Unlock()
	var undone *provision[T] // the first one after those that have taken effect
	p := last
	for ; p != nil; p = p.earlier {
		if p.tx.Open() && TransactionOf(ctx) != nil {
			return pending, nil
		}
		committed, err := p.committed(ctx)
		if err != nil {
			rec := s.record()
			s.policy.observe(ctx, Event{Kind: EventFailed, Operation: OperationCommit, ID: rec.ID, Owner: rec.Owner, Err: err})
			return pending, err
		}
		if committed {
			break
		}
		undone = p
	}
	if last == nil {
		return pending, nil
	}
	s.mu.Lock()
	if s.provision = nil; undone != nil {
		undone.earlier = nil
		s.rollBack(undone)
	}
	pending = s.pending()
	s.mu.Unlock()
	s.reportKept(ctx, p)
	return pending, nil
}

// committed reports whether the transaction was committed.
func (p *provision[T]) committed(ctx context.Context) (bool, error) {
	if p.tx.Open() {
		return false, errOpen
	}
	committed, err := p.tx.Committed(ctx)
	return committed, StoreError(err)
}

// finishAtEnd is called by a transaction that knows its end.
func (s *Session[T]) finishAtEnd(ctx context.Context) {
	if s.committing.enter(ctx) == nil {
		defer s.committing.leave()
		s.finishTransaction(ctx)
	}
}

// report reports an event of a commit, or keeps it until the transaction's end is known.
func (s *Session[T]) report(ctx context.Context, e Event) {
	e.Operation = OperationCommit
	s.mu.Lock()
	p := s.provision
	if p != nil {
		p.events = append(p.events, e)
	}
	s.mu.Unlock()
	if p == nil {
		s.policy.observe(ctx, e)
	}
}

// reportKept reports the events of commits that have taken effect, in their order.
func (s *Session[T]) reportKept(ctx context.Context, p *provision[T]) {
	if p == nil {
		return
	}
	s.reportKept(ctx, p.earlier)
	for _, e := range p.events {
		s.policy.observe(ctx, e)
	}
}
