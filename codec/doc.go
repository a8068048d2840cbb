// Package codec turns session values into bytes and back.
//
// # Choosing a codec
//
// Stores outside the process need a [Codec]. Take [MessagePack], or [JSON] if
// other programs read the sessions.
//
//	carts, err := redisstore.New(client, "carts", codec.MessagePack[Cart](), nil)
//
// They follow the struct tags of msgpack/v5 and of encoding/json. Both decode every value
// as it was encoded, which the libraries do not promise: times are in UTC, and nil and
// empty slices and maps stay apart. A value that cannot be kept is refused when it is
// encoded.
//
// # Types that can be stored
//
// A codec refuses some types: for example one with complex numbers, one with two fields
// of the same name, and one that can be encoded but not decoded. [Checker] lists the
// fields and the remedies. Stores ask it in their constructors, so a program with such a
// type does not start. A codec also encodes and decodes a few values of the type, and
// refuses fields that do not come back. Every type that sessions.New refuses is refused
// by every codec.
//
// All stores keep the other types alike. A session brings its value into the form
// that codecs return when it commits, in memory too:
//
//   - Times are in UTC.
//   - Fields tagged omitempty or omitzero are zero if they are empty, or if their
//     method IsZero returns true.
//   - A pointer to nil is nil.
//   - A [json.RawMessage] has no white space, and is nil if it is null.
//
// To leave a field out, give it the tags of both codecs: `msgpack:"-" json:"-"`. Such a
// field may hold anything. If it is a pointer, copies of the value share its target. With
// `json:"-"` alone, a field is hidden from an API and kept by sessions; JSON refuses it.
// MessagePack refuses a field that it would store and sessions drop.
//
// A codec may refuse a single value, for example NaN in JSON, a string that is not UTF-8,
// or a netip.Prefix that is not valid. The commit then fails with a [session.EncodeError].
//
// # Types that encode themselves
//
// A type with methods such as MarshalText and UnmarshalText decides what is stored. Sessions
// keep all its fields and ignore their tags.
//
//   - Its value has changed if its encoding has; its method Equal is not asked. For
//     example, an IPv4 address is the same value as a net.IP of four bytes and of
//     sixteen.
//   - A codec refuses a type that it would not ask, such as one with MarshalJSON and
//     unexported fields for MessagePack.
//   - It refuses a type that has such a method from an embedded field, unless it has no
//     other field, or from an embedded pointer.
//   - It refuses a type whose zero value cannot be encoded or is not read again, such as
//     an enumeration that begins at 1: a new session has that value. Use a pointer.
//   - It refuses a pointer to a type that encodes its zero value as null.
//   - A value that its own method does not read again fails the commit with a
//     [session.EncodeError]. So does a value that is encoded as nil although a zero value
//     is not, and a map key that is decoded as another key.
//
// Types with unexported pointers, slices or maps are copied through the methods that
// MessagePack uses, or else through the methods that JSON uses. A type that only
// msgpack/v5 can encode needs a method Clone that returns the type. Its copies are
// checked: they must be equal and share nothing. Other types need no Clone, and theirs is
// not called.
//
// # Types of other packages
//
// [Encoded] keeps a value of a type that sessions refuse as its JSON, such as an
// oauth2.Token or a map[string]any.
//
// # Changing the type
//
// Values are stored field by field under the fields' names. There are four kinds
// of change to a field, and one to the type:
//
//   - A field is added or removed: nothing is needed. A new field is zero in old
//     values; the data of a removed field is ignored. Its name must not come back
//     with another meaning while old sessions exist; for JSON, not even in another
//     case.
//   - A field is renamed: give it a tag with the old name, `msgpack:"old"` or
//     `json:"old"`. Otherwise its data is lost.
//   - A field changes its type, is split or joined: use [Versioned] with an upgrade.
//     Otherwise old values cannot be decoded, and their sessions end. A wider type of
//     numbers decodes the data of a narrower one. A narrower type refuses the numbers
//     that do not fit, and a shorter array what has more elements.
//   - A field changes its meaning, for example from euros to cents: use [Versioned] with
//     an upgrade. Otherwise old values are misread without an error.
//   - The type is renamed or moved: give it a method SessionType() string that
//     returns its old name. Otherwise old records are refused.
//
// The examples show each: FieldRemoved, FieldRenamed, FieldRetyped, FieldSplit,
// FieldRedefined and TypeRenamed. codectest.Golden is a test that fails if a tag, an
// upgrade or a name was forgotten.
//
// # Versions
//
// [Versioned] writes a version before each value and decodes older versions through
// typed functions. A program can start to use it at any time. Values stored before
// have version 0:
//
//	codec.Versioned(1, codec.MessagePack[Cart](),
//		codec.From(0, codec.MessagePack[Cart](), codec.Same))
//
// When the type changes, keep its old form under another name:
//
//	codec.Versioned(2, codec.MessagePack[Cart](),
//		codec.From(0, codec.MessagePack[cartV1](), fromV1),
//		codec.From(1, codec.MessagePack[cartV1](), fromV1))
//
// Remove an upgrade when no session of its version is left: the longest lifetime after the
// last server of that version has stopped.
//
// During a rollout, servers of the old version meet sessions that the new version has
// stored. They fail the requests with a [*session.DecodeError] that wraps
// [session.ErrNewer], and do not modify the sessions. Log-outs still work, since they
// decode nothing. This holds for programs without versions too, if they are built with
// this module. After a rollback, the failures last until the newer sessions expire.
//
// Without a new version, the old program decodes the new values. When it saves
// such a session, it drops the fields that it does not know. If a new field must
// survive a rollout, add it with a new version and [Same] as the upgrade.
//
// # Sealed values
//
// [Sealed] encrypts values, so that access to the store reveals none. Its
// documentation says how far that goes. Put it around MessagePack or JSON, inside
// Versioned or around it. To seal the values that are stored in the clear, use a
// new version:
//
//	hidden, err := codec.Sealed(codec.MessagePack[Cart](), key)
//	...
//	codec.Versioned(2, hidden, codec.From(1, codec.MessagePack[Cart](), codec.Same))
//
// While that upgrade is there, a program that can write to the store can still
// insert values in the clear.
//
// # Names of types
//
// Stores refuse a record of one type for another, even if both have the same fields and
// share a namespace. They compare the types' names. The name is the result of the method
// SessionType() string of a zero T, if T has that method and the result is not empty.
// Otherwise it is the path of T's package and its name. A type without a name has its Go
// syntax. The name takes no space: it goes into the record's checksum. With Versioned it
// is the name of today's T, not the names of the types in its upgrades.
//
// A type declared within a function is refused: another function may declare one
// of the same name.
//
// A type that embeds another has its SessionType, and so the same name. Give it
// its own. Two types main.Cart of two programs have one name too.
//
// # Hostile data
//
// Decoders meet data that is truncated, corrupt or forged. Both codecs scan it before
// they decode it. It must be one value and no more, nest no deeper than [MaxDepth], and
// announce no more elements than it has bytes for. Decoding then takes memory in
// proportion to the length of the data: a byte may become two elements of a list, however
// large an element is in memory. Stores bound the length. A type with lists of very large
// elements needs a lower bound.
//
// # Records
//
// Package wire has the form in which stores keep whole records, for authors of
// stores.
package codec
