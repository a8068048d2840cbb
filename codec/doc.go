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
// # Changing T
//
// Values are stored field by field under the fields' names. A field that is new
// is zero when an old value is read; one that is gone is passed over. A field
// that changes its type makes old values unreadable, which ends those sessions.
//
// # Data that nobody wrote
//
// Decoders meet data that is truncated, corrupt, or made to do harm. Both codecs
// go through it once before they decode it: it must be one value and no more,
// nest no deeper than [MaxDepth], and promise no more elements than it has bytes
// for. What is left to do harm takes memory in proportion to its length, and
// stores bound that.
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
//	42  CRC-32C of everything but itself and expires
//	46  length of the owner
//	48  owner, value
//
// The checksum finds accidents, not attacks: who can write to the store can
// forge sessions.
package codec
