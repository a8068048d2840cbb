package codec

import "errors"

// An Upgrade turns values of an older version into values of type T. It is made
// by [From], for [Versioned]. The zero Upgrade is refused there.
type Upgrade[T any] struct {
	version uint16
	decode  func(payload []byte, v *T, at place) error
	check   func() error
	err     error // the fault of From's arguments
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
// [Versioned] reports faults of the arguments.
func From[Old, T any](version uint16, inner Codec[Old], up func(Old) (T, error)) Upgrade[T] {
	u := Upgrade[T]{version: version, check: func() error { return checkInner(inner) }}
	u.err = checkVersionless(inner)
	if up == nil {
		u.err = errors.Join(u.err, errors.New("the function is nil"))
	}
	u.decode = func(payload []byte, v *T, at place) error {
		var old Old
		if err := decodeAt(inner, payload, &old, at); err != nil {
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

// problem returns the fault of an upgrade that must not be used.
func (u *Upgrade[T]) problem() error {
	if u.err == nil {
		return errors.New("it was not made by From")
	}
	return u.err
}
