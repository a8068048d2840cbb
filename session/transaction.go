package session

import (
	"context"
	"errors"
	"fmt"
)

// A Transaction is a database transaction of the application, in which a store can save
// sessions. Its methods are safe for concurrent use. Package sqlstore implements it.
type Transaction interface {
	// Joined reports whether a store has written in the transaction. A store that
	// has no transactions writes outside.
	Joined() bool

	// Err returns why nothing can be stored in the transaction any more, and nil while
	// something can. A Commit fails with it, also if the statement that failed was one
	// that a Commit does not need, such as a touch.
	Err() error

	// AtEnd registers a function that is called once, as soon as the transaction's end
	// is known, by the goroutine that ended it. If the end is known already, AtEnd
	// calls the function itself.
	AtEnd(finish func(ctx context.Context, how Outcome))
}

// An Outcome is how a [Transaction] ended.
type Outcome int

// The outcomes of a transaction.
const (
	RolledBack Outcome = iota
	Committed
	OutcomeUnknown // the database did not answer
)

// WithTransaction returns a context for [Session.Commit] in a transaction: the
// store saves the session in it. Applications use the store's own function. A nil tx
// means none, also if ctx has one.
//
// Until the transaction ends, the session is as if it were saved, and a Commit with
// another context fails with [ErrUnavailable]. Then:
//
//   - It was committed: the session is saved.
//   - It was rolled back, or its outcome is unknown: the session is as it was before
//     the first Commit in the transaction, and the changes of these Commits are
//     dropped, also those made before the transaction began. A destroyed session stays
//     destroyed. Changes made after the last Commit are made again on the old value.
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

// A joining is the commits in a transaction that has not ended.
type joining[T any] struct {
	tx     Transaction
	before state[T] // the first of them
	events []Event  // to be reported if the transaction is committed
	waits  bool     // for its end

	destroyed bool // by Destroy, which a rollback does not take back
}

// onlyWithin returns an error if the session waits for the end of another transaction.
func (s *Session[T]) onlyWithin(tx Transaction) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined != nil && s.joined.tx != tx {
		return errOpen
	}
	return nil
}

// finishWithin is finish in a transaction.
func (c *commit[T]) finishWithin(tx Transaction, err error) ([]Event, error) {
	s := c.s
	takesPart := tx.Joined()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, errOpen):
		return nil, err
	case err != nil:
		s.draft, s.gone = nil, s.gone || c.gone
		return c.events[max(0, len(c.events)-1):], err
	case !takesPart && c.base == s.base && c.destroyed == s.destroyed: // nothing was written
		s.state = c.state
		return c.events, nil
	case !takesPart:
		s.state = c.state
		return c.events, errOutside
	case s.joined == nil:
		s.joined = &joining[T]{tx: tx, before: s.state}
	}
	s.joined.events = append(s.joined.events, c.events...)
	s.state = c.state
	return nil, nil
}

// awaitEnd has the transaction tell the session of its end, once.
func (s *Session[T]) awaitEnd(tx Transaction) {
	s.mu.Lock()
	j := s.joined
	first := j != nil && j.tx == tx && !j.waits
	if first {
		j.waits = true
	}
	s.mu.Unlock()
	if first {
		tx.AtEnd(s.finishTransaction)
	}
}

// finishTransaction keeps or undoes the changes that were committed in a transaction.
func (s *Session[T]) finishTransaction(ctx context.Context, how Outcome) {
	var events []Event
	s.hold(func() {
		s.mu.Lock()
		j := s.joined
		s.joined = nil
		if how == Committed {
			s.mu.Unlock()
			events = j.events
			return
		}
		later := s.draft
		s.state = j.before
		s.draft, s.copied = nil, s.copied || how == OutcomeUnknown
		if j.destroyed {
			s.destroy()
		}
		c := &commit[T]{s: s, state: s.state}
		s.mu.Unlock()
		if later == nil {
			return
		}
		c.draft = later
		if err := c.tryReplayOn(c.base, later.edits); err != nil {
			c.draft.err = err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.draft = c.draft
	})
	for _, e := range events {
		s.policy.observe(ctx, e)
	}
}

// tryReplayOn is replayOn with an error for a panic.
func (c *commit[T]) tryReplayOn(rec *Record[T], edits []func(*T)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("an edit panicked in a replay: %v", p)
		}
	}()
	return c.replayOn(rec, edits)
}
