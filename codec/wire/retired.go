package wire

import (
	"errors"

	"github.com/seed48429006/sessions/session"
)

var errRetired = errors.New("wire: the retired record is corrupt")

// AppendRetired appends to dst the retired record of a renewed session: a header,
// then the ID of its successor. The revision must not be zero.
func AppendRetired(dst []byte, rev session.Revision, successor session.ID) []byte {
	h := Header{Retired: true, Revision: rev}
	out := append(h.appendTo(dst), successor[:]...)
	putChecksum(out[len(dst):], retiredSeed)
	return out
}

// retired returns a [*session.RetiredError] if data is byte for byte what
// AppendRetired writes. The checksum alone does not cover the expiry.
func (h *Header) retired(data []byte, id session.ID) error {
	retired := &session.RetiredError{ID: id}
	if len(data) != HeaderSize+copy(retired.Successor[:], data[HeaderSize:]) {
		return errRetired
	}
	if string(data) != string(AppendRetired(make([]byte, 0, len(data)), h.Revision, retired.Successor)) {
		return errRetired
	}
	return retired
}
