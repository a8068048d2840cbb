package session

import (
	"context"
	"iter"
	"time"
)

// A Store keeps records until they end. Any backend with compare-and-set and expiry
// can be one.
//
// Implementations must follow these rules. storetest.Run checks them.
//
//   - All methods are safe for concurrent use and atomic. Every later call sees
//     the effect of one that returned nil.
//   - An ID is absent or live, which means that it has a record. A record that has
//     ended is absent.
//   - No method but Save with a zero Revision makes an absent ID live.
//   - A Value that was loaded or saved is shared. Neither stores nor callers write
//     to it.
//   - Methods give up when ctx is done. Any error that is not named below means
//     that the outcome is unknown.
type Store[T any] interface {
	// Load returns the record. It returns [ErrNotFound] when the ID is absent and
	// [*DecodeError] when its record cannot be read. Load writes nothing.
	Load(ctx context.Context, id ID) (Record[T], error)

	// Save stores rec and sets rec.Revision to the new revision, which no other
	// write of this ID has had. On an error rec is unchanged.
	//
	// If rec.Revision is zero, Save creates the record, or returns [ErrExists] if the
	// ID is live. Otherwise it replaces the stored record if its revision is
	// rec.Revision; it returns [ErrConflict] if it is another, and [ErrNotFound] if
	// the ID is absent. Save returns [ErrNotFound] if rec has ended already. It
	// returns [ErrTooLarge] if the record is larger than the store takes, and
	// [*EncodeError] if its value cannot be encoded.
	//
	// The new owner and deadline are visible to [Indexer.ByOwner] when Save returns.
	Save(ctx context.Context, rec *Record[T]) error

	// Touch moves the record's Expires and nothing else, if its revision is rev: its
	// data and its revision stay. A time after the record's deadline means the
	// deadline. Touch returns [ErrConflict] if the revision is another, and
	// [ErrNotFound] when the ID is absent or expires has passed.
	Touch(ctx context.Context, id ID, rev Revision, expires time.Time) error

	// Delete makes a live ID absent, if its revision is rev or rev is zero. It
	// returns [ErrConflict] if the revision is another, and [ErrNotFound] if the ID
	// is absent. It can delete a record that cannot be read.
	Delete(ctx context.Context, id ID, rev Revision) error

	// Exists reports whether the ID is live, without reading its data.
	Exists(ctx context.Context, id ID) (bool, error)
}

// An Opener is a [Store] that looks at a record's secrets before it decodes the
// value, or that keeps copies of records close to the process that uses them.
type Opener[T any] interface {
	// Open is [Store.Load] for a visitor. It calls accepts with the record's secrets,
	// which must not be called after Open has returned. If accepts returns false, the
	// value is not decoded, and the returned record has none.
	//
	// Open may answer with a copy, if accepts has accepted the copy's secrets. Then
	// copied is true, and the record may have been replaced or ended a moment ago. The
	// store's documentation states how long a moment is: at most two seconds. Open
	// always sees the effects of calls from which this store has returned.
	//
	// [Load] begins sessions with it. Code that depends on the present record calls
	// [Store.Load].
	Open(ctx context.Context, id ID, accepts func(Secrets) bool) (rec Record[T], copied bool, err error)
}

// An Indexer is a [Store] that finds the sessions of an owner.
type Indexer[T any] interface {
	// ByOwner yields the live records of owner, in no particular order. It yields a
	// record that lives throughout the iteration once. It may yield a record that comes
	// or goes during the iteration. It yields a [*DecodeError] for a record that cannot
	// be read, and goes on. Any other error ends the iteration. The empty owner has no
	// sessions.
	ByOwner(ctx context.Context, owner string) iter.Seq2[Record[T], error]
}

// A Lister is a [Store] that finds every session.
type Lister[T any] interface {
	// All yields the live records, in no particular order. It yields a record that
	// lives throughout the iteration at least once. Errors are as for
	// [Indexer.ByOwner].
	All(ctx context.Context) iter.Seq2[Record[T], error]
}

// A Poller is a [Store] that answers for many sessions at once.
type Poller interface {
	// Revisions returns the revisions of the records with these IDs, in their order,
	// and zero for an absent ID. It reads no data. With an error it may return nil, or
	// a revision that has been replaced.
	Revisions(ctx context.Context, ids []ID) ([]Revision, error)
}

// A Reaper is a [Store] that can tell of sessions that have timed out, when it removes
// what is left of them.
type Reaper interface {
	// OnReaped makes the store call reaped for each session that it removes because its
	// time has come, with the event that [TimedOut] returns. It may tell of it long after,
	// and may miss some: a store that ends with its process tells of none. The store calls
	// reaped from the goroutine of any of its calls, or from its own, with no lock held.
	// So reaped must be quick, and must not use the session of a request.
	OnReaped(reaped func(Event))
}

// A Watcher is a [Store] that can tell at once when a record changes or ends.
type Watcher interface {
	// Watch calls changed soon after the record with this ID was replaced, deleted,
	// removed after its end, or given up to make room. It may call changed more than
	// once, and also at other times: some stores know only that there was a write, or
	// lose the connection that tells them. It may miss an end by expiry, and a change
	// before Watch returns: callers ask [Store.Load] or [Poller.Revisions] too.
	//
	// The store calls changed from any goroutine, with locks held. So changed must
	// return at once, and must not call the store. Once stop has returned, changed is
	// not called again; a call in progress may still run. Calling stop again does
	// nothing.
	//
	// If ok is false, the store is not configured to learn of changes by other
	// processes. Then it reports changes of this process only, or none at all, and stop
	// is nil.
	Watch(id ID, changed func()) (stop func(), ok bool)
}

// An Outliner is an [Indexer] that can leave out the values, which may be large. Ending
// sessions needs none.
type Outliner[T any] interface {
	// OutlinesByOwner is [Indexer.ByOwner] with records without their values. It may
	// yield records with values that cannot be read.
	OutlinesByOwner(ctx context.Context, owner string) iter.Seq2[Record[T], error]

	// Outline is [Store.Load] without the value.
	Outline(ctx context.Context, id ID) (Record[T], error)
}

// OutlinesByOwner yields the live records of owner, without their values if the index
// is an [Outliner].
func OutlinesByOwner[T any](ctx context.Context, index Indexer[T], owner string) iter.Seq2[Record[T], error] {
	if o, ok := index.(Outliner[T]); ok {
		return o.OutlinesByOwner(ctx, owner)
	}
	return index.ByOwner(ctx, owner)
}
