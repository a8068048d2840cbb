package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// ErrAborted means that a transaction met another one: a deadlock, a lock, a failed
// serialization. It has been rolled back, and can be run again from its beginning. It
// comes with [session.ErrUnavailable] and the database's own error.
var ErrAborted = errors.New("sqlstore: the transaction met another one and was rolled back; run it again")

var (
	errNested = errors.New("sqlstore: Transact within a transaction; use the one that is open")

	errPartly = fmt.Errorf("%w: COMMIT succeeded, but the session was not saved: the transaction went back to a savepoint, or is nested in another one", session.ErrUnsupported)
)

// endTimeout is how long a transaction asks for its end if the reply to COMMIT was lost,
// and how long a ROLLBACK may take.
const endTimeout = 2 * time.Second

// A Tx is a transaction of the application's own, which sends statements as they are:
// [*sql.Tx], sqlx's Tx, the field Tx of bun's, and gorm's ConnPool are some.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Transact runs do in a transaction and commits it. If do returns an error or panics,
// or ctx ends, it rolls the transaction back, and returns the error or panics on.
//
// The sessions that do commits with its context are saved in the transaction. When
// Transact returns an error, they are as they were before that Commit, and all changes
// that it had are dropped, also those made before Transact. So do must make its changes
// itself, and can be run again if the error is an [ErrAborted]. Transact runs it once.
//
// Nil options are the default. An error of the database is returned as it is. It is a
// [session.ErrUnavailable] if the database does not answer. If a reply to COMMIT is
// lost, Transact finds out whether it was carried out.
//
// The context has at most one transaction: Transact within Transact is refused.
func Transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, do func(ctx context.Context, tx *sql.Tx) error) error {
	if session.TransactionOf(ctx) != nil {
		return errNested
	}
	// The transaction's own context ends with ctx during BEGIN and COMMIT only. Else
	// database/sql would end the transaction, and nobody would know when.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	tx, err := db.BeginTx(life, o)
	stop()
	if err != nil {
		return aborted(unavailable(cmp.Or(ctx.Err(), err)))
	}
	t := Join(tx)
	defer t.Rollback() // after a panic, too
	if err = do(t.Context(ctx), tx); err == nil {
		err = errors.Join(t.Err(), unavailable(ctx.Err()))
	}
	if err != nil {
		return aborted(err)
	}
	stop = context.AfterFunc(ctx, cancel)
	defer stop()
	if err = t.End(tx.Commit()); err != nil && err != errPartly && !refused(err) {
		return unavailable(err)
	}
	return err
}

// A Transaction is one that the application begins and ends itself. It implements
// [session.Transaction]. [Transact] is simpler where it suits.
//
//	tx, err := db.BeginTx(ctx, nil)
//	...
//	t := sqlstore.Join(tx)
//	defer t.Rollback()
//	if err := cart.Commit(t.Context(ctx)); err != nil {
//		return err
//	}
//	...
//	return t.End(tx.Commit())
//
// A Transaction must be made by [Join]. Its methods are safe for concurrent use.
type Transaction struct {
	tx Tx

	mu      sync.Mutex
	ctx     context.Context // of the functions to call at the end
	joined  bool
	broken  error   // of a store's statement: none is sent any more
	witness witness // of how it ended
	ended   bool
	how     session.Outcome
	atEnd   []func(context.Context, session.Outcome)
}

// Join returns a transaction in which stores save sessions. It must belong to the
// stores' database.
//
// Savepoints, and nested transactions that are savepoints, are not supported. Commit
// sessions outside of them, or after the last one. If a transaction goes back to a
// savepoint, it loses the sessions that it saved since: [Transaction.End] then fails.
func Join(tx Tx) *Transaction { return &Transaction{tx: tx, ctx: context.Background()} }

// Context returns a context with which [session.Session.Commit] saves the session in
// the transaction.
func (t *Transaction) Context(ctx context.Context) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx = session.WithTransaction(context.WithoutCancel(ctx), nil)
	return session.WithTransaction(ctx, t)
}

// End tells the sessions how the transaction has ended, with the error of its COMMIT or
// of a function that ran all of it, such as gorm's DB.Transaction. It must be called
// after the end and before the response begins: until then, a Commit of the session
// with another context fails.
//
// Nil means that the transaction was committed. End then looks once whether the last
// session that was saved is there. If it is not, because of a savepoint, the error is
// [session.ErrUnsupported], although the rest of the transaction was committed. An error
// of which End cannot tell makes it ask the database, after the same session. End
// returns nil if the transaction was committed, and the error otherwise. Only the first
// call counts.
func (t *Transaction) End(err error) error {
	broken := t.Err()
	switch {
	case broken != nil: // the application has taken no notice
		t.finish(session.RolledBack)
		return broken
	case err == nil && t.ask(witness.look) == session.RolledBack:
		t.finish(session.OutcomeUnknown) // a part may have been saved
		return errPartly
	case err == nil:
		t.finish(session.Committed)
	case refused(err):
		t.finish(session.RolledBack)
	default:
		if how := t.ask(witness.testify); t.finish(how) == session.Committed {
			return nil
		}
	}
	return aborted(err)
}

// Rollback rolls the transaction back, if it has a method Rollback, and tells the
// sessions. It does nothing after [Transaction.End], and is meant to be deferred.
func (t *Transaction) Rollback() error {
	t.mu.Lock()
	ended := t.ended
	t.mu.Unlock()
	if ended {
		return nil
	}
	err := t.undo()
	if errors.Is(err, sql.ErrTxDone) && t.Err() == nil { // the application has ended it, or its context
		t.finish(t.ask(witness.testify))
		return nil
	}
	t.finish(session.RolledBack)
	return err
}

// undo rolls the transaction back. It does not wait for a connection that hangs.
func (t *Transaction) undo() error {
	tx, ok := t.tx.(interface{ Rollback() error })
	if !ok {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- tx.Rollback() }()
	select {
	case err := <-done:
		return err
	case <-time.After(endTimeout):
		return unavailable(errors.New("sqlstore: the database does not answer to ROLLBACK"))
	}
}

// ask asks the witness how the transaction has ended, unless that is known.
func (t *Transaction) ask(how func(witness, context.Context) session.Outcome) session.Outcome {
	t.mu.Lock()
	w, ctx, ended := t.witness, t.ctx, t.ended
	t.mu.Unlock()
	if ended || w.s == nil {
		return session.OutcomeUnknown
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return how(w, ctx)
}

// finish tells the sessions how the transaction has ended, which it returns. Only the
// first call counts.
func (t *Transaction) finish(how session.Outcome) session.Outcome {
	t.mu.Lock()
	atEnd, ctx := t.atEnd, t.ctx
	if !t.ended {
		t.ended, t.how = true, how
	}
	t.atEnd, how = nil, t.how
	t.mu.Unlock()
	for _, tell := range atEnd {
		tell(ctx, how)
	}
	return how
}

// AtEnd is for package session: see [session.Transaction].
func (t *Transaction) AtEnd(tell func(context.Context, session.Outcome)) {
	t.mu.Lock()
	t.atEnd = append(t.atEnd, tell)
	ended := t.ended
	t.mu.Unlock()
	if ended {
		t.finish(session.RolledBack) // or as it has ended
	}
}

// Joined reports whether a store has written in the transaction.
func (t *Transaction) Joined() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.joined
}

// Err returns the error of a store's statement that failed in the transaction, nil if
// there is none. Nothing more can be saved in it.
func (t *Transaction) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

func transactionOf(ctx context.Context) *Transaction {
	t, _ := session.TransactionOf(ctx).(*Transaction)
	return t
}

// run carries out a call in the transaction. If that fails, the transaction is rolled
// back at once. Some databases have done so already, and would take the application's
// next statements for ones of their own.
func (t *Transaction) run(call func(Tx) error) error {
	if err := t.Err(); err != nil {
		return err
	}
	err := call(t.tx)
	if err == nil || duplicate(err) {
		return err
	}
	err = aborted(unavailable(err))
	t.mu.Lock()
	t.broken = err
	t.mu.Unlock()
	if !errors.Is(err, sql.ErrTxDone) {
		t.undo()
	}
	return err
}

// join notes that a store writes with ctx, and returns why it cannot.
func join(ctx context.Context) error {
	t := transactionOf(ctx)
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.joined = true
	return t.broken
}

// wrote notes a write by which it is known later whether the transaction was committed.
func (s *statements) wrote(ctx context.Context, id session.ID, before, after session.Revision) {
	t := transactionOf(ctx)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch w := &t.witness; {
	case w.s == s && w.id == id:
		if w.former, w.after = append(w.former, w.after), after; w.former[0] == after { // created and deleted
			w.s = nil
		}
	case after != 0 || w.s == nil: // of a deletion less is known
		*w = witness{s, id, []session.Revision{before}, after}
	}
}

// A witness is a record that the transaction wrote: its revisions before that and in
// between, and the last one. Zero means absent.
type witness struct {
	s      *statements // nil if there is none
	id     session.ID
	former []session.Revision
	after  session.Revision
}

// testify returns how the transaction has ended. Inserting a row that has ended already
// waits for a transaction that is being committed, and keeps its row from arriving late.
func (w witness) testify(ctx context.Context) session.Outcome {
	if _, err := w.s.writeAlone(ctx, &draft{id: w.id, rev: int64(newRevision()), record: []byte{0}}); err != nil {
		return session.OutcomeUnknown
	}
	return w.look(ctx)
}

// look returns how a transaction has ended that is over.
func (w witness) look(ctx context.Context) session.Outcome {
	rev, err := w.s.find(ctx, w.id)
	switch {
	case err != nil:
	case rev == w.after:
		return session.Committed
	case slices.Contains(w.former, rev) || w.after == 0:
		return session.RolledBack
	}
	return session.OutcomeUnknown
}

// aborted makes an error say whether the transaction can be run again.
func aborted(err error) error {
	if rolledBack(err) && !errors.Is(err, ErrAborted) {
		return fmt.Errorf("%w: %w: %w", session.ErrUnavailable, ErrAborted, err)
	}
	return err
}
