package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// maxKnownCookies bounds the cookies that a manager keeps ready. A function that makes
// them from the name of the host, which clients choose, could give any number.
const maxKnownCookies = 1024

// cookies are the transports of the cookies that Options.CookieFor has returned.
type cookies struct {
	mu    sync.RWMutex
	known map[Cookie]*cookieTransport
}

// cookieOf returns the transport of a request's cookie.
func (m *Manager[T]) cookieOf(r *http.Request) *cookieTransport {
	if m.options.CookieFor == nil {
		return m.cookie
	}
	c := m.options.CookieFor(r, m.options.Cookie)
	return m.cookies.get(c, m.cookie)
}

// get returns the transport of a cookie, which is like base in everything else.
func (k *cookies) get(c Cookie, base *cookieTransport) *cookieTransport {
	k.mu.RLock()
	t := k.known[c]
	k.mu.RUnlock()
	if t != nil {
		return t
	}
	if t = base.with(c); t.invalid != nil { // it may have any length, as the host that the client has sent
		return t
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= maxKnownCookies {
		k.known = make(map[Cookie]*cookieTransport)
	}
	k.known[c] = t
	return t
}

// with returns a transport for another cookie. Its signatures are worth nothing under
// another name.
func (t *cookieTransport) with(c Cookie) *cookieTransport {
	other := newCookieTransport(c, nil)
	other.signer = t.signer.of(other.name)
	if err := c.check(true); err != nil {
		other.invalid = fmt.Errorf("sessions: Options.CookieFor: %s", strings.ReplaceAll(err.Error(), "sessions: ", ""))
	}
	return other
}

// checkCookieFor returns why the options cannot keep the cookies of hosts apart.
func (o *Options) checkCookieFor() error {
	if o.CookieFor == nil {
		return nil
	}
	var errs []error
	if len(o.Secrets) == 0 {
		errs = append(errs, errors.New("sessions: CookieFor is set; set Secrets too, or the token of one cookie is accepted in all others"))
	}
	if o.AcceptUnsigned {
		errs = append(errs, errors.New("sessions: CookieFor is set; unset AcceptUnsigned, which accepts the token of one cookie in all others"))
	}
	if o.Transport != nil {
		errs = append(errs, errors.New("sessions: CookieFor is set; unset Transport, since a header accepts the token of any cookie"))
	}
	return errors.Join(errs...)
}
