package wire

import (
	"errors"
	"fmt"
	"math"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/internal/place"
	"github.com/seed48429006/sessions/session"
)

var errRevision = errors.New("wire: a stored record needs a revision")

// AppendRecord appends rec to dst with the revision rev in place of its own: a
// store chooses the revision of a write before it makes it. Times are cut to
// milliseconds. It does not modify rec.
//
// It fails with a [*session.EncodeError] if c refuses the value, rev is zero or the
// owner has more than 65,535 bytes. Dst is then returned as it was.
func AppendRecord[T any](dst []byte, rec *session.Record[T], rev session.Revision, c codec.Codec[T]) ([]byte, error) {
	out, err := appendRecord(dst, rec, rev, c)
	if err != nil {
		return dst, &session.EncodeError{ID: rec.ID, Err: err}
	}
	return out, nil
}

func appendRecord[T any](dst []byte, rec *session.Record[T], rev session.Revision, c codec.Codec[T]) ([]byte, error) {
	if rev == 0 {
		return nil, errRevision
	}
	if len(rec.Owner) > math.MaxUint16 {
		return nil, fmt.Errorf("wire: the owner has %d bytes, of at most %d", len(rec.Owner), math.MaxUint16)
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
	typ := recordTypeOf[T]()
	out, err := place.Encode(c, out, &rec.Value, placeOf(typ, rec.ID, out[len(dst):]))
	if err != nil {
		return nil, err
	}
	putChecksum(out[len(dst):], typ.seed)
	return out, nil
}

// DecodeRecord reads the record with this ID that [AppendRecord] wrote. It keeps no
// reference to data. It fails with
//
//   - a [*session.RetiredError] if data is a retired record;
//   - a [*session.DecodeError] if data is truncated, corrupt, of an unknown format or
//     of another type, or if c refuses the value. The error wraps
//     [session.ErrNewer] if the value has a newer version than c knows.
func DecodeRecord[T any](data []byte, id session.ID, c codec.Codec[T]) (session.Record[T], error) {
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

func decodeRecord[T any](data []byte, id session.ID, c codec.Codec[T]) (rec session.Record[T], err error) {
	h, err := ReadHeader(data)
	if err != nil {
		return rec, err
	}
	typ := recordTypeOf[T]()
	if err := h.verify(data, typ); err != nil {
		return rec, err
	}
	if h.Revision == 0 {
		return rec, errRevision
	}
	if h.Retired {
		return rec, h.retired(data, id)
	}
	if h.ownerLen > len(data)-HeaderSize {
		return rec, errShort
	}
	head, value := data[:HeaderSize+h.ownerLen], data[HeaderSize+h.ownerLen:]
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
	return rec, place.Decode(c, value, &rec.Value, placeOf(typ, id, head))
}

// verify checks the checksum of data, whose header is h.
func (h *Header) verify(data []byte, typ *recordType) error {
	seed := typ.seed
	if h.Retired {
		seed = retiredSeed
	}
	if h.checksum != checksum(data, seed) {
		return fmt.Errorf("wire: the record is corrupt or not of type %s: its checksum is wrong", typ.name)
	}
	return nil
}

// placeOf returns the place of a value whose record begins with head. The place
// leaves out the expiry and the checksum: they change while the value stays.
func placeOf(typ *recordType, id session.ID, head []byte) place.Place {
	return place.Place{
		Type: typ.name,
		ID:   id,
		Head: [3][]byte{head[:atExpires], head[atCreated:atChecksum], head[atOwnerLen:]},
	}
}
