package dbsc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
)

// The algorithms of keys, as JSON Web Signature names them (RFC 7518).
const (
	ES256 = "ES256"
	RS256 = "RS256"
)

const (
	pointLen      = 64  // the coordinates of a point of P-256
	minRSA        = 256 // bytes of the modulus
	maxRSA        = 512
	usualExponent = 65537 // the only one taken, since a large one costs time
)

// A Key is a device's public key, in the form that records keep: a letter for the
// algorithm, and the coordinates of the point or the modulus. Keys are comparable.
type Key string

// Algorithm returns ES256 or RS256, or "" for a string that is not a key.
func (k Key) Algorithm() string {
	switch {
	case len(k) == 1+pointLen && k[0] == 'E':
		return ES256
	case len(k) > minRSA && len(k) <= 1+maxRSA && k[0] == 'R':
		return RS256
	}
	return ""
}

var (
	errKey       = errors.New("dbsc: the key is not a point of P-256, or an RSA key of 2048 to 4096 bits with the exponent 65537")
	errSignature = errors.New("dbsc: the signature is not the key's")
)

// check returns an error if no signature could be verified by the key.
func (k Key) check() error {
	switch k.Algorithm() {
	case ES256:
		_, err := k.point()
		return err
	case RS256:
		if k[1] == 0 || len(k) == 1+minRSA && k[1] < 0x80 || k[len(k)-1]&1 == 0 {
			return errKey
		}
		return nil
	}
	return errKey
}

func (k Key) point() (*ecdsa.PublicKey, error) {
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, k[1:]...))
	if err != nil {
		return nil, errKey
	}
	return key, nil
}

// verify returns an error if the signature of text is not the key's.
func (k Key) verify(text string, signature []byte) error {
	digest := sha256.Sum256([]byte(text))
	good := false
	switch k.Algorithm() {
	case ES256:
		key, err := k.point()
		if err != nil {
			return err
		}
		good = len(signature) == pointLen && ecdsa.Verify(key, digest[:],
			new(big.Int).SetBytes(signature[:pointLen/2]), new(big.Int).SetBytes(signature[pointLen/2:]))
	case RS256:
		key := &rsa.PublicKey{N: new(big.Int).SetBytes([]byte(k[1:])), E: usualExponent}
		good = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	if !good {
		return errSignature
	}
	return nil
}

// A jwk is a public key as JSON has it (RFC 7517).
type jwk struct {
	Kty, Crv, X, Y, N, E string
}

// key returns the key, if it is for the given algorithm.
func (j *jwk) key(algorithm string) (k Key, err error) {
	var data []byte
	switch {
	case algorithm == ES256 && j.Kty == "EC" && j.Crv == "P-256":
		x, okX := decode(j.X, pointLen/2)
		y, okY := decode(j.Y, pointLen/2)
		if !okX || !okY {
			return "", errKey
		}
		data = append(append([]byte{'E'}, x...), y...)
	case algorithm == RS256 && j.Kty == "RSA" && j.E == "AQAB":
		n, ok := decode(j.N, 0)
		if !ok {
			return "", errKey
		}
		data = append([]byte{'R'}, n...)
	default:
		return "", errKey
	}
	return Key(data), Key(data).check()
}

// decode returns the bytes of base64url without padding, if there are that many, or
// any number for zero. Line ends, which package base64 skips, are refused.
func decode(text string, want int) ([]byte, bool) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	full := len(data) == base64.RawURLEncoding.DecodedLen(len(text))
	return data, err == nil && full && (want == 0 || len(data) == want)
}
