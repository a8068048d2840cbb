package codec

import "github.com/seed48429006/sessions/session"

// A place is where a value is stored: the record that it is in, with all that this
// says beside the value. The zero place is none: a value encoded by itself.
type place struct {
	typ  string // identity of the record's type
	id   session.ID
	head []byte // the record up to the value: header and owner
}

// append appends the parts that stay while the value does. They differ between any
// two places.
func (p place) append(dst []byte) []byte {
	if p.head == nil {
		return dst
	}
	dst = append(dst, p.id[:]...)
	dst = append(dst, p.head[:atExpires]...)
	dst = append(dst, p.head[atCreated:atChecksum]...)
	dst = append(dst, p.head[atOwnerLen:]...)
	return append(dst, p.typ...)
}

// A placed codec can tie its data to the place where they are stored, or
// has a codec inside that may.
type placed[T any] interface {
	appendAt(dst []byte, v *T, at place) ([]byte, error)
	decodeAt(data []byte, v *T, at place) error
}

func appendAt[T any](c Codec[T], dst []byte, v *T, at place) ([]byte, error) {
	if c, ok := c.(placed[T]); ok {
		return c.appendAt(dst, v, at)
	}
	return c.Append(dst, v)
}

func decodeAt[T any](c Codec[T], data []byte, v *T, at place) error {
	if c, ok := c.(placed[T]); ok {
		return c.decodeAt(data, v, at)
	}
	return c.Decode(data, v)
}
