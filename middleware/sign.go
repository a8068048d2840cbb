package middleware

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"sync"
)

// The lengths of the texts of an ID, a token and a signature: 16 bytes, the ID with 32
// more, and 32 bytes, in base64url without padding. A dot separates the ID.
const (
	idLen        = 22
	tokenLen     = idLen + 1 + 43
	signatureLen = 43
)

// valueLen returns the length of a cookie's value.
func valueLen(signed bool) int {
	if signed {
		return tokenLen + 1 + signatureLen
	}
	return tokenLen
}

// A signer signs tokens for one cookie. A signature is the HMAC-SHA256, under a
// secret, of a version, the cookie's name and the token, so that a signature
// for one cookie is worth nothing in another.
type signer struct {
	prefix []byte
	macs   []sync.Pool // of hash.Hash, one for each secret; the first signs
}

func newSigner(cookie string, secrets [][]byte) *signer {
	s := &signer{prefix: signedPrefix(cookie), macs: make([]sync.Pool, len(secrets))}
	for i, secret := range secrets {
		secret = append([]byte(nil), secret...)
		s.macs[i].New = func() any { return hmac.New(sha256.New, secret) }
	}
	return s
}

func signedPrefix(cookie string) []byte { return []byte("sessions/cookie/1\x00" + cookie + "\x00") }

// of returns a signer with the same secrets for another cookie.
func (s *signer) of(cookie string) *signer { return &signer{signedPrefix(cookie), s.macs} }

// append appends the token's signature.
func (s *signer) append(dst []byte, token string) []byte {
	var sum [sha256.Size]byte
	s.sum(&s.macs[0], &sum, token)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}

// verify reports whether any of the secrets made the signature. It tries every secret,
// in constant time.
func (s *signer) verify(token, signature string) (ok bool) {
	var want [signatureLen]byte
	var sum [sha256.Size]byte
	for i := range s.macs {
		s.sum(&s.macs[i], &sum, token)
		base64.RawURLEncoding.Encode(want[:], sum[:])
		if hmac.Equal(want[:], []byte(signature)) {
			ok = true
		}
	}
	return ok
}

func (s *signer) sum(pool *sync.Pool, sum *[sha256.Size]byte, token string) {
	mac := pool.Get().(hash.Hash)
	defer pool.Put(mac)
	mac.Reset()
	mac.Write(s.prefix)
	mac.Write([]byte(token))
	mac.Sum(sum[:0])
}
