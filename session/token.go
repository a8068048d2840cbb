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

// tokenLen is the length of a token's text: 32 bytes in base64url without padding.
const tokenLen = 43

const redacted = "[redacted]"

// strict accepts one spelling of each value.
var strict = base64.RawURLEncoding.Strict()

// A Token is the secret that gives a client access to its session. It has 256 bits
// from crypto/rand. OWASP's Session Management Cheat Sheet asks for 64.
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

// NewToken returns a fresh random token.
func NewToken() Token {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: see crypto/rand
	var text [tokenLen]byte
	strict.Encode(text[:], secret[:])
	return tokenOf(string(text[:]))
}

// ParseToken returns the token with the given text, which must be spelled exactly
// as [Token.Reveal] does.
func ParseToken(text string) (Token, error) {
	if len(text) != tokenLen {
		return Token{}, fmt.Errorf("session: a token has %d characters, not %d", tokenLen, len(text))
	}
	var src [tokenLen]byte // keeps the conversion off the heap
	var secret [32]byte
	copy(src[:], text)
	if n, err := strict.Decode(secret[:], src[:]); err != nil || n != len(secret) {
		return Token{}, errors.New("session: a token is base64url without padding")
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

// ID returns the public name of the token's session.
func (t Token) ID() ID {
	if t.text == nil {
		return ID{}
	}
	var buf [len(idPrefix) + tokenLen]byte
	copy(buf[:], idPrefix)
	copy(buf[len(idPrefix):], t.Reveal())
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
