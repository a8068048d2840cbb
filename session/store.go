package session

import (
	"context"
	"iter"
	"time"
)

// A Store keeps records until they expire.
//
// Implementations must follow these rules. storetest.Run checks them.
//
//   - All methods are safe for concurrent use and atomic. Every later call sees
//     the effect of one that returned nil.
//   - An ID is absent, live (it has a record) or retired (it has a marker without
//     data). A record that has ended is absent, and so is a marker after until.
//   - No method but Save with a zero Revision makes an absent ID live. Nothing
//     makes a retired one live.
//   - A Value that was loaded or saved is shared. Neither stores nor callers write
//     to it.
//   - Methods give up when ctx is done. Any error that is not named below means
//     that the outcome is unknown.
type Store[T any] interface {
	// Load returns the record. It returns [ErrNotFound] when the ID is absent,
	// [*RetiredError], which is [ErrGone], when it is retired, and
	// [*DecodeError] when its record cannot be read. Load writes nothing.
	Load(ctx context.Context, id ID) (Record[T], error)

	// Save stores rec and sets rec.Revision to the new revision, which no other
	// write of this ID has had. On an error rec is unchanged.
	//
	// If rec.Revision is zero, Save creates the record, or returns [ErrExists] if the
	// ID is live. Otherwise it replaces the stored record if that one's revision is
	// rec.Revision; it returns [ErrConflict] if it is another, and [ErrNotFound] if
	// the ID is absent. Save returns [ErrGone] if the ID is retired, and
	// [ErrNotFound] if rec has ended already. It returns [ErrTooLarge] if the record
	// is larger than the store takes, and [*EncodeError] if its value cannot be
	// encoded.
	//
	// The new owner and deadline are visible to [Indexer.ByOwner] when Save returns.
	Save(ctx context.Context, rec *Record[T]) error

	// Touch moves the record's Expires and nothing else: its data and its
	// revision stay. A time after the record's deadline means the deadline, which
	// another request may have brought nearer. It returns
	// [ErrNotFound] when the ID is absent or expires has passed, [ErrGone] when
	// it is retired.
	Touch(ctx context.Context, id ID, expires time.Time) error

	// Retire replaces the record by a marker that stays until the given time, if
	// its revision is rev. The marker names the successor, the session that goes
	// on in its place. Retire returns [ErrConflict] if the revision is another
	// and [ErrNotFound] if the ID is absent. If the ID is retired already, Retire
	// returns nil if the marker names the same successor, else [ErrGone].
	Retire(ctx context.Context, id ID, rev Revision, successor ID, until time.Time) error

	// Delete makes a live ID absent. It returns [ErrNotFound] if the ID is absent
	// and [ErrGone] if it is retired; a retired ID stays as it is.
	Delete(ctx context.Context, id ID) error

	// Exists reports whether the ID is live, without reading its data.
	Exists(ctx context.Context, id ID) (bool, error)
}

// An Indexer is a [Store] that finds the sessions of one owner.
type Indexer[T any] interface {
	// ByOwner yields the live records of owner, in no particular order. It yields
	// a record that lives throughout the iteration once. It may yield a record
	// that comes or goes meanwhile. It yields a [*DecodeError] for a record that
	// cannot be read, and goes on. Any other error ends the iteration.
	// The empty owner has no sessions.
	ByOwner(ctx context.Context, owner string) iter.Seq2[Record[T], error]
}

// A Lister is a [Store] that finds every session.
type Lister[T any] interface {
	// All yields the live records, in no particular order. It yields a record that
	// lives throughout the iteration at least once. Errors are as for
	// [Indexer.ByOwner].
	All(ctx context.Context) iter.Seq2[Record[T], error]
}

// A CachedLoader is a [Store] that keeps copies of records close to the process
// that uses them.
type CachedLoader[T any] interface {
	// LoadCached is [Store.Load], but may answer with a copy. Then cached is true,
	// and the record may have been replaced or ended a moment ago. The store's
	// documentation states how long a moment is: at most two seconds. LoadCached
	// always sees the effects of calls from which this store has returned.
	//
	// [Load] begins sessions with it. Whatever depends on the present record goes
	// on with [Store.Load].
	LoadCached(ctx context.Context, id ID) (rec Record[T], cached bool, err error)
}

// A Poller is a [Store] that answers for many sessions at once.
type Poller interface {
	// Ended returns those of the IDs that are not live, like [Store.Exists] for
	// each. With an error, IDs that it does not return may have ended too.
	Ended(ctx context.Context, ids []ID) ([]ID, error)
}

// A Watcher is a [Store] that can tell at once when a session ends.
type Watcher interface {
	// Watch calls ended soon after the session with this ID has ended: retired,
	// deleted, expired and removed, or replaced to make room. It may call ended more
	// than once, and also at other times. Some stores know only that a record was
	// written, or lose the connection that tells them. It may miss an end by expiry,
	// and an end before Watch returns: callers ask [Store.Exists] too.
	//
	// The store calls ended from any goroutine, with locks held. So ended must return
	// at once, and must not call the store. Once stop has returned, ended is not
	// called again; a call in progress may still run. Calling stop again does
	// nothing.
	//
	// If ok is false, the store cannot tell, as it is configured. Then stop is nil.
	Watch(id ID, ended func()) (stop func(), ok bool)
}
