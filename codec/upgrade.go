package codec

import (
	"errors"

	"github.com/seed48429006/sessions/codec/internal/place"
)

// An Upgrade turns values of an older version into values of type T. [From] makes
// it for [Versioned], which refuses the zero Upgrade.
type Upgrade[T any] struct {
	version uint16
	decode  func(payload []byte, v *T, at place.Place) error
	check   func() error
	err     error // the mistakes in the arguments of From
}

// From returns the upgrade from a version. Inner decodes its values as Old, the type
// that the program had then, and up converts them to today's type. Each old version
// has an upgrade of its own, and its up converts all the way:
//
//	codec.From(1, codec.MessagePack[cartV1](), func(c cartV1) (Cart, error) { return fromV2(fromV1(c)) })
//	codec.From(2, codec.MessagePack[cartV2](), fromV2)
//
// Up runs each time such a value is decoded, until the session is saved. It must be
// safe for concurrent use, do no I/O and return the same result each time. It may
// keep its argument. If it returns an error or panics, the value cannot be decoded:
// the visitor gets a new session.
//
// [Versioned] reports mistakes in the arguments.
func From[Old, T any](version uint16, inner Codec[Old], up func(Old) (T, error)) Upgrade[T] {
	u := Upgrade[T]{version: version, check: func() error { return checkInner(inner) }}
	u.err = checkVersionless(inner)
	if up == nil {
		u.err = errors.Join(u.err, errors.New("the function is nil"))
	}
	u.decode = func(payload []byte, v *T, at place.Place) error {
		var old Old
		if err := place.Decode(inner, payload, &old, at); err != nil {
			return err
		}
		return convert(up, old, v)
	}
	return u
}

// Same is the upgrade from a version whose values need no conversion: it had the
// same type, or one with other fields.
//
//	codec.From(0, codec.MessagePack[Cart](), codec.Same)
func Same[T any](v T) (T, error) { return v, nil }

func convert[Old, T any](up func(Old) (T, error), old Old, v *T) (err error) {
	defer rescue(&err)
	*v, err = up(old)
	return err
}

// problem returns the reason why the upgrade must not be used.
func (u *Upgrade[T]) problem() error {
	if u.err == nil {
		return errors.New("it was not made by From")
	}
	return u.err
}
