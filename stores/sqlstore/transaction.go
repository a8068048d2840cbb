package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// ErrAborted means that a transaction met another one: a deadlock, a lock, a failed
// serialization. It has to be rolled back and can be run again from its beginning.
// It comes with [session.ErrUnavailable].
var ErrAborted = errors.New("sqlstore: the transaction met another one; roll it back and run it again")

// InTx returns a context with which [session.Session.Commit] saves the session in the
// application's own transaction. The session is saved if tx is committed, and as it
// was before if tx is rolled back: see [session.WithTransaction] and the section
// "Transactions" of the package's documentation. [Transact] is simpler where it
// suits.
//
// tx must belong to the store's database, and must end before the response begins. If
// it has savepoints, each needs an InTx of its own.
func InTx(ctx context.Context, tx *sql.Tx) context.Context {
	return session.WithTransaction(ctx, &transaction{tx: tx})
}

// Transact runs do in a transaction and commits it. If do returns an error or panics,
// it rolls the transaction back, and returns the error or panics on.
//
// The sessions that do commits with its context are saved in the transaction. After
// an error they are as they were before, and what do changed in them is dropped. So do
// must make its changes itself, and can be run again. Transact runs it once.
//
// Nil options are the default. Errors of the database are [session.ErrUnavailable],
// and [ErrAborted] as well if the transaction can be run again.
func Transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, do func(ctx context.Context, tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return unavailable(err)
	}
	t := &transaction{tx: tx}
	defer t.end(ctx)
	if err := do(session.WithTransaction(ctx, t), tx); err != nil {
		return err
	}
	if err := t.failure(); err != nil { // which do has ignored
		return unavailable(err)
	}
	if err := tx.Commit(); err != nil {
		return unavailable(aborted(err))
	}
	t.learn(true)
	return nil
}

// A transaction is one of the application's own. The first store that writes in it
// leaves a receipt there, by which it is known later whether it was committed.
type transaction struct {
	tx *sql.Tx

	mu      sync.Mutex
	receipt *receipt
	failed  error // of a store's statement: none is sent any more
	known   bool  // whether the transaction was committed is known
	kept    bool  // it was
	atEnd   []func(context.Context)
}

func transactionOf(ctx context.Context) *transaction {
	t, _ := session.TransactionOf(ctx).(*transaction)
	return t
}

// run carries out a call in the transaction. After a failure there is none: a
// database that has rolled the transaction back would take it for one of its own.
func (t *transaction) run(ctx context.Context, s *statement, call func(*sql.Stmt) error) error {
	if err := t.failure(); err != nil {
		return err
	}
	err := s.once(ctx, call)
	if err == nil || duplicate(err) {
		return err
	}
	err = aborted(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = err
	return err
}

func (t *transaction) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// aborted makes an error say whether the transaction can be run again.
func aborted(err error) error {
	if rolledBack(err) {
		return fmt.Errorf("%w: %w", ErrAborted, err)
	}
	return err
}

// join leaves a receipt if ctx has a transaction that has none yet.
func (s *statements) join(ctx context.Context) error {
	t := transactionOf(ctx)
	if t == nil || t.Joined() {
		return nil
	}
	r := newReceipt(s)
	if err := r.leave(ctx, r.revision); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.receipt = r
	return nil
}

func (t *transaction) Joined() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.receipt != nil
}

// Open asks for a statement that no database has. That sends nothing, and a
// transaction that has ended says so first.
func (t *transaction) Open() bool {
	return !errors.Is(t.tx.Stmt(new(sql.Stmt)).Close(), sql.ErrTxDone)
}

func (t *transaction) Committed(ctx context.Context) (bool, error) {
	t.mu.Lock()
	known, kept, r := t.known, t.kept, t.receipt
	t.mu.Unlock()
	if known || r == nil {
		return kept, nil
	}
	kept, err := r.arrived(session.WithTransaction(ctx, nil))
	if err == nil {
		t.learn(kept)
	}
	return kept, err
}

func (t *transaction) learn(kept bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known, t.kept = true, kept
}

func (t *transaction) AtEnd(finish func(context.Context)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.atEnd = append(t.atEnd, finish)
}

// end rolls the transaction back if it is open, and tells the sessions its end if that
// is known. Else they ask.
func (t *transaction) end(ctx context.Context) {
	if !errors.Is(t.tx.Rollback(), sql.ErrTxDone) {
		t.learn(false)
	}
	t.mu.Lock()
	atEnd := t.atEnd
	if !t.known {
		atEnd = nil
	}
	t.mu.Unlock()
	for _, finish := range atEnd {
		finish(session.WithTransaction(ctx, nil))
	}
}

// A receipt is a row that a transaction leaves. It is there if the transaction was
// committed.
type receipt struct {
	statements *statements
	id         session.ID
	revision   session.Revision
	left       time.Time
}

// receiptLives is how long a receipt stays. It is asked for during half of that.
const receiptLives = time.Hour

func newReceipt(s *statements) *receipt {
	r := &receipt{statements: s, revision: newRevision(), left: time.Now()}
	rand.Read(r.id[:]) // never fails
	return r
}

// leave inserts a row in the receipt's place.
func (r *receipt) leave(ctx context.Context, rev session.Revision) error {
	ends := receiptLives.Milliseconds()
	_, err := r.statements.create(ctx, r.id, []any{int64(rev), nil, ends, ends, int64(0), nil})
	return unavailable(err)
}

// arrived reports whether the receipt is there. If it is not, another row takes its
// place: that waits for a transaction which is being committed, and keeps a receipt
// from arriving late.
func (r *receipt) arrived(ctx context.Context) (bool, error) {
	if time.Since(r.left) > receiptLives/2 {
		return false, unavailable(errors.New("sqlstore: the transaction is too long ago; load the session again"))
	}
	for range 2 {
		rev, _, found, err := r.statements.look(ctx, r.id)
		switch {
		case err != nil:
			return false, unavailable(err)
		case found:
			return rev == r.revision, nil
		}
		if err := r.leave(ctx, newRevision()); err != nil {
			return false, err
		}
	}
	return false, unavailable(errors.New("sqlstore: the transaction's receipt cannot be read"))
}
