package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/seed48429006/sessions/codec/internal/place"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
)

// versionMark begins every value with a version; the version follows in two bytes.
// No other codec of this package begins a value with it, so that values without a
// version can be told apart.
const versionMark = 0xc1

const versionSize = 3

// Versioned returns a codec that writes the version before the encoding of inner. Inner
// decodes the values of this version. The upgrade [From] an older version decodes the
// values of the older one. A version has at most one upgrade. Version 0 stands for values
// without a version, which were stored before the program used Versioned.
//
// Decode fails for an older version without an upgrade, which ends its sessions, and
// with [session.ErrNewer] for a newer version. The error of Versioned joins all
// mistakes in the arguments.
//
// The package's documentation says when a program needs a new version.
func Versioned[T any](version uint16, inner Codec[T], upgrades ...Upgrade[T]) (Codec[T], error) {
	c := &versioned[T]{version: version, inner: inner, plan: deep.Of[T](), upgrades: upgrades}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

type versioned[T any] struct {
	version  uint16
	inner    Codec[T]
	plan     deep.Plan[T]
	upgrades []Upgrade[T]
}

func (c *versioned[T]) validate() error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("codec: Versioned: "+format, args...))
	}
	if c.version == 0 {
		refuse("the version is 0, which stands for values without a version; begin with 1")
	}
	if err := checkVersionless(c.inner); err != nil {
		refuse("%w", err)
	}
	for i, up := range c.upgrades {
		if up.err != nil || up.decode == nil {
			refuse("upgrade from version %d: %w", up.version, up.problem())
		}
		if up.version >= c.version && c.version != 0 {
			refuse("upgrade from version %d: it is not older than version %d", up.version, c.version)
		}
		if slices.ContainsFunc(c.upgrades[:i], func(other Upgrade[T]) bool { return other.version == up.version }) {
			refuse("upgrade from version %d: there are two", up.version)
		}
	}
	return errors.Join(errs...)
}

// checkVersionless refuses a codec that cannot be inside another.
func checkVersionless[T any](inner Codec[T]) error {
	if inner == nil {
		return errors.New("the inner codec is nil")
	}
	if _, ok := inner.(*versioned[T]); ok {
		return errors.New("the inner codec is Versioned itself")
	}
	return nil
}

func (c *versioned[T]) Append(dst []byte, v *T) ([]byte, error) {
	return c.AppendAt(dst, v, place.Place{})
}

func (c *versioned[T]) Decode(data []byte, v *T) error { return c.DecodeAt(data, v, place.Place{}) }

// Check returns the errors of the inner codecs of this version and of older ones.
func (c *versioned[T]) Check() error {
	errs := []error{checkInner(c.inner)}
	for _, up := range c.upgrades {
		if err := up.check(); err != nil {
			errs = append(errs, fmt.Errorf("codec: version %d: %w", up.version, err))
		}
	}
	return errors.Join(errs...)
}

func (c *versioned[T]) AppendAt(dst []byte, v *T, at place.Place) ([]byte, error) {
	out, err := place.Encode(c.inner, binary.BigEndian.AppendUint16(append(dst, versionMark), c.version), v, at)
	if err != nil {
		return dst, err
	}
	return out, nil
}

func (c *versioned[T]) DecodeAt(data []byte, v *T, at place.Place) error {
	version, payload, err := splitVersion(data)
	switch {
	case err != nil:
	case version == c.version:
		return place.Decode(c.inner, payload, v, at)
	case version > c.version:
		err = fmt.Errorf("%w: version %d, while this one knows versions up to %d", session.ErrNewer, version, c.version)
	default:
		err = c.upgrade(version, payload, v, at)
	}
	if err != nil {
		var zero T
		*v = zero
	}
	return err
}

// upgrade decodes an older value. The result of the upgrade's function is verified,
// since it may be any value, and copied, since it may be shared.
func (c *versioned[T]) upgrade(version uint16, payload []byte, v *T, at place.Place) error {
	i := slices.IndexFunc(c.upgrades, func(up Upgrade[T]) bool { return up.version == version })
	switch {
	case i < 0 && version == 0:
		return errors.New("codec: the value has no version, and there is no upgrade From version 0")
	case i < 0:
		return fmt.Errorf("codec: the value has version %d, and there is no upgrade From it", version)
	}
	err := c.upgrades[i].decode(payload, v, at)
	if err == nil {
		err = c.plan.Verify(v)
	}
	if err != nil {
		return fmt.Errorf("codec: upgrade from version %d: %w", version, err)
	}
	*v = *c.plan.Copy(v)
	c.plan.Normalize(v)
	return nil
}

var errVersion = errors.New("codec: the value is corrupt: its version is truncated or zero")

// splitVersion takes the version off a value. Data without one is of version 0.
func splitVersion(data []byte) (version uint16, payload []byte, err error) {
	if len(data) == 0 || data[0] != versionMark {
		return 0, data, nil
	}
	if len(data) < versionSize {
		return 0, nil, errVersion
	}
	if version = binary.BigEndian.Uint16(data[1:]); version == 0 {
		return 0, nil, errVersion
	}
	return version, data[versionSize:], nil
}

// refuseVersion returns an error if the value has a version. Codecs without versions
// call it: a newer program may have started to use them.
func refuseVersion(data []byte) error {
	if len(data) == 0 || data[0] != versionMark {
		return nil
	}
	version, _, err := splitVersion(data)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: version %d, while this one knows none", session.ErrNewer, version)
}
