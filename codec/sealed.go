package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"

	"github.com/seed48429006/sessions/codec/internal/place"
)

const (
	// KeySize is the length of a key for [Sealed] in bytes.
	KeySize = 32

	// sealedFormat begins every sealed value.
	sealedFormat = 1

	// sealedLabel prevents that data sealed here is opened for another purpose, if
	// a program uses a key for both.
	sealedLabel = "github.com/seed48429006/sessions/codec sealed value 1\x00"
)

// errSealed is the one error for all failures, so that it does not reveal which key
// failed or why.
var errSealed = errors.New("codec: the value cannot be opened: it is sealed with another key or for another record, or it is corrupt")

// Sealed returns a codec that encrypts the encoding of inner by AES-256-GCM with
// random nonces. The first key seals; all of them open. Each key must have
// [KeySize] bytes from a source of randomness. The error joins all mistakes in the
// arguments.
//
// A value is bound to its record: to the record's ID, type, owner, revision, flags
// and times, except the idle expiry. Without a key,
//
//   - a program that reads the store learns owners, times and the lengths of the
//     values, but no value;
//   - a program that writes to the store can end sessions, move their idle expiry up
//     to the deadline, and restore an earlier revision of a session. It cannot
//     create, read or change a session, give it to another visitor or owner, or
//     move its deadline.
//
// Append and Decode encode a value without a record, bound to none. Put your own
// codecs inside a sealed one: around it, they would hide the record from it.
//
// To replace a key, add the new one at the end on all servers, then move it to the
// front. Remove the old key when all sessions sealed with it have ended. A key is
// good for four billion values (NIST SP 800-38D, 8.3): seven weeks at a thousand
// changes a second.
//
// A sealed value is 29 bytes longer. To seal values that are stored in the clear,
// see [Versioned].
func Sealed[T any](inner Codec[T], keys ...[]byte) (Codec[T], error) {
	errs := checkKeys(keys)
	if inner == nil {
		errs = append(errs, errors.New("codec: Sealed: the inner codec is nil"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c := &sealed[T]{inner: inner}
	for _, key := range keys {
		aead, err := newAEAD(key)
		if err != nil {
			return nil, fmt.Errorf("codec: Sealed: %w", err)
		}
		c.aeads = append(c.aeads, aead)
	}
	return c, nil
}

func checkKeys(keys [][]byte) (errs []error) {
	if len(keys) == 0 {
		errs = append(errs, errors.New("codec: Sealed: there is no key"))
	}
	for i, key := range keys {
		if len(key) != KeySize {
			errs = append(errs, fmt.Errorf("codec: Sealed: key %d has %d bytes, not %d", i+1, len(key), KeySize))
		}
		for j, other := range keys[:i] {
			if subtle.ConstantTimeCompare(key, other) == 1 {
				errs = append(errs, fmt.Errorf("codec: Sealed: keys %d and %d are the same", j+1, i+1))
			}
		}
	}
	return errs
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

type sealed[T any] struct {
	inner Codec[T]
	aeads []cipher.AEAD
}

func (c *sealed[T]) Append(dst []byte, v *T) ([]byte, error) {
	return c.AppendAt(dst, v, place.Place{})
}

func (c *sealed[T]) Decode(data []byte, v *T) error { return c.DecodeAt(data, v, place.Place{}) }

// Check returns the errors of the inner codec.
func (c *sealed[T]) Check() error { return checkInner(c.inner) }

func (c *sealed[T]) AppendAt(dst []byte, v *T, at place.Place) ([]byte, error) {
	out, err := place.Encode(c.inner, append(dst, sealedFormat), v, at)
	if err != nil {
		return dst, err
	}
	head := len(dst) + 1
	return c.aeads[0].Seal(out[:head], nil, out[head:], sealedFor(at)), nil
}

func (c *sealed[T]) DecodeAt(data []byte, v *T, at place.Place) error {
	var zero T
	*v = zero
	if err := refuseVersion(data); err != nil {
		return err
	}
	scratch := scratches.Get().(*[]byte)
	plain, err := c.open((*scratch)[:0], data, at)
	if err == nil {
		err = place.Decode(c.inner, plain, v, at)
	}
	clear(plain)
	if cap(plain) <= maxPooled {
		*scratch = plain
		scratches.Put(scratch)
	}
	return err
}

// open appends to dst the encoding that is sealed in data.
func (c *sealed[T]) open(dst, data []byte, at place.Place) ([]byte, error) {
	if len(data) == 0 || data[0] != sealedFormat {
		return dst, errSealed
	}
	for _, aead := range c.aeads {
		if plain, err := aead.Open(dst, nil, data[1:], sealedFor(at)); err == nil {
			return plain, nil
		}
	}
	return dst, errSealed
}

// sealedFor returns the data that is authenticated with the value.
func sealedFor(at place.Place) []byte {
	return at.Append(append(make([]byte, 0, 256), sealedLabel...))
}

var scratches = sync.Pool{New: func() any { return new([]byte) }}

// checkInner returns the errors of a codec inside another.
func checkInner[T any](inner Codec[T]) error {
	if c, ok := inner.(Checker); ok {
		return c.Check()
	}
	return nil
}
