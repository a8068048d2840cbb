package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
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

	errNotSaved = fmt.Errorf("%w: a session that was saved in the transaction has not stayed: the transaction went back to a savepoint, or is nested in another one", session.ErrUnsupported)
)

const (
	// endTimeout is how long a transaction asks for its end, and how long a ROLLBACK
	// may take.
	endTimeout = 2 * time.Second

	// busyTimeout is the same in a full pool, of which the caller may hold a connection,
	// and after the end of the caller's context.
	busyTimeout = 100 * time.Millisecond
)

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
// Before COMMIT, one SELECT looks whether all sessions are still as do has saved them.
// If do went back to a savepoint and lost one, Transact rolls the transaction back, and
// the error is [session.ErrUnsupported].
//
// Nil options are the default. An error of the database is returned as it is. It is a
// [session.ErrUnavailable] if the database does not answer. If a reply to COMMIT is
// lost, Transact finds out whether it was carried out.
//
// The context has at most one transaction: Transact within Transact is refused. MySQL
// commits before CREATE, ALTER, DROP and TRUNCATE without notice: do must not send them.
func Transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, do func(ctx context.Context, tx *sql.Tx) error) error {
	if session.TransactionOf(ctx) != nil {
		return errNested
	}
	// The transaction's own context ends with ctx during BEGIN and COMMIT only. Else
	// database/sql would end the transaction, and nobody would know when.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	tx, err := promptly(ctx, func() (*sql.Tx, error) { return db.BeginTx(life, o) })
	stop()
	if err != nil {
		return aborted(session.StoreError(cmp.Or(ctx.Err(), err)))
	}
	t := Join(tx)
	defer t.Rollback() // after a panic, too
	if err = do(t.Context(ctx), tx); err == nil {
		err = t.check(ctx)
	}
	if err != nil {
		return aborted(err)
	}
	stop = context.AfterFunc(ctx, cancel)
	defer stop()
	_, err = promptly(ctx, func() (any, error) { return nil, tx.Commit() })
	switch {
	case err == nil:
		t.finish(session.Committed)
		return nil
	case refused(err):
		t.finish(session.RolledBack)
		return aborted(err)
	}
	return session.StoreError(t.End(err))
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

	mu     sync.Mutex
	ctx    context.Context // of the last Commit
	joined bool
	broken error // of a store's statement: none is sent any more
	ended  bool
	how    session.Outcome
	atEnd  []func(context.Context, session.Outcome)

	// written has the revisions of each session that was written: before the
	// transaction, in between, and the last one. Zero means absent.
	written map[*statements]map[session.ID][]session.Revision
	last    witness
}

// Join returns a transaction in which stores save sessions. It must belong to the
// stores' database.
//
// Savepoints, and nested transactions that are savepoints, are not supported. Commit
// sessions outside of them, or after the last one. If a transaction goes back to a
// savepoint, it loses the sessions that it saved since: [Transaction.End] then fails.
//
// If a statement of a store fails, the transaction is rolled back at once by its method
// Rollback. If tx has none, as a [*sql.Conn] on which the application itself sends BEGIN,
// the application must roll back after each error of a Commit.
func Join(tx Tx) *Transaction { return &Transaction{tx: tx, ctx: context.Background()} }

// Context returns a context with which [session.Session.Commit] saves the session in
// the transaction.
func (t *Transaction) Context(ctx context.Context) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx = session.WithTransaction(ctx, nil)
	return session.WithTransaction(ctx, t)
}

// End tells the sessions how the transaction has ended, with the error of its COMMIT or
// of a function that ran all of it, such as gorm's DB.Transaction. It must be called
// after the end and before the response begins: until then, a Commit of the session
// with another context fails.
//
// Nil means that the transaction was committed. End then looks once whether all sessions
// are as the transaction has left them. If one is as before, because of a savepoint, or
// if the transaction is still open, because it is nested, the error is
// [session.ErrUnsupported], although the rest of the transaction may be committed. A
// session that the transaction has created, and that another request ended before End
// looked, looks the same: [Transact] does not confuse them.
//
// With an error, End asks the database, too. It returns nil if the transaction was
// committed, and the error otherwise. Only the first call counts.
func (t *Transaction) End(err error) error {
	if broken := t.Err(); broken != nil { // if it was committed all the same, the next Commit meets a conflict
		t.finish(session.RolledBack)
		return broken
	}
	kept, lost, open := t.ask(err)
	switch {
	case err == nil && (lost || open), kept && lost:
		t.finish(session.OutcomeUnknown)
		return errNotSaved
	case err == nil, kept && !open:
		t.finish(session.Committed)
		return nil
	case lost, refused(err):
		t.finish(session.RolledBack)
	default:
		t.finish(session.OutcomeUnknown)
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
	err := t.undo(endTimeout)
	if errors.Is(err, sql.ErrTxDone) && t.Err() == nil { // the application has ended it, or its context
		t.End(err)
		return nil
	}
	t.finish(session.RolledBack)
	return err
}

// undo rolls the transaction back. It does not wait for a connection that hangs.
func (t *Transaction) undo(timeout time.Duration) error {
	tx, ok := t.tx.(interface{ Rollback() error })
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err := promptly(ctx, func() (any, error) { return nil, tx.Rollback() })
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return session.StoreError(errors.New("sqlstore: the database does not answer to ROLLBACK"))
	}
	return err
}

// check returns why a transaction cannot be committed that is still open.
func (t *Transaction) check(ctx context.Context) error {
	if err := t.Err(); err != nil {
		return err
	}
	_, lost, err := t.look(ctx, t.tx)
	switch {
	case ctx.Err() != nil:
		return session.StoreError(ctx.Err())
	case lost:
		return errNotSaved
	case err == nil, errors.Is(err, sql.ErrTxDone): // COMMIT tells
		return nil
	case refused(err):
		return err
	}
	return session.StoreError(err)
}

// ask finds out how the transaction has ended: see [Transaction.look]. A transaction
// that still takes statements is open.
func (t *Transaction) ask(err error) (kept, lost, open bool) {
	t.mu.Lock()
	ctx, last, ended, how := t.ctx, t.last, t.ended, t.how
	t.mu.Unlock()
	if ended || last.s == nil {
		return ended && how == session.Committed, false, false
	}
	timeout := endTimeout
	if err != nil {
		ctx = context.WithoutCancel(ctx)
	} else if stats := last.s.db.Stats(); stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections {
		timeout = busyTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, canEnd := t.tx.(interface{ Rollback() error })
	if err == nil || canEnd {
		if kept, lost, failed := t.look(ctx, t.tx); failed == nil {
			return kept, lost, canEnd
		}
	}
	if err != nil && !refused(err) && last.wait(ctx) != nil {
		return false, false, false
	}
	kept, lost, _ = t.look(ctx, nil)
	return kept, lost, false
}

// look reports whether sessions are as the transaction has left them, and whether some
// are not. It reads in a transaction that may be open, or outside of it. There, others
// may have changed a session since. Such a session says nothing.
func (t *Transaction) look(ctx context.Context, tx Tx) (kept, lost bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	deleted := false
	for s, written := range t.written {
		found := map[session.ID]session.Revision{}
		err := s.revisionsOf(ctx, tx, slices.Collect(maps.Keys(written)), func(id session.ID, rev session.Revision, live bool) {
			if revs := written[id]; live || rev == revs[len(revs)-1] {
				found[id] = rev
			}
		})
		if err != nil {
			return false, false, err
		}
		for id, revs := range written {
			former, after := revs[:len(revs)-1], revs[len(revs)-1]
			switch rev := found[id]; {
			case rev == after:
				kept, deleted = kept || after != 0, deleted || after == 0
			case tx != nil, after == 0, slices.Contains(former, rev):
				lost = true
			}
		}
	}
	return kept || deleted && !lost, lost, nil
}

// finish tells the sessions how the transaction has ended. Only the first call counts.
func (t *Transaction) finish(how session.Outcome) {
	t.mu.Lock()
	atEnd, ctx := t.atEnd, t.ctx
	if !t.ended {
		t.ended, t.how = true, how
	}
	t.atEnd, how = nil, t.how
	t.mu.Unlock()
	for _, tell := range atEnd {
		tell(context.WithoutCancel(ctx), how)
	}
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
func (t *Transaction) run(ctx context.Context, tx Tx, call func(Tx) error) error {
	if err := t.Err(); err != nil {
		return err
	}
	err := call(tx)
	if err == nil || duplicate(err) {
		return err
	}
	if errors.Is(err, sql.ErrTxDone) { // the application has ended it, and tells how
		return session.StoreError(err)
	}
	err = aborted(session.StoreError(err))
	t.mu.Lock()
	t.broken = err
	t.mu.Unlock()
	timeout := endTimeout
	if ctx.Err() != nil {
		timeout = busyTimeout
	}
	t.undo(timeout)
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
	if t.written == nil {
		t.written = map[*statements]map[session.ID][]session.Revision{}
	}
	if t.written[s] == nil {
		t.written[s] = map[session.ID][]session.Revision{}
	}
	revs := t.written[s][id]
	if revs == nil {
		revs = []session.Revision{before}
	}
	t.written[s][id] = append(revs, after)
	t.last = witness{s, id}
	if revs[0] == after { // created and deleted
		delete(t.written[s], id)
	}
}

// A witness is a session that the transaction wrote.
type witness struct {
	s  *statements // nil if there is none
	id session.ID
}

// wait waits for the end of a transaction that is being committed. It inserts a row that
// has ended already, which also keeps the transaction's own from arriving late.
func (w witness) wait(ctx context.Context) error {
	_, err := w.s.writeAlone(ctx, &draft{id: w.id, rev: int64(newRevision()), record: []byte{0}})
	return err
}

// aborted makes an error say whether the transaction can be run again.
func aborted(err error) error {
	if rolledBack(err) && !errors.Is(err, ErrAborted) {
		return fmt.Errorf("%w: %w: %w", session.ErrUnavailable, ErrAborted, err)
	}
	return err
}
