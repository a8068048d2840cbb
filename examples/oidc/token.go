package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// claims are the parts of an ID token that this site reads.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	Nonce    string `json:"nonce"`
}

// verify checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7) and returns its
// subject. It accepts the algorithm that every provider has, RS256, and no other: the
// token itself does not choose.
func (c *client) verify(ctx context.Context, p metadata, token, nonce string) (subject string, err error) {
	head, rest, _ := strings.Cut(token, ".")
	body, sig, ok := strings.Cut(rest, ".")
	if !ok {
		return "", errors.New("the ID token has not three parts")
	}
	var header struct{ Alg, Kid string }
	var got claims
	signature, err := base64.RawURLEncoding.DecodeString(sig)
	if err = errors.Join(err, decodePart(head, &header), decodePart(body, &got)); err != nil {
		return "", err
	}
	if header.Alg != "RS256" {
		return "", fmt.Errorf("the ID token is signed by %q", header.Alg)
	}
	key, err := c.key(ctx, p, header.Kid)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(head + "." + body))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature); err != nil {
		return "", err
	}
	return got.Subject, got.check(p.Issuer, c.ID, nonce)
}

// check returns everything that is wrong with the claims.
func (c claims) check(issuer, client, nonce string) error {
	var errs []error
	refuse := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New("the ID token "+text))
		}
	}
	refuse(c.Issuer != issuer, "is of another provider")
	refuse(c.Audience != client, "is for another client")
	refuse(c.Nonce != nonce, "is for another log-in")
	refuse(time.Now().After(time.Unix(c.Expires, 0)), "has expired")
	refuse(c.Subject == "", "names no user")
	return errors.Join(errs...)
}

func decodePart(part string, v any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// A jwk is a public key of the provider (RFC 7517).
type jwk struct {
	Kty, Kid, N, E string
}

// key returns the provider's key of this ID.
func (c *client) key(ctx context.Context, p metadata, kid string) (*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", p.Keys, nil)
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []jwk }
	if err := c.do(req, &set); err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		if k.Kid == kid && k.Kty == "RSA" {
			n, err1 := base64.RawURLEncoding.DecodeString(k.N)
			e, err2 := base64.RawURLEncoding.DecodeString(k.E)
			exponent := new(big.Int).SetBytes(e)
			if err := errors.Join(err1, err2); err != nil || !exponent.IsInt64() {
				return nil, fmt.Errorf("the provider's key %q cannot be read: %w", kid, err)
			}
			return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
		}
	}
	return nil, fmt.Errorf("the provider has no key %q", kid)
}
