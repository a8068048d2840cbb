package session

import "fmt"

// idPrefix separates the hash from any other use of SHA-256 over a token. With
// a token's text it fills one block of the hash.
const idPrefix = "session-id/"

// An ID names a session without giving access to it. It is the SHA-256 of the
// session's [Token], and safe to log, to list and to put into a form. Stores know
// only IDs, so that no dump of a store shows a token. IDs are comparable. The zero
// ID names no session.
type ID [32]byte

// ParseID returns the ID with the given text, which must be spelled exactly as
// [ID.String] does.
func ParseID(text string) (ID, error) {
	var id ID
	err := id.UnmarshalText([]byte(text))
	return id, err
}

// String returns the ID's text: 43 characters of base64url.
func (id ID) String() string { return strict.EncodeToString(id[:]) }

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText returns the ID's text, as [ID.String] does.
func (id ID) MarshalText() ([]byte, error) { return strict.AppendEncode(nil, id[:]), nil }

// UnmarshalText sets id from its text.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != tokenLen {
		return fmt.Errorf("session: an ID has %d characters, not %d", tokenLen, len(text))
	}
	var parsed ID
	if n, err := strict.Decode(parsed[:], text); err != nil || n != len(parsed) {
		return fmt.Errorf("session: an ID is base64url without padding")
	}
	*id = parsed
	return nil
}
