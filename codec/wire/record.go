package wire

import (
	"encoding/binary"
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
		Remembered: rec.Remembered,
		Revision:   rev,
		Created:    rec.Created,
		Renewed:    rec.Renewed,
		LoggedIn:   rec.LoggedIn,
		Deadline:   rec.Deadline,
		Expires:    rec.Expires,
		ownerLen:   len(rec.Owner),
	}
	out := append(h.appendTo(dst), rec.Owner...)
	before := len(out)
	out, err := rec.Secrets.AppendBinary(out)
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint16(out[len(dst)+atSecretsLen:], uint16(len(out)-before)) // at most 1,024
	typ := recordTypeOf[T]()
	out, err = place.Encode(c, out, &rec.Value, placeOf(typ, rec.ID, out[len(dst):]))
	if err != nil {
		return nil, err
	}
	putChecksum(out[len(dst):], typ.seed)
	return out, nil
}

// DecodeRecord reads the record with this ID that [AppendRecord] wrote. It keeps no
// reference to data. It fails with a [*session.DecodeError] if data is truncated,
// corrupt, of an unknown format or of another type, or if c refuses the value. The
// error wraps [session.ErrNewer] if the value has a newer version than c knows.
func DecodeRecord[T any](data []byte, id session.ID, c codec.Codec[T]) (session.Record[T], error) {
	return OpenRecord(data, id, c, func(session.Secrets) bool { return true })
}

// OpenRecord is [DecodeRecord] that asks accepts, with the record's secrets, whether
// to decode the value. If accepts returns false, the record is returned without a
// value. It is for stores that implement [session.Opener].
func OpenRecord[T any](data []byte, id session.ID, c codec.Codec[T], accepts func(session.Secrets) bool) (session.Record[T], error) {
	rec, err := openRecord(data, id, c, accepts)
	if err != nil {
		return session.Record[T]{}, &session.DecodeError{ID: id, Err: err}
	}
	return rec, nil
}

func openRecord[T any](data []byte, id session.ID, c codec.Codec[T], accepts func(session.Secrets) bool) (rec session.Record[T], err error) {
	h, err := ReadHeader(data)
	if err != nil {
		return rec, err
	}
	typ := recordTypeOf[T]()
	if h.checksum != checksum(data, typ.seed) {
		return rec, fmt.Errorf("wire: the record is corrupt or not of type %s: its checksum is wrong; "+
			"was the type renamed? See codec.Versioned", typ.name)
	}
	if rec, err = outline[T](&h, data, id); err != nil || !accepts(rec.Secrets) {
		return rec, err
	}
	head, value := data[:h.Size()], data[h.Size():]
	if err = place.Decode(c, value, &rec.Value, placeOf(typ, id, head)); err != nil && !errors.Is(err, session.ErrNewer) {
		err = fmt.Errorf("%w; did another codec or key write it, or was a field's type changed? See codec.Versioned", err)
	}
	return rec, err
}

// Outline reads the record with this ID without its value, from the [Header.Size] bytes
// before the value. It cannot verify the checksum, which takes the whole record. It fails
// with a [*session.DecodeError] if data is truncated, malformed or of an unknown format.
func Outline[T any](data []byte, id session.ID) (session.Record[T], error) {
	h, err := ReadHeader(data)
	if err == nil {
		var rec session.Record[T]
		if rec, err = outline[T](&h, data, id); err == nil {
			return rec, nil
		}
	}
	return session.Record[T]{}, &session.DecodeError{ID: id, Err: err}
}

func outline[T any](h *Header, data []byte, id session.ID) (rec session.Record[T], err error) {
	if h.Revision == 0 {
		return rec, errRevision
	}
	owner, err := h.Owner(data)
	if err != nil {
		return rec, err
	}
	secrets, err := h.Secrets(data)
	if err != nil {
		return rec, err
	}
	return session.Record[T]{
		ID:         id,
		Revision:   h.Revision,
		Secrets:    secrets,
		Owner:      owner,
		Created:    h.Created,
		Renewed:    h.Renewed,
		LoggedIn:   h.LoggedIn,
		Deadline:   h.Deadline,
		Expires:    h.Expires,
		Remembered: h.Remembered,
	}, nil
}

// placeOf returns the place of a value whose record begins with head. The place
// leaves out the expiry and the checksum: they change while the value stays.
func placeOf(typ *recordType, id session.ID, head []byte) place.Place {
	return place.Place{
		Type: typ.name,
		ID:   id,
		Head: [3][]byte{head[:atExpires], head[atCreated:atChecksum], head[atSecretsLen:]},
	}
}
