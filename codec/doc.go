// Package codec turns session values into bytes and back, and fixes the form in
// which stores keep whole records.
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
// a value that cannot be kept is an error when it is written, never a surprise
// when it is read.
//
// # Types
//
// [Checker] says which fields of a type its codec cannot keep, and how to mend
// each: two fields of one name, complex numbers, a type that can be
// written but not read. Stores ask when they are made, so that a program with
// such a type does not start.
//
// A type that passes is kept alike by every store. Where codecs would bring a
// value back in another form, a session gives it that form at once, when it is
// committed, in memory too: times are in UTC; a field tagged omitempty or
// omitzero is zero if it is empty, or says so by its method IsZero; a pointer to
// nil is nil; a [json.RawMessage] has no white space, and is nil if it is null.
//
// A type that encodes itself decides how it is stored. Tags in it mean nothing to a
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
//     sessions. A wider type of numbers reads the numbers of a narrower one; for a
//     narrower one, a number that does not fit is an error.
//   - A field means something else than before, say cents instead of euros:
//     [Versioned], with an upgrade. Without, the old values are misread without an error.
//   - T itself was renamed, or moved to another package: a method of T,
//     SessionType() string, that returns T's old name. Without, old records are
//     refused, as below.
//
// The examples show each: FieldRemoved, FieldRenamed, FieldRetyped, FieldSplit,
// FieldRedefined and TypeRenamed. codectest.Golden is a test that knows from stored
// sessions when one of these was forgotten.
//
// # Versions
//
// [Versioned] puts a version before each value, and reads older versions through
// typed functions. A program can begin to use it at any time: values that were
// stored before count as version 0.
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
// While a new version is rolled out, servers that still run the old one meet
// records of the new one. They fail those requests with a [*session.DecodeError]
// that wraps [session.ErrNewer], and leave the sessions alone: all visitors stay
// logged in, and nothing is lost. Ending such a session works, since that decodes nothing. That holds for a
// program without versions too, if it is built with this module. It ends with
// the rollout; after a rollback it goes on until those sessions have expired.
//
// Without a new version, the old program reads the records of the new one, and
// fails no request. But when it changes a session, it drops the fields that it does
// not know. If a new field must survive a rollout, give it a new version, with
// [Same] as the upgrade.
//
// # Sealed values
//
// [Sealed] encrypts values. They can be read neither from a dump of the store nor
// by those with access to it. Its documentation says how far this goes. It goes around
// MessagePack or JSON, inside Versioned or around it. To seal values that were
// stored in the clear, give them a new version:
//
//	hidden, err := codec.Sealed(codec.MessagePack[Cart](), key)
//	...
//	codec.Versioned(2, hidden, codec.From(1, codec.MessagePack[Cart](), codec.Same))
//
// As long as that upgrade is there, anyone with write access to the store can still
// put in values in the clear.
//
// # Types
//
// A record of one type is refused for another, even if the two have the same
// fields and share a namespace. A type's name is the result of SessionType() string
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
// # Hostile data
//
// Decoders meet data that is truncated, corrupt, or made to do harm. Both codecs
// go through it once before they decode it: it must be one value and no more,
// nest no deeper than [MaxDepth], and promise no more elements than it has bytes
// for. Such data can still take memory in proportion to its length: a byte
// may become two elements of a list, as large as those are in memory. Stores
// bound the length; a T with lists of very large elements wants a lower bound.
//
// # Records
//
// [AppendRecord] and [DecodeRecord] are for authors of stores. A record is a
// header of [HeaderSize] bytes, then the owner, then the encoded value. Numbers
// are big-endian, times Unix milliseconds:
//
//	 0  format, 1
//	 1  flags: 1 outlives the browser, 2 retired
//	 2  revision
//	10  expires
//	18  created
//	26  renewed
//	34  deadline
//	42  CRC-32C of the type's identity, then of everything but itself and expires;
//	    of a retired record, which is of every type, without the identity
//	46  length of the owner
//	48  owner, value; of a retired record, the 32 bytes of its successor's ID
//
// The header of a retired record has no owner, and its times are zero. [ReadHeader]
// reads a header alone: a store can find, list and end a record whose value it
// cannot decode.
//
// The checksum finds accidents, not attacks: anyone with write access to the store
// can forge sessions, unless they are sealed.
//
// A value begins with byte c1 if it has a version, which follows in two bytes, and
// with byte 01 if it is sealed: then follow 12 bytes of nonce, the encrypted
// value, and 16 bytes of tag.
package codec
