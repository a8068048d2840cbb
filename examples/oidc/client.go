package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A client is this site as the provider knows it.
type client struct {
	ID, Secret string
	Redirect   string // the URL of the callback
	HTTP       *http.Client
}

// metadata is a provider's description of itself (OpenID Connect Discovery 1.0).
type metadata struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Keys      string `json:"jwks_uri"`
}

// newPending makes the secrets of one log-in.
func newPending() Pending {
	return Pending{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text()}
}

// discover asks the provider for its addresses. A busy site keeps the answer.
func (c *client) discover(ctx context.Context, issuer string) (metadata, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return metadata{}, err
	}
	var m metadata
	if err := c.do(req, &m); err != nil {
		return metadata{}, err
	}
	if m.Issuer != issuer {
		return metadata{}, fmt.Errorf("the provider calls itself %q, not %q", m.Issuer, issuer)
	}
	return m, nil
}

// authorizeURL returns where the visitor logs in.
func (c *client) authorizeURL(p metadata, pending Pending) string {
	return p.Authorize + "?" + url.Values{
		"response_type":         {"code"},
		"client_id":             {c.ID},
		"redirect_uri":          {c.Redirect},
		"scope":                 {"openid"},
		"state":                 {pending.State},
		"nonce":                 {pending.Nonce},
		"code_challenge":        {challenge(pending.Verifier)},
		"code_challenge_method": {"S256"},
	}.Encode()
}

// challenge returns the part of a verifier that the provider may know (RFC 7636).
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// exchange gives the code to the provider for an ID token.
func (c *client) exchange(ctx context.Context, p metadata, code, verifier string) (token string, err error) {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {c.Redirect},
		"code_verifier": {verifier},
	}
	req, err := http.NewRequestWithContext(ctx, "POST", p.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret)) // RFC 6749, section 2.3.1
	var answer struct {
		IDToken string `json:"id_token"`
	}
	err = c.do(req, &answer)
	return answer.IDToken, err
}

// maxAnswer bounds the answers of the provider.
const maxAnswer = 1 << 20

// do sends a request to the provider and decodes the answer.
func (c *client) do(req *http.Request, answer any) error {
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL.Path, resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer)
}
