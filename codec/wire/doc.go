// Package wire fixes the form in which stores outside the process keep records.
// It is for authors of stores; applications need package codec only.
//
// A record is a header of [HeaderSize] bytes, then the owner, the secrets and the
// encoded value. Numbers are big-endian, times Unix milliseconds:
//
//	 0  format, 1
//	 1  flags: 1 remembered
//	 2  revision
//	10  expires
//	18  created
//	26  renewed
//	34  deadline
//	42  logged in
//	50  checksum
//	54  length of the secrets
//	56  length of the owner
//	58  owner, secrets, value
//
// [AppendRecord] writes a record and [DecodeRecord] reads it. [OpenRecord] looks at
// the secrets before it decodes the value. [ReadHeader] reads a header alone, so that
// a store can find, list and end a record whose value it cannot decode; [Header.Owner]
// and [Header.Secrets] read the rest before the value. The checksum does not cover the
// expiry, so that a store can replace it in place by the bytes of [AppendExpires].
//
// # The checksum
//
// The checksum is CRC-32C of the name of the record's type, then of the whole
// record without checksum and expiry.
//
// It detects accidents, not attacks: a program that can write to the store can
// forge sessions, unless they are sealed.
//
// # The secrets
//
// The secrets are a count of renewals in four bytes, then the entries: one byte of
// kind, eight of time and 32 of hash each. See [session.Secrets].
//
// # The value
//
// A value with a version begins with byte c1; the version follows in two bytes. A
// sealed value begins with byte 01; then come 12 bytes of nonce, the encrypted
// value, and 16 bytes of tag.
package wire
