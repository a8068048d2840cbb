package codec

import (
	"errors"
	"fmt"
	"math"

	"github.com/seed48429006/sessions/session"
)

var (
	errRevision = errors.New("codec: a record to be stored needs a revision")
	errMarker   = errors.New("codec: marker is corrupt")
)

// AppendRecord appends rec to dst in the form in which stores keep records, but
// with the revision rev in place of its own, since a store names each write
// before it is made. It does not change rec. The error, if any, is a
// [*session.EncodeError], and dst is as before.
//
// Times are cut to whole milliseconds.
func AppendRecord[T any](dst []byte, rec *session.Record[T], rev session.Revision, c Codec[T]) ([]byte, error) {
	out, err := appendRecord(dst, rec, rev, c)
	if err != nil {
		return dst, &session.EncodeError{ID: rec.ID, Err: err}
	}
	return out, nil
}

func appendRecord[T any](dst []byte, rec *session.Record[T], rev session.Revision, c Codec[T]) ([]byte, error) {
	if rev == 0 {
		return nil, errRevision
	}
	if len(rec.Owner) > math.MaxUint16 {
		return nil, fmt.Errorf("codec: the owner has %d bytes, of at most %d", len(rec.Owner), math.MaxUint16)
	}
	h := Header{
		Persist:  rec.Persist,
		Revision: rev,
		Created:  rec.Created,
		Renewed:  rec.Renewed,
		Deadline: rec.Deadline,
		Expires:  rec.Expires,
		ownerLen: len(rec.Owner),
	}
	out, err := c.Append(append(h.appendTo(dst), rec.Owner...), &rec.Value)
	if err != nil {
		return nil, err
	}
	seal(out[len(dst):])
	return out, nil
}

// AppendRetired appends to dst the marker that takes the place of a renewed
// record. The revision, which must not be zero, names the marker.
func AppendRetired(dst []byte, rev session.Revision) []byte {
	h := Header{Retired: true, Revision: rev}
	out := h.appendTo(dst)
	seal(out[len(dst):])
	return out
}

// DecodeRecord reads a record that [AppendRecord] wrote, whose ID is id. It
// returns [session.ErrGone] if data is a marker, and a [*session.DecodeError] if
// it cannot be read: truncated, corrupt, of an unknown format, or with a value
// that c refuses. It keeps no reference to data.
func DecodeRecord[T any](data []byte, id session.ID, c Codec[T]) (session.Record[T], error) {
	rec, err := decodeRecord(data, c)
	switch {
	case err == session.ErrGone:
		return session.Record[T]{}, err
	case err != nil:
		return session.Record[T]{}, &session.DecodeError{ID: id, Err: err}
	}
	rec.ID = id
	return rec, nil
}

func decodeRecord[T any](data []byte, c Codec[T]) (rec session.Record[T], err error) {
	h, err := ReadHeader(data)
	if err != nil {
		return rec, err
	}
	if h.checksum != checksum(data) {
		return rec, errChecksum
	}
	if h.Revision == 0 {
		return rec, errRevision
	}
	if h.Retired {
		return rec, h.marker(data)
	}
	payload := data[HeaderSize:]
	if h.ownerLen > len(payload) {
		return rec, errShort
	}
	rec = session.Record[T]{
		Revision: h.Revision,
		Owner:    string(payload[:h.ownerLen]),
		Created:  h.Created,
		Renewed:  h.Renewed,
		Deadline: h.Deadline,
		Expires:  h.Expires,
		Persist:  h.Persist,
	}
	return rec, c.Decode(payload[h.ownerLen:], &rec.Value)
}

// marker returns [session.ErrGone] if data is a marker to the byte.
func (h *Header) marker(data []byte) error {
	if string(data) != string(AppendRetired(make([]byte, 0, HeaderSize), h.Revision)) {
		return errMarker
	}
	return session.ErrGone
}
