package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Transport says how a session's token travels between client and server: in
// the cookie, or as [HeaderTransport] and [CookieOrHeader] say.
type Transport interface {
	// tokenTransport returns the implementation, given the cookie that the options describe.
	tokenTransport(cookie *cookieTransport) tokenTransport
	// check returns the transport's faults.
	check() error
}

// A tokenTransport finds the token in a request, and tells how to answer.
type tokenTransport interface {
	// receive returns the token that the request bears, if any, and always the
	// way by which one goes back. It returns an error if the token is malformed,
	// forged or ambiguous.
	receive(h http.Header) (received, error)
	// sources names the request headers that the response depends on.
	sources() []string
	// drop removes everything in the places of tokens from a response's header.
	drop(h http.Header)
	// tokenNames names the cookies and headers; managers must not share one.
	tokenNames() []string
}

// A tokenWriter puts the news for the client into a response's header.
type tokenWriter interface {
	send(h http.Header, issued issuedToken)
	forget(h http.Header)
}

// received is the token of a request.
type received struct {
	token session.Token
	by    tokenWriter // the way that the token came, or would have come
}

// byCookie reports whether tokens go by cookie.
func byCookie(by tokenWriter) bool { _, header := by.(headerTransport); return !header }

// issuedToken is a token for a client.
type issuedToken struct {
	token      session.Token
	remembered bool
	deadline   time.Time
	until      time.Time // after which the client must get another one; zero if that is the deadline
}

// Why a token is rejected.
var (
	errMalformed = errors.New("sessions: malformed token")
	errForged    = errors.New("sessions: token with a signature that no secret made")
	errSigned    = errors.New("sessions: token with a signature, but there are no secrets")
	errAmbiguous = errors.New("sessions: two different cookies of one name")
	errTwoTokens = errors.New("sessions: two tokens in the header")
)

// bearer is the scheme of a token in the header Authorization (RFC 6750).
const bearer = "Bearer"

// HeaderTransport carries the token in a header of requests and responses, for
// API clients that keep no cookies. The client sends back the value of the last
// response with that header; an empty value tells it to forget its token.
//
// In the header Authorization, the value is "Bearer", a space and the token, both
// ways. Other schemes, such as Basic, are not the session's: the request has no token.
//
// Browsers do not send such a header by themselves, so that requests across
// sites bear no token. Secrets do not apply.
func HeaderTransport(name string) Transport {
	return headerTransport(http.CanonicalHeaderKey(name))
}

// CookieOrHeader serves browsers and API clients alike: a request that bears the
// header, be it empty, has its token there; any other has it in the cookie. An
// API client that has no token yet sends the header empty. In Authorization it sends
// "Bearer" alone: a browser may send the header with another scheme. A token goes back only
// the way it came. One from a cookie never shows in a header that scripts can
// read. One from a header never becomes a cookie that browsers send by themselves.
func CookieOrHeader(name string) Transport {
	return eitherTransport{header: headerTransport(http.CanonicalHeaderKey(name))}
}

type headerTransport string

// check refuses names that no header can have, or that have a meaning of their own.
func (t headerTransport) check() error {
	for i := range len(t) {
		if c := t[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("sessions: %q cannot be the name of a header", string(t))
		}
	}
	switch t {
	case "", "Cookie", "Set-Cookie", "Connection", "Host", "Upgrade", "Te", "Vary", "Cache-Control", "Date", "Retry-After",
		"Keep-Alive", "Proxy-Authorization", "Proxy-Authenticate", "Www-Authenticate", "Expect", "Origin", "Referer", "Accept", "User-Agent":
		return t.refuse()
	}
	if isBodyHeader(string(t)) {
		return t.refuse()
	}
	return nil
}

func (t headerTransport) refuse() error {
	return fmt.Errorf("sessions: the header %q cannot carry tokens; use one of your own, such as X-Session-Token", string(t))
}

func (t headerTransport) tokenTransport(*cookieTransport) tokenTransport { return t }

func (t headerTransport) receive(h http.Header) (received, error) {
	got := received{by: t}
	values := h[string(t)]
	if len(values) > 1 {
		return got, errTwoTokens
	}
	text, _ := t.text(h)
	if text == "" {
		return got, nil
	}
	token, err := session.ParseToken(text)
	if err != nil {
		return got, errMalformed
	}
	got.token = token
	return got, nil
}

// text returns the text of the token, and whether the header is there for the
// session.
func (t headerTransport) text(h http.Header) (text string, there bool) {
	values := h[string(t)]
	if len(values) == 0 {
		return "", false
	}
	if !t.authorizes() {
		return values[0], true
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, bearer) {
		return "", false
	}
	return strings.Trim(text, " "), true
}

func (t headerTransport) authorizes() bool { return t == "Authorization" }

func (t headerTransport) send(h http.Header, issued issuedToken) {
	value := issued.token.Reveal()
	if t.authorizes() {
		value = bearer + " " + value
	}
	h[string(t)] = []string{value}
}

func (t headerTransport) forget(h http.Header) { h[string(t)] = []string{""} }
func (t headerTransport) drop(h http.Header)   { delete(h, string(t)) }
func (t headerTransport) sources() []string    { return []string{string(t)} }
func (t headerTransport) tokenNames() []string { return []string{"header " + string(t)} }

func (t eitherTransport) check() error { return t.header.check() }

type eitherTransport struct {
	cookie *cookieTransport
	header headerTransport
}

func (t eitherTransport) tokenTransport(cookie *cookieTransport) tokenTransport {
	t.cookie = cookie
	return t
}

func (t eitherTransport) receive(h http.Header) (received, error) {
	if _, there := t.header.text(h); there {
		return t.header.receive(h)
	}
	return t.cookie.receive(h)
}

func (t eitherTransport) drop(h http.Header) {
	t.cookie.drop(h)
	t.header.drop(h)
}

func (t eitherTransport) sources() []string { return append(t.cookie.sources(), t.header.sources()...) }
func (t eitherTransport) tokenNames() []string {
	return slices.Concat(t.cookie.tokenNames(), t.header.tokenNames())
}
