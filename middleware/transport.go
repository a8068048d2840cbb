package middleware

import (
	"errors"
	"net/http"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Transport carries a session's token between client and server: the cookie,
// or what [HeaderTransport] returns.
type Transport interface {
	// receive returns the token that the request bears, or none, or an error if
	// what it bears is malformed, forged or ambiguous.
	receive(r *http.Request) (received, error)
	// send gives the client its token.
	send(h http.Header, g grant)
	// forget makes the client drop its token.
	forget(h http.Header)
	// source names the request header that the response depends on.
	source() string
	// key tells transports apart that would be in each other's way.
	key() string
}

// received is what a request bears.
type received struct {
	token session.Token
	stale bool // genuine, but to be issued anew
}

// grant is what a client is given.
type grant struct {
	token    session.Token
	persist  bool
	deadline time.Time
}

// Why a token is rejected.
var (
	errMalformed = errors.New("sessions: malformed token")
	errForged    = errors.New("sessions: token with a signature that no secret made")
	errAmbiguous = errors.New("sessions: two different tokens")
)

// HeaderTransport carries the token in a header of requests and responses, for
// API clients that keep no cookies. The client sends back what the response's
// header of that name gave it; an empty value tells it to forget its token.
// Secrets do not apply.
func HeaderTransport(name string) Transport {
	return headerTransport(http.CanonicalHeaderKey(name))
}

type headerTransport string

func (t headerTransport) receive(r *http.Request) (received, error) {
	values := r.Header[string(t)]
	switch len(values) {
	case 0:
		return received{}, nil
	case 1:
		token, err := session.ParseToken(values[0])
		if err != nil {
			return received{}, errMalformed
		}
		return received{token: token}, nil
	}
	return received{}, errAmbiguous
}

func (t headerTransport) send(h http.Header, g grant) { h[string(t)] = []string{g.token.Reveal()} }
func (t headerTransport) forget(h http.Header)        { h[string(t)] = []string{""} }
func (t headerTransport) source() string              { return string(t) }
func (t headerTransport) key() string                 { return "header " + string(t) }
