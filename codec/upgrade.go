package codec

import (
	"errors"

	"github.com/seed48429006/sessions/codec/internal/place"
)

// An Upgrade turns values of an older version into values of type T. It is made
// by [From], for [Versioned]. The zero Upgrade is refused there.
type Upgrade[T any] struct {
	version uint16
	decode  func(payload []byte, v *T, at place.Place) error
	check   func() error
	err     error // what is wrong with the arguments of From
}

// From returns the upgrade from a version, whose values inner reads as values of
// type Old, the type that the program had then. Up turns them into today's; where
// several versions are to be read, each has its own upgrade, and up goes all the
// way:
//
//	codec.From(1, codec.MessagePack[cartV1](), func(c cartV1) (Cart, error) { return fromV2(fromV1(c)) })
//	codec.From(2, codec.MessagePack[cartV2](), fromV2)
//
// Up runs whenever such a value is read, until the session is next changed, and
// possibly in several goroutines at once. So it should be quick and do no I/O,
// and give the same value each time. The value that it is given is its own. That
// it returns an error, or panics, makes the value unreadable: the visitor gets a
// new session.
//
// What is wrong with the arguments, [Versioned] reports.
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

// Same is the upgrade of values that need none: those of a version that had the
// same type, or one with other fields.
//
//	codec.From(0, codec.MessagePack[Cart](), codec.Same)
func Same[T any](v T) (T, error) { return v, nil }

func convert[Old, T any](up func(Old) (T, error), old Old, v *T) (err error) {
	defer rescue(&err)
	*v, err = up(old)
	return err
}

// problem returns what is wrong with an upgrade that is not to be used.
func (u *Upgrade[T]) problem() error {
	if u.err == nil {
		return errors.New("it was not made by From")
	}
	return u.err
}
