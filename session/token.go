package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"unsafe"
)

const (
	// secretTextLen is the length of a secret's text: 32 bytes in base64url without padding.
	secretTextLen = 43

	// tokenLen is the length of a token's text: an ID, a dot, a secret.
	tokenLen = idLen + 1 + secretTextLen

	// hashPrefix separates the hash from any other use of SHA-256 over a secret. With a
	// secret's text it fills one block of the hash.
	hashPrefix = "session-key/"

	redacted = "[redacted]"
)

// strict accepts one spelling of each value.
var strict = base64.RawURLEncoding.Strict()

// A Token is the secret that a client presents to get its session: the session's [ID],
// a dot, and a secret of 256 bits from crypto/rand. OWASP's Session Management Cheat
// Sheet asks for 64. The ID stays the same for life, and a renewal replaces the secret.
// Records keep only the secret's SHA-256, so that a dump of a store gives no access.
//
// A Token prints as "[redacted]" by fmt with any verb, encoding/json and log/slog.
// [Token.Reveal] is the only way to its text. The zero Token is no token.
type Token struct {
	// The first byte of a string of tokenLen bytes. Package fmt prints an unexported
	// field without asking its methods, and with some verbs prints an array or struct
	// that a pointer leads to. Of a byte it prints the address.
	text *byte
}

// tokenOf returns the token with a text of tokenLen bytes.
func tokenOf(text string) Token { return Token{unsafe.StringData(text)} }

// NewToken returns a token of the session with a fresh random secret.
func NewToken(id ID) Token {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: see crypto/rand
	var text [tokenLen]byte
	strict.Encode(text[:], id[:])
	text[idLen] = '.'
	strict.Encode(text[idLen+1:], secret[:])
	return tokenOf(string(text[:]))
}

// ParseToken returns the token with the given text, which must be spelled exactly
// as [Token.Reveal] does.
func ParseToken(text string) (Token, error) {
	if len(text) != tokenLen {
		return Token{}, fmt.Errorf("session: a token has %d characters, not %d", tokenLen, len(text))
	}
	var src [tokenLen]byte // keeps the conversion off the heap
	var id ID
	var secret [32]byte
	copy(src[:], text)
	n, idErr := strict.Decode(id[:], src[:idLen]) // skips line ends
	m, secretErr := strict.Decode(secret[:], src[idLen+1:])
	if idErr != nil || secretErr != nil || n < len(id) || m < len(secret) || src[idLen] != '.' {
		return Token{}, errors.New("session: a token is two parts of base64url without padding, with a dot between")
	}
	return tokenOf(text), nil
}

// Reveal returns the token's text, for the cookie or header of a response. It must
// not get into a log, an error message or a page. The zero Token's text is empty.
func (t Token) Reveal() string {
	if t.text == nil {
		return ""
	}
	return unsafe.String(t.text, tokenLen)
}

// ID returns the name of the token's session.
func (t Token) ID() (id ID) {
	if t.text != nil {
		var src [idLen]byte // keeps the conversion off the heap
		copy(src[:], t.Reveal())
		strict.Decode(id[:], src[:]) // its text was checked
	}
	return id
}

// hash returns the form of the token's secret that records keep.
func (t Token) hash() hash {
	if t.text == nil {
		return hash{}
	}
	var buf [len(hashPrefix) + secretTextLen]byte
	copy(buf[:], hashPrefix)
	copy(buf[len(hashPrefix):], t.Reveal()[idLen+1:])
	return sha256.Sum256(buf[:])
}

// IsZero reports whether t is the zero Token.
func (t Token) IsZero() bool { return t.text == nil }

// Equal reports, in constant time, whether t and u are the same token.
func (t Token) Equal(u Token) bool {
	return t.IsZero() == u.IsZero() &&
		subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(u.Reveal())) == 1
}

// String returns "[redacted]".
func (t Token) String() string { return redacted }

// GoString returns "[redacted]".
func (t Token) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (t Token) Format(f fmt.State, verb rune) { f.Write([]byte(redacted)) }

// MarshalJSON returns "[redacted]" as a JSON string.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }
