// Package codec turns session values into bytes and back.
//
// # Choosing a codec
//
// Stores outside the process need a [Codec]. [MessagePack] is the one to take,
// unless other programs are to read the sessions: then [JSON].
//
//	carts, err := redisstore.New(client, "carts", codec.MessagePack[Cart](), nil)
//
// Both follow struct tags, of msgpack/v5 and of encoding/json respectively. Both
// bring every value back as it was, which is more than the libraries under them
// promise: times come back in UTC, nil and empty slices and maps stay apart, and
// what cannot be kept is an error when it is written, never a surprise when it
// is read.
//
// # What T may be
//
// [Checker] says of a type which fields its codec cannot keep, and what to do
// about each: two fields of one name, complex numbers, a type that can be
// written but not read. Stores ask when they are made, so that a program with
// such a type does not start.
//
// A type that passes is kept alike by every store. Where codecs would bring a
// value back in another form, a session gives it that form at once, when it is
// committed, in memory too: times are in UTC; a field tagged omitempty or
// omitzero is zero if it is empty, or says so by its method IsZero; a pointer to
// nil is nil; a [json.RawMessage] has no white space, and is nil if it is null.
//
// A type that encodes itself decides what is stored. Tags in it mean nothing to a
// session, which keeps all its fields; a change counts if the encoding shows it,
// whatever the type's Equal says. A codec refuses such a type if it would go by the
// tags instead: the type has MarshalJSON, say, and the codec is MessagePack.
//
// A field that is not to be stored has the tags of both codecs: `msgpack:"-" json:"-"`.
// A field that sessions drop and the codec would write is refused, and so is the
// reverse: `json:"-"` alone hides a field from an API, and sessions keep it.
//
// Two things are left to know. A value may be one that its codec refuses: NaN in
// JSON, or a string that is not UTF-8. That is a [session.EncodeError] at
// commit. And a type with marshalers of its own is as true as those are: a
// net.IP of four bytes comes back with sixteen. codectest.Run finds out.
//
// # Changing T
//
// Values are stored field by field under the fields' names. There are four kinds
// of change to a field, and one to T itself:
//
//   - A field was added or removed: nothing. A new field is zero when an old value
//     is read, one that is gone is passed over. Its name should not come back for
//     something else, for JSON not even in another case, while sessions have it.
//   - A field was renamed: a tag with the old name, `msgpack:"old"` or
//     `json:"old"`. Without, its value is lost.
//   - A field changed its type, or was split, or some were joined: [Versioned],
//     with an upgrade. Without, old values cannot be read, which ends those
//     sessions. A wider type of numbers reads what a narrower one wrote; for a
//     narrower one, a number that does not fit is an error.
//   - A field means something else than before, say cents instead of euros:
//     [Versioned], with an upgrade. Without, nobody notices.
//   - T itself was renamed, or moved to another package: a method of T,
//     SessionType() string, that returns what T was. Without, old records are
//     refused, as below.
//
// The examples show each: FieldRemoved, FieldRenamed, FieldRetyped, FieldSplit,
// FieldRedefined and TypeRenamed. codectest.Golden is a test that knows from stored
// sessions when one of these was forgotten.
//
// # Versions
//
// [Versioned] puts a version before each value, and reads older versions through
// typed functions. A program can come to use it at any time: what was stored
// before counts as version 0.
//
//	codec.Versioned(1, codec.MessagePack[Cart](),
//		codec.From(0, codec.MessagePack[Cart](), codec.Same))
//
// When the type changes, it keeps its old form under another name:
//
//	codec.Versioned(2, codec.MessagePack[Cart](),
//		codec.From(0, codec.MessagePack[cartV1](), fromV1),
//		codec.From(1, codec.MessagePack[cartV1](), fromV1))
//
// An upgrade may go when no session of its version is left, which is the case a
// lifetime after the last server that wrote it.
//
// While a new version is rolled out, the servers that still run the old one meet
// what the new one wrote. They fail those requests by a [*session.DecodeError] that
// wraps [session.ErrNewer], and leave the sessions alone: nobody is logged out, and
// nothing is lost. Ending such a session works, since that decodes nothing. That holds for a
// program without versions too, if it is built with this module. It ends with
// the rollout; after a rollback it goes on until those sessions have expired.
//
// Without a new version, the old program reads what the new one wrote, and fails
// no request; but when it changes a session, it drops the fields that it does not
// know. If what a new field holds must not be lost, not even during a rollout,
// then adding it wants a new version, with [Same] as the upgrade.
//
// # Sealed values
//
// [Sealed] encrypts values, so that neither a dump of the store nor who can write
// to it gets at them. Its documentation says what that covers. It goes around
// MessagePack or JSON, inside Versioned or around it. To seal what was stored in
// the clear, give it a new version:
//
//	hidden, err := codec.Sealed(codec.MessagePack[Cart](), key)
//	...
//	codec.Versioned(2, hidden, codec.From(1, codec.MessagePack[Cart](), codec.Same))
//
// As long as that upgrade is there, who can write to the store can still put in
// values in the clear.
//
// # Types
//
// A record of one type is refused for another, even if the two have the same
// fields and share a namespace. What counts is what SessionType() string returns
// for a zero T, if T has that method and it is not empty; else the path of T's
// package and its name, or, for a type without a name, how it is written. It
// takes no space: it goes into the record's checksum. With Versioned it is the
// identity of today's T, not that of the types in its upgrades.
//
// A type that is declared within a function is refused: Go gives it no name that
// tells it from one in another function.
//
// A type that embeds another gets its SessionType with it, and then is the same
// to a store; it should have its own. So are two types main.Cart of two programs.
//
// # Data that nobody wrote
//
// Decoders meet data that is truncated, corrupt, or made to do harm. Both codecs
// go through it once before they decode it: it must be one value and no more,
// nest no deeper than [MaxDepth], and promise no more elements than it has bytes
// for. What is left to do harm takes memory in proportion to its length: a byte
// may become two elements of a list, as large as those are in memory. Stores
// bound the length; a T with lists of very large elements wants a lower bound.
//
// # Records
//
// Package wire has the form in which stores keep whole records, for authors of
// stores.
package codec
