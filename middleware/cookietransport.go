package middleware

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

// maxAge is the longest that browsers keep a cookie (RFC 6265bis, section 5.5).
const maxAge = 400 * 24 * time.Hour

// cookieTransport carries the token in a cookie.
type cookieTransport struct {
	cookie     Cookie // as configured, with its Path and without the Domain's dot
	name       string
	attributes string
	signer     *signer // nil without secrets
}

func newCookieTransport(c *Cookie, secrets [][]byte) *cookieTransport {
	t := &cookieTransport{cookie: *c, name: c.name(), attributes: c.attributes()}
	t.cookie.Path = cmp.Or(c.Path, "/")
	t.cookie.Domain = strings.ToLower(strings.TrimPrefix(c.Domain, "."))
	if len(secrets) > 0 {
		t.signer = newSigner(t.name, secrets)
	}
	return t
}

// receive looks at the header itself: net/http's parser gives up on a request
// with many cookies, takes quotes off values, and parses the others too.
func (t *cookieTransport) receive(h http.Header) (received, error) {
	got := received{by: t}
	var found string
	var malformed bool
	for _, line := range h["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			switch {
			case name != t.name || value == found:
			case !t.wellFormed(value):
				malformed = true
			case found != "":
				return got, errAmbiguous
			default:
				found = value
			}
		}
	}
	var err error
	switch {
	case found != "":
		got.token, err = t.open(found)
	case malformed:
		err = errMalformed
	}
	return got, err
}

// wellFormed reports whether the value could be a token, cheaply.
func (t *cookieTransport) wellFormed(value string) bool {
	if len(value) != valueLen(t.signer != nil) {
		return false
	}
	for i := range len(value) {
		c := value[i]
		if t.signer != nil && i == tokenLen {
			if c != '.' {
				return false
			}
			continue
		}
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// open returns the token in a value, if it is genuine.
func (t *cookieTransport) open(value string) (session.Token, error) {
	text := value[:tokenLen]
	if t.signer != nil && !t.signer.verify(text, value[tokenLen+1:]) {
		return session.Token{}, errForged
	}
	token, err := session.ParseToken(text)
	if err != nil {
		return session.Token{}, errMalformed
	}
	return token, nil
}

func (t *cookieTransport) send(h http.Header, issued issuedToken) {
	text := issued.token.Reveal()
	b := make([]byte, 0, 256)
	b = append(b, t.name...)
	b = append(b, '=')
	b = append(b, text...)
	if t.signer != nil {
		b = append(b, '.')
		b = t.signer.append(b, text)
	}
	if issued.persist {
		left := min(time.Until(issued.deadline), maxAge)
		b = append(b, "; Max-Age="...)
		b = strconv.AppendInt(b, max(int64(left/time.Second), 1), 10)
	}
	b = append(b, t.attributes...)
	t.set(h, string(b))
}

func (t *cookieTransport) forget(h http.Header) {
	t.set(h, t.name+"=; Max-Age=0"+t.attributes)
}

// set puts the cookie into a response's header, in the place of an earlier one.
func (t *cookieTransport) set(h http.Header, line string) {
	h["Set-Cookie"] = append(t.others(h), line)
}

func (t *cookieTransport) drop(h http.Header) {
	if h["Set-Cookie"] = t.others(h); len(h["Set-Cookie"]) == 0 {
		delete(h, "Set-Cookie")
	}
}

// others returns the cookies of a response that are not the session's.
func (t *cookieTransport) others(h http.Header) []string {
	return slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return name == t.name
	})
}

func (t *cookieTransport) sources() []string    { return []string{"Cookie"} }
func (t *cookieTransport) tokenNames() []string { return []string{"cookie " + t.name} }
