package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/seed48429006/sessions/session"
)

// HeaderSize is the length of a [Header] in bytes, without the owner and the secrets.
const HeaderSize = 58

// Offsets of the header's fields.
const (
	atFormat     = 0
	atFlags      = 1
	atRevision   = 2
	atExpires    = 10
	atCreated    = 18
	atRenewed    = 26
	atDeadline   = 34
	atLoggedIn   = 42
	atChecksum   = 50
	atSecretsLen = 54
	atOwnerLen   = 56
)

const (
	formatOne = 1

	flagRemembered = 1 << 0
)

var (
	errShort  = errors.New("wire: the record is truncated")
	errFormat = errors.New("wire: the record is in no known format")
)

// A Header is the part of a stored record that stores read without its codec.
type Header struct {
	Remembered bool
	Revision   session.Revision
	Created    time.Time
	Renewed    time.Time
	LoggedIn   time.Time
	Deadline   time.Time
	Expires    time.Time

	checksum   uint32
	ownerLen   int
	secretsLen int
}

// ReadHeader reads the header at the beginning of data, which may end with it. It
// fails if data is shorter or in no known format. It does not verify the
// checksum, which takes the whole record: [DecodeRecord] does.
func ReadHeader(data []byte) (Header, error) {
	if len(data) < HeaderSize {
		return Header{}, errShort
	}
	if data[atFormat] != formatOne || data[atFlags]&^flagRemembered != 0 {
		return Header{}, errFormat
	}
	return Header{
		Remembered: data[atFlags]&flagRemembered != 0,
		Revision:   session.Revision(binary.BigEndian.Uint64(data[atRevision:])),
		Created:    timeAt(data, atCreated),
		Renewed:    timeAt(data, atRenewed),
		LoggedIn:   timeAt(data, atLoggedIn),
		Deadline:   timeAt(data, atDeadline),
		Expires:    timeAt(data, atExpires),
		checksum:   binary.BigEndian.Uint32(data[atChecksum:]),
		ownerLen:   int(binary.BigEndian.Uint16(data[atOwnerLen:])),
		secretsLen: int(binary.BigEndian.Uint16(data[atSecretsLen:])),
	}, nil
}

// Size returns how many bytes of a record come before its value: the header, the
// owner and the secrets.
func (h *Header) Size() int { return HeaderSize + h.ownerLen + h.secretsLen }

// Owner returns the owner of the record at the beginning of data, from which h was read.
// It fails if data is shorter than [Header.Size].
func (h *Header) Owner(data []byte) (string, error) {
	if len(data) < h.Size() {
		return "", errShort
	}
	return string(data[HeaderSize:][:h.ownerLen]), nil
}

// Secrets returns the secrets of the record at the beginning of data, from which h was
// read. It fails if data is shorter than [Header.Size], or they are malformed.
func (h *Header) Secrets(data []byte) (session.Secrets, error) {
	if len(data) < h.Size() {
		return session.Secrets{}, errShort
	}
	if h.secretsLen == 0 {
		return session.Secrets{}, nil
	}
	return session.ParseSecrets(data[HeaderSize+h.ownerLen:][:h.secretsLen])
}

// appendTo appends the header; putChecksum fills in its checksum later.
func (h *Header) appendTo(dst []byte) []byte {
	var flags byte
	if h.Remembered {
		flags |= flagRemembered
	}
	out := append(dst, formatOne, flags)
	out = binary.BigEndian.AppendUint64(out, uint64(h.Revision))
	for _, t := range [...]time.Time{h.Expires, h.Created, h.Renewed, h.Deadline, h.LoggedIn} {
		out = AppendExpires(out, t)
	}
	out = binary.BigEndian.AppendUint32(out, 0)
	out = binary.BigEndian.AppendUint16(out, uint16(h.secretsLen))
	return binary.BigEndian.AppendUint16(out, uint16(h.ownerLen))
}

// AppendExpires appends to dst the eight bytes that a record has at offset 10 if it
// expires at t. Times beyond the range of int64 milliseconds become its nearest end.
func AppendExpires(dst []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	switch {
	case t.Before(firstTime):
		ms = math.MinInt64
	case t.After(lastTime):
		ms = math.MaxInt64
	}
	return binary.BigEndian.AppendUint64(dst, uint64(ms))
}

var firstTime, lastTime = time.UnixMilli(math.MinInt64), time.UnixMilli(math.MaxInt64)

func timeAt(data []byte, at int) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(data[at:]))).UTC()
}
