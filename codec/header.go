package codec

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"

	"github.com/seed48429006/sessions/session"
)

// HeaderSize is the length of a [Header] in bytes.
const HeaderSize = 48

// The places of a header's fields. All numbers are big-endian.
const (
	atFormat   = 0
	atFlags    = 1
	atRevision = 2
	atExpires  = 10
	atCreated  = 18
	atRenewed  = 26
	atDeadline = 34
	atChecksum = 42
	atOwnerLen = 46
)

const (
	formatOne = 1

	flagPersist = 1 << 0
	flagRetired = 1 << 1
)

var (
	errShort  = errors.New("codec: record is truncated")
	errFormat = errors.New("codec: record is in no known format")
)

// A Header is the part of a stored record, or of a marker in its place, that
// stores read by themselves.
type Header struct {
	Retired  bool // a marker: nothing but the revision means anything
	Persist  bool
	Revision session.Revision
	Created  time.Time
	Renewed  time.Time
	Deadline time.Time
	Expires  time.Time

	checksum uint32
	ownerLen int
}

// ReadHeader reads the header at the beginning of data, which may end with it.
// It cannot tell whether the header is intact: only [DecodeRecord] can.
func ReadHeader(data []byte) (Header, error) {
	if len(data) < HeaderSize {
		return Header{}, errShort
	}
	if data[atFormat] != formatOne || data[atFlags]&^(flagPersist|flagRetired) != 0 {
		return Header{}, errFormat
	}
	return Header{
		Retired:  data[atFlags]&flagRetired != 0,
		Persist:  data[atFlags]&flagPersist != 0,
		Revision: session.Revision(binary.BigEndian.Uint64(data[atRevision:])),
		Created:  timeAt(data, atCreated),
		Renewed:  timeAt(data, atRenewed),
		Deadline: timeAt(data, atDeadline),
		Expires:  timeAt(data, atExpires),
		checksum: binary.BigEndian.Uint32(data[atChecksum:]),
		ownerLen: int(binary.BigEndian.Uint16(data[atOwnerLen:])),
	}, nil
}

// appendTo appends the header. Its checksum is for putChecksum to fill in.
func (h *Header) appendTo(dst []byte) []byte {
	var flags byte
	if h.Persist {
		flags |= flagPersist
	}
	if h.Retired {
		flags |= flagRetired
	}
	out := append(dst, formatOne, flags)
	out = binary.BigEndian.AppendUint64(out, uint64(h.Revision))
	for _, t := range [...]time.Time{h.Expires, h.Created, h.Renewed, h.Deadline} {
		out = AppendExpires(out, t)
	}
	out = binary.BigEndian.AppendUint32(out, 0)
	return binary.BigEndian.AppendUint16(out, uint16(h.ownerLen))
}

// ExpiresOffset is where a record has the time at which it expires. The
// record's checksum does not cover it, so that a store can move it in place.
const ExpiresOffset = atExpires

// AppendExpires appends the eight bytes that a record which expires at t has at
// [ExpiresOffset]: Unix milliseconds. Beyond the 292 million years that they
// can count, they stay at the end.
func AppendExpires(dst []byte, t time.Time) []byte {
	sec := min(max(t.Unix(), math.MinInt64/1000), math.MaxInt64/1000-1)
	ms := sec*1000 + int64(t.Nanosecond()/1e6)
	return binary.BigEndian.AppendUint64(dst, uint64(ms))
}

// timeAt reads a time. The zero time is one like any other.
func timeAt(data []byte, at int) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(data[at:]))).UTC()
}

// putChecksum fills in the checksum of a whole record.
func putChecksum(data []byte, seed uint32) {
	binary.BigEndian.PutUint32(data[atChecksum:], checksum(data, seed))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers everything but itself and the time of expiry. The seed is that
// of the [identity] of the record's type, and zero for a marker.
func checksum(data []byte, seed uint32) uint32 {
	sum := crc32.Update(seed, castagnoli, data[:atExpires])
	sum = crc32.Update(sum, castagnoli, data[atExpires+8:atChecksum])
	return crc32.Update(sum, castagnoli, data[atChecksum+4:])
}
