package dbsc

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// The lengths of a proof's parts, in base64url. A header with an RSA key of 4096 bits
// has about 1,100, and a payload has the URL of the endpoint and the challenge.
const (
	maxHeader    = 2048
	maxPayload   = 4096
	maxSignature = 683
	maxProof     = maxHeader + 1 + maxPayload + 1 + maxSignature
)

const proofType = "dbsc+jwt"

// A Proof is a device's answer to a challenge: a JSON Web Signature (RFC 7515) whose
// form was checked. Its signature is checked by [Proof.Verify].
type Proof struct {
	Challenge string // the answered one
	Key       Key    // in the header, which only a registration may trust; "" without one

	algorithm string
	signed    string
	signature []byte
}

var (
	errTooLong   = errors.New("dbsc: the proof is too long")
	errForm      = errors.New("dbsc: the proof is not a JSON Web Signature in three parts")
	errHeader    = errors.New("dbsc: the header of the proof is not one of the type dbsc+jwt and the algorithm ES256 or RS256")
	errChallenge = errors.New("dbsc: the proof answers no challenge")
	errAlgorithm = errors.New("dbsc: the proof has another algorithm than the key")
)

// ParseProof returns the proof that a request has in its header.
func ParseProof(value string) (*Proof, error) {
	text, ok := unquote(value, maxProof)
	if !ok {
		return nil, errTooLong
	}
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	switch {
	case header == "", payload == "", signature == "":
		return nil, errForm
	case len(header) > maxHeader, len(payload) > maxPayload, len(signature) > maxSignature:
		return nil, errTooLong
	}
	p := &Proof{signed: text[:len(header)+1+len(payload)]}
	if p.signature, ok = decode(signature, 0); !ok {
		return nil, errForm
	}
	if err := p.readHeader(header); err != nil {
		return nil, err
	}
	var claims struct {
		JTI *string `json:"jti"`
	}
	data, ok := decode(payload, 0)
	switch {
	case !ok || unmarshal(data, &claims) != nil:
		return nil, errForm
	case claims.JTI == nil || *claims.JTI == "":
		return nil, errChallenge
	}
	p.Challenge = *claims.JTI
	return p, nil
}

func (p *Proof) readHeader(text string) error {
	var h struct {
		Typ, Alg string
		Crit     json.RawMessage // extensions that must be understood, of which there are none
		JWK      *jwk
	}
	data, ok := decode(text, 0)
	if !ok || unmarshal(data, &h) != nil {
		return errForm
	}
	if h.Typ != proofType || h.Alg != ES256 && h.Alg != RS256 || h.Crit != nil {
		return errHeader
	}
	p.algorithm = h.Alg
	if h.JWK == nil {
		return nil
	}
	var err error
	p.Key, err = h.JWK.key(h.Alg)
	return err
}

// Verify returns an error if the proof is not signed by the key.
func (p *Proof) Verify(key Key) error {
	if key.Algorithm() != p.algorithm {
		return errAlgorithm
	}
	return key.verify(p.signed, p.signature)
}

// maxNesting bounds the objects and lists of a proof. A parser keeps a note of each.
const maxNesting = 64

func unmarshal(data []byte, v any) error {
	if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) > maxNesting {
		return errForm
	}
	return json.Unmarshal(data, v)
}
