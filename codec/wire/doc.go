// Package wire fixes the form in which stores outside the process keep records.
// It is for authors of stores; applications need package codec only.
//
// A record is a header of [HeaderSize] bytes, then the owner, then the encoded
// value. Numbers are big-endian, times Unix milliseconds:
//
//	 0  format, 1
//	 1  flags: 1 outlives the browser, 2 retired
//	 2  revision
//	10  expires
//	18  created
//	26  renewed
//	34  deadline
//	42  checksum
//	46  length of the owner
//	48  owner, value; of a retired record, the 32 bytes of its successor's ID
//
// [AppendRecord] writes a record and [DecodeRecord] reads it. [ReadHeader] reads a
// header alone, so that a store can find, list and end a record whose value it
// cannot decode. The checksum does not cover the expiry, so that a store can
// replace it in place by the bytes of [AppendExpires].
//
// A renewed session leaves a retired record: a marker that names its successor,
// written by [AppendRetired]. It has no owner, and its times are zero.
//
// # The checksum
//
// The checksum is CRC-32C of the name of the record's type, then of the whole
// record without checksum and expiry. A retired record is of every type; its
// checksum leaves the name out.
//
// It detects accidents, not attacks: a program that can write to the store can
// forge sessions, unless they are sealed.
//
// # The value
//
// A value with a version begins with byte c1; the version follows in two bytes. A
// sealed value begins with byte 01; then come 12 bytes of nonce, the encrypted
// value, and 16 bytes of tag.
package wire
