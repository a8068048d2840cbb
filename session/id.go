package session

import (
	"crypto/rand"
	"fmt"
)

// idLen is the length of an ID's text: 16 bytes in base64url without padding.
const idLen = 22

// An ID names a session from its creation to its end. It is random, gives access
// to nothing, and is safe to log, to list and to put into a form: only a [Token]
// gives access. IDs are comparable. The zero ID names no session.
type ID [16]byte

// NewID returns a fresh random ID.
func NewID() (id ID) {
	rand.Read(id[:]) // never fails: see crypto/rand
	return id
}

// ParseID returns the ID with the given text, which must be spelled exactly as
// [ID.String] does. Its error is an [ErrNotFound]: no session has such a name.
func ParseID(text string) (ID, error) {
	var id ID
	err := id.UnmarshalText([]byte(text))
	return id, err
}

// String returns the ID's text: 22 characters of base64url.
func (id ID) String() string { return strict.EncodeToString(id[:]) }

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText returns the ID's text, as [ID.String] does.
func (id ID) MarshalText() ([]byte, error) { return strict.AppendEncode(nil, id[:]), nil }

// UnmarshalText sets id from its text. It returns the errors of [ParseID].
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != idLen {
		return fmt.Errorf("%w: an ID has %d characters, not %d", ErrNotFound, idLen, len(text))
	}
	var parsed ID
	if n, err := strict.Decode(parsed[:], text); err != nil || n != len(parsed) {
		return fmt.Errorf("%w: an ID is base64url without padding", ErrNotFound)
	}
	*id = parsed
	return nil
}
