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
	out := append(h.appendTo(dst), rec.Owner...)
	self := identityOf[T]()
	out, err := appendAt(c, out, &rec.Value, place{self.name, rec.ID, out[len(dst):]})
	if err != nil {
		return nil, err
	}
	putChecksum(out[len(dst):], self.seed)
	return out, nil
}

// AppendRetired appends to dst the marker that takes the place of a renewed
// record: a header, then the ID of the session that goes on in its place. The
// revision, which must not be zero, names the marker.
func AppendRetired(dst []byte, rev session.Revision, successor session.ID) []byte {
	h := Header{Retired: true, Revision: rev}
	out := append(h.appendTo(dst), successor[:]...)
	putChecksum(out[len(dst):], 0)
	return out
}

// DecodeRecord reads a record that [AppendRecord] wrote, whose ID is id. It
// keeps no reference to data. It returns
//
//   - a [*session.RetiredError] if data is a marker;
//   - a [*session.DecodeError] if it cannot be read: it is truncated, corrupt, of
//     an unknown format, of another type than T, or has a value that c refuses.
//     It wraps [session.ErrNewer] if its value is of a newer version than c knows.
func DecodeRecord[T any](data []byte, id session.ID, c Codec[T]) (session.Record[T], error) {
	rec, err := decodeRecord(data, id, c)
	switch {
	case err == nil:
		return rec, nil
	case errors.Is(err, session.ErrGone):
	default:
		err = &session.DecodeError{ID: id, Err: err}
	}
	return session.Record[T]{}, err
}

func decodeRecord[T any](data []byte, id session.ID, c Codec[T]) (rec session.Record[T], err error) {
	h, err := ReadHeader(data)
	if err != nil {
		return rec, err
	}
	self := identityOf[T]()
	if err := h.verify(data, self); err != nil {
		return rec, err
	}
	if h.Revision == 0 {
		return rec, errRevision
	}
	if h.Retired {
		return rec, h.marker(data, id)
	}
	if h.ownerLen > len(data)-HeaderSize {
		return rec, errShort
	}
	head, payload := data[:HeaderSize+h.ownerLen], data[HeaderSize+h.ownerLen:]
	rec = session.Record[T]{
		ID:       id,
		Revision: h.Revision,
		Owner:    string(head[HeaderSize:]),
		Created:  h.Created,
		Renewed:  h.Renewed,
		Deadline: h.Deadline,
		Expires:  h.Expires,
		Persist:  h.Persist,
	}
	return rec, decodeAt(c, payload, &rec.Value, place{self.name, id, head})
}

// verify checks that data with the header h were not altered, and have the right
// type.
func (h *Header) verify(data []byte, self *identity) error {
	seed := self.seed
	if h.Retired { // a marker is of every type
		seed = 0
	}
	if h.checksum != checksum(data, seed) {
		return fmt.Errorf("codec: record is corrupt, or none of type %s: its checksum is wrong", self.name)
	}
	return nil
}

// marker returns a [*session.RetiredError] if data is a marker to the byte.
func (h *Header) marker(data []byte, id session.ID) error {
	retired := &session.RetiredError{ID: id}
	if len(data) != HeaderSize+copy(retired.Successor[:], data[HeaderSize:]) {
		return errMarker
	}
	if string(data) != string(AppendRetired(make([]byte, 0, len(data)), h.Revision, retired.Successor)) {
		return errMarker
	}
	return retired
}
