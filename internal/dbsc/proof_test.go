package dbsc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/internal/dbsc"
)

// A member is a JSON object of a proof. A nil value leaves the name out.
type member map[string]any

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func encode(v any) string {
	if text, ok := v.(string); ok {
		return b64([]byte(text))
	}
	m := v.(member)
	for name, value := range m {
		if value == nil {
			delete(m, name)
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b64(data)
}

// with returns a copy with other members.
func (m member) with(name string, value any) member {
	other := member{}
	maps.Copy(other, m)
	other[name] = value
	return other
}

var (
	ecKey, otherKey = newECKey(), newECKey()
	rsaKey          = sync.OnceValue(func() *rsa.PrivateKey { return newRSAKey(2048) })
)

func newECKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func newRSAKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// point returns the coordinates of a key.
func point(key *ecdsa.PrivateKey) (x, y []byte) {
	data, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return data[1:33], data[33:]
}

func ecJWK(key *ecdsa.PrivateKey) member {
	x, y := point(key)
	return member{"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)}
}

func rsaJWK(key *rsa.PrivateKey) member {
	return member{"kty": "RSA", "n": b64(key.N.Bytes()), "e": "AQAB"}
}

func signEC(key *ecdsa.PrivateKey, text string) []byte {
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func signRSA(key *rsa.PrivateKey, text string) []byte {
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signature
}

func byEC(text string) []byte  { return signEC(ecKey, text) }
func byRSA(text string) []byte { return signRSA(rsaKey(), text) }

// proof returns a signed proof. Header and payload are members, or texts.
func proof(header, payload any, sign func(string) []byte) string {
	text := encode(header) + "." + encode(payload)
	return text + "." + b64(sign(text))
}

var (
	ecHeader = member{"alg": "ES256", "typ": "dbsc+jwt", "jwk": ecJWK(ecKey)}
	payload  = member{"jti": "challenge"}
)

// register is a registration by this value of the header.
func register(value string) (*dbsc.Proof, error) {
	p, err := dbsc.ParseProof(value)
	if err != nil {
		return nil, err
	}
	return p, p.Verify(p.Key)
}

func TestProof(t *testing.T) {
	rsaHeader := member{"alg": "RS256", "typ": "dbsc+jwt", "jwk": rsaJWK(rsaKey())}
	big := newRSAKey(4096)
	for name, value := range map[string]string{
		"ES256":               proof(ecHeader, payload, byEC),
		"RS256":               proof(rsaHeader, payload, byRSA),
		"RS256 with 4096":     proof(rsaHeader.with("jwk", rsaJWK(big)), payload, func(text string) []byte { return signRSA(big, text) }),
		"quoted":              `"` + proof(ecHeader, payload, byEC) + `"`,
		"quoted, a parameter": `"` + proof(ecHeader, payload, byEC) + `";v=1`,
		"more claims":         proof(ecHeader, payload.with("aud", "https://example.com/"+strings.Repeat("a", 2000)).with("iat", 1).with("sub", "s"), byEC),
		"a key in the claims": proof(ecHeader, payload.with("key", ecJWK(otherKey)), byEC),
		"more in the header":  proof(ecHeader.with("kid", "k"), payload, byEC),
	} {
		p, err := register(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Challenge != "challenge" || p.Key.Algorithm() == "" || len(p.Key) > 513 {
			t.Errorf("%s: %q, %q", name, p.Challenge, p.Key.Algorithm())
		}
	}
}

// Each of these is refused, for its form or its signature.
func TestProofRefused(t *testing.T) {
	good := proof(ecHeader, payload, byEC)
	parts := strings.Split(good, ".")
	x, y := point(ecKey)
	rsaHeader := member{"alg": "RS256", "typ": "dbsc+jwt", "jwk": rsaJWK(rsaKey())}
	jwk := ecJWK(ecKey)
	small := newRSAKey(1024)
	zeros := func(string) []byte { return make([]byte, 64) }
	order := elliptic.P256().Params().N
	asn1 := func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		signature, _ := ecdsa.SignASN1(rand.Reader, ecKey, digest[:])
		return signature
	}
	mac := func(text string) []byte {
		m := hmac.New(sha256.New, append(append([]byte{4}, x...), y...))
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	ed := func(text string) []byte {
		_, key, _ := ed25519.GenerateKey(rand.Reader)
		return ed25519.Sign(key, []byte(text))
	}
	flip := func(text string, at int) string {
		c := byte('A')
		if text[at] == 'A' {
			c = 'B'
		}
		return text[:at] + string(c) + text[at+1:]
	}
	for name, value := range map[string]string{
		"empty":                     "",
		"dots":                      "..",
		"one part":                  parts[0],
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                good + ".",
		"no header":                 "." + parts[1] + "." + parts[2],
		"no payload":                parts[0] + ".." + parts[2],
		"no signature":              parts[0] + "." + parts[1] + ".",
		"a header that is text":     proof("hello", payload, byEC),
		"a header that is a list":   proof("[]", payload, byEC),
		"a header that is null":     proof("null", payload, byEC),
		"two headers":               proof(`{"alg":"ES256","typ":"dbsc+jwt"}{}`, payload, byEC),
		"a payload that is text":    proof(ecHeader, "hello", byEC),
		"a payload that is null":    proof(ecHeader, "null", byEC),
		"deep nesting":              proof(ecHeader, strings.Repeat(`{"jti":`, 400)+"1"+strings.Repeat("}", 400), byEC),
		"no type":                   proof(ecHeader.with("typ", nil), payload, byEC),
		"another type":              proof(ecHeader.with("typ", "jwt"), payload, byEC),
		"a type in capitals":        proof(ecHeader.with("typ", "DBSC+JWT"), payload, byEC),
		"no algorithm":              proof(ecHeader.with("alg", nil), payload, byEC),
		"the algorithm none":        parts[0] + "." + parts[1] + "." + b64([]byte("x")),
		"none":                      proof(ecHeader.with("alg", "none"), payload, zeros),
		"HS256 with the public key": proof(ecHeader.with("alg", "HS256"), payload, mac),
		"ES384":                     proof(ecHeader.with("alg", "ES384"), payload, byEC),
		"EdDSA":                     proof(ecHeader.with("alg", "EdDSA"), payload, ed),
		"PS256":                     proof(rsaHeader.with("alg", "PS256"), payload, byRSA),
		"RS256 with an EC key":      proof(ecHeader.with("alg", "RS256"), payload, byEC),
		"ES256 with an RSA key":     proof(rsaHeader.with("alg", "ES256"), payload, byRSA),
		"an extension":              proof(ecHeader.with("crit", []string{"b64"}), payload, byEC),
		"an algorithm that is a list": proof(
			ecHeader.with("alg", []string{"ES256"}), payload, byEC),
		"no key":                     proof(ecHeader.with("jwk", nil), payload, byEC),
		"a key that is text":         proof(ecHeader.with("jwk", "key"), payload, byEC),
		"another's key":              proof(ecHeader.with("jwk", ecJWK(otherKey)), payload, byEC),
		"a key of another curve":     proof(ecHeader.with("jwk", jwk.with("crv", "P-384")), payload, byEC),
		"a key of another kind":      proof(ecHeader.with("jwk", jwk.with("kty", "OKP")), payload, byEC),
		"a symmetric key":            proof(ecHeader.with("jwk", member{"kty": "oct", "k": "AAAA"}), payload, mac),
		"a point that is not one":    proof(ecHeader.with("jwk", jwk.with("y", b64(x))), payload, byEC),
		"the point zero":             proof(ecHeader.with("jwk", jwk.with("x", b64(make([]byte, 32))).with("y", b64(make([]byte, 32)))), payload, zeros),
		"a short coordinate":         proof(ecHeader.with("jwk", jwk.with("x", b64(x[1:]))), payload, byEC),
		"a long coordinate":          proof(ecHeader.with("jwk", jwk.with("x", b64(append([]byte{0}, x...)))), payload, byEC),
		"a coordinate with padding":  proof(ecHeader.with("jwk", jwk.with("x", b64(x)+"=")), payload, byEC),
		"a coordinate with line end": proof(ecHeader.with("jwk", jwk.with("x", b64(x)+"\n")), payload, byEC),
		"RSA of 1024 bits": proof(rsaHeader.with("jwk", rsaJWK(small)), payload,
			func(text string) []byte { return signRSA(small, text) }),
		"RSA of 16384 bits":       proof(rsaHeader.with("jwk", member{"kty": "RSA", "e": "AQAB", "n": b64(append([]byte{255}, make([]byte, 2047)...))}), payload, byRSA),
		"RSA with another e":      proof(rsaHeader.with("jwk", rsaJWK(rsaKey()).with("e", "Aw")), payload, byRSA),
		"RSA with e of 512 bytes": proof(rsaHeader.with("jwk", rsaJWK(rsaKey()).with("e", b64(make([]byte, 512)))), payload, byRSA),
		"RSA with an even n":      proof(rsaHeader.with("jwk", rsaJWK(rsaKey()).with("n", b64(append([]byte{255}, make([]byte, 255)...)))), payload, byRSA),
		"RSA with zeros in front": proof(rsaHeader.with("jwk", rsaJWK(rsaKey()).with("n", b64(append([]byte{0}, rsaKey().N.Bytes()...)))), payload, byRSA),
		"no challenge":            proof(ecHeader, payload.with("jti", nil), byEC),
		"an empty challenge":      proof(ecHeader, payload.with("jti", ""), byEC),
		"a challenge of number":   proof(ecHeader, payload.with("jti", 1), byEC),
		"a challenge that is null": proof(
			ecHeader, `{"jti":null}`, byEC),
		"another header":           flip(parts[0], 5) + "." + parts[1] + "." + parts[2],
		"another payload":          parts[0] + "." + encode(payload.with("jti", "challengf")) + "." + parts[2],
		"another signature":        parts[0] + "." + parts[1] + "." + flip(parts[2], 3),
		"a signature of zeros":     proof(ecHeader, payload, zeros),
		"a signature of the order": proof(ecHeader, payload, func(string) []byte { return append(order.Bytes(), order.Bytes()...) }),
		"a signature with r + n": proof(ecHeader, payload, func(string) []byte {
			return append(new(big.Int).Add(order, big.NewInt(1)).Bytes(), make([]byte, 32)...)
		}),
		"an ASN.1 signature":         proof(ecHeader, payload, asn1),
		"half a signature":           parts[0] + "." + parts[1] + "." + parts[2][:43],
		"a signature and a byte":     parts[0] + "." + parts[1] + "." + parts[2] + "AA",
		"a signature with padding":   good + "==",
		"standard base64":            strings.NewReplacer("-", "+", "_", "/").Replace(parts[0]+"."+parts[1]) + "." + b64([]byte{0xfb, 0xff}) + "+/",
		"trailing bits":              parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "B",
		"a short RSA signature":      proof(rsaHeader, payload, func(text string) []byte { return byRSA(text)[1:] }),
		"an RSA signature of zeros":  proof(rsaHeader, payload, func(string) []byte { return make([]byte, 256) }),
		"an RSA signature of one":    proof(rsaHeader, payload, func(string) []byte { return append(make([]byte, 255), 1) }),
		"a large header":             proof(ecHeader.with("kid", strings.Repeat("k", 2000)), payload, byEC),
		"a large payload":            proof(ecHeader, payload.with("aud", strings.Repeat("a", 4000)), byEC),
		"a large signature":          good + strings.Repeat("A", 700),
		"all large":                  strings.Repeat("A", 1<<20) + "." + strings.Repeat("A", 1<<20) + "." + strings.Repeat("A", 1<<20),
		"an open quote":              `"` + good,
		"a quote within":             parts[0] + `"` + "." + parts[1] + "." + parts[2],
		"two proofs":                 good + ", " + good,
		"a byte before":              "!" + good,
		"not ASCII":                  good[:10] + "é" + good[10:],
		"signed without the payload": parts[0] + "." + parts[1] + "." + b64(byEC(parts[0])),
	} {
		if p, err := register(value); err == nil {
			t.Errorf("%s: accepted, with the challenge %q", name, p.Challenge)
		} else if strings.Contains(err.Error(), "challenge\"") || len(err.Error()) > 200 {
			t.Errorf("%s: the error tells what the client sent: %v", name, err)
		}
	}
	if _, err := register(good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// A refresh goes by the stored key, whatever the header has.
func TestVerifyByTheStoredKey(t *testing.T) {
	p, err := register(proof(ecHeader, payload, byEC))
	if err != nil {
		t.Fatal(err)
	}
	stored := p.Key
	for name, test := range map[string]struct {
		value string
		want  bool
	}{
		"without a key in the header":   {proof(ecHeader.with("jwk", nil), payload, byEC), true},
		"with the key in the header":    {proof(ecHeader, payload, byEC), true},
		"by another key":                {proof(ecHeader.with("jwk", nil), payload, func(text string) []byte { return signEC(otherKey, text) }), false},
		"by another key, in the header": {proof(ecHeader.with("jwk", ecJWK(otherKey)), payload, func(text string) []byte { return signEC(otherKey, text) }), false},
		"by an RSA key, in the header":  {proof(member{"alg": "RS256", "typ": "dbsc+jwt", "jwk": rsaJWK(rsaKey())}, payload, byRSA), false},
	} {
		p, err := dbsc.ParseProof(test.value)
		if err == nil {
			err = p.Verify(stored)
		}
		if (err == nil) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []dbsc.Key{"", "E", "R", stored[:64], stored + "x", "R" + stored[1:], "E" + dbsc.Key(strings.Repeat("\xff", 64))} {
		if p.Verify(bad) == nil {
			t.Errorf("verified by the key %q", bad)
		}
	}
}

// What is refused costs no more memory than a few times its length, which is bounded.
func TestRefusedProofsAreCheap(t *testing.T) {
	spent := func(value string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			register(value)
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / 100
	}
	for name, value := range map[string]string{
		"a megabyte":        strings.Repeat("A", 1<<20),
		"a quoted megabyte": `"` + strings.Repeat(`\\`, 1<<19) + `"`,
		"a megabyte each":   strings.Repeat("A", 1<<20) + "." + strings.Repeat("A", 1<<20) + ".A",
		"many members":      proof(ecHeader, "{"+strings.Repeat(`"a":1,`, 490)+`"jti":"c"}`, byEC),
		"deep nesting":      proof(ecHeader, strings.Repeat(`[`, 3000), byEC),
	} {
		if n := spent(value); n > 32<<10 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
}

func FuzzProof(f *testing.F) {
	f.Add(proof(ecHeader, payload, byEC))
	f.Add(`"` + proof(member{"alg": "RS256", "typ": "dbsc+jwt", "jwk": rsaJWK(rsaKey())}, payload, byRSA) + `";a=b`)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, value string) {
		p, err := register(value)
		if err != nil {
			return
		}
		if p.Challenge == "" || p.Key.Algorithm() == "" {
			t.Errorf("%q is accepted", value)
		}
		if strings.Count(value, ".") != 2 {
			t.Errorf("%q has other parts", value)
		}
	})
}
