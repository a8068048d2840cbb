package session

import (
	"context"
	"iter"
	"time"
)

// A Store keeps records until they expire.
//
// Implementations must observe these rules; sessiontest.TestStore checks them:
//
//   - All methods are safe for concurrent use, and take effect at once and whole:
//     what returned nil is seen by every later call.
//   - An ID is in one of three states: absent, live (a record) or retired (a
//     marker without data). A record whose Expires, or a marker whose until, has
//     passed is absent.
//   - No method but Save with a zero Revision makes an absent ID live. Nothing
//     makes a retired one live.
//   - A loaded Value may be shared with the store and with other callers:
//     neither they nor the store ever write to it. The same holds for a Value
//     that was saved.
//   - Methods give up when ctx is done. An error that is none of those named
//     below means that the outcome is unknown.
type Store[T any] interface {
	// Load returns the record. It returns [ErrNotFound] when the ID is absent,
	// [*RetiredError], which is [ErrGone], when it is retired, and
	// [*DecodeError] when its record cannot be read. Load writes nothing.
	Load(ctx context.Context, id ID) (Record[T], error)

	// Save stores rec and sets rec.Revision to the new revision, which no other
	// write of this ID has had. On an error rec is unchanged.
	//
	// If rec.Revision is zero, Save creates the record, or returns [ErrExists]
	// if the ID is live. Otherwise it replaces the stored record if that one's
	// revision is rec.Revision; it returns [ErrConflict] if it is another, and
	// [ErrNotFound] if the ID is absent. It returns [ErrGone] if the ID is
	// retired, [ErrTooLarge] if the record is larger than the store takes,
	// [*EncodeError] if its value cannot be encoded, and [ErrNotFound] if
	// rec.Expires has passed already.
	//
	// The new owner and deadline are visible to [Indexer.ByOwner] when Save returns.
	Save(ctx context.Context, rec *Record[T]) error

	// Touch moves the time at which the record expires, and nothing else: its
	// data and its revision stay. A time after the record's deadline stands for
	// the deadline, which another request may have brought nearer. It returns
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
	// ByOwner yields the live records of owner, in no particular order. A record
	// that lives throughout the iteration is yielded once; one that comes or
	// goes meanwhile may be. A record that cannot be read is yielded as a
	// [*DecodeError] and the iteration goes on; any other error ends it.
	// The empty owner has no sessions.
	ByOwner(ctx context.Context, owner string) iter.Seq2[Record[T], error]
}

// A Lister is a [Store] that finds every session.
type Lister[T any] interface {
	// All yields the live records, in no particular order. A record that lives
	// throughout the iteration is yielded at least once. Errors are as for
	// [Indexer.ByOwner].
	All(ctx context.Context) iter.Seq2[Record[T], error]
}
