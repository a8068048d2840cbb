package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/dbsc"
	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// A deviceEndpoint is where browsers bind sessions to their device, and refresh them.
//
// Sessions of a browser and origin have the same identifier, "cookie@origin", as they
// have the same cookie. A log-in to another session replaces the first session at the
// browser. Otherwise the browser would refresh both, and end up with either. So the
// refresh URL names the session: the path and its ID.
type deviceEndpoint struct {
	path         string
	cookie       string
	instructions instructions // without the parts that differ by session
}

// Instructions tell a browser how to refresh a bound session (section 9.6 of the
// specification).
type instructions struct {
	Identifier  string       `json:"session_identifier"`
	RefreshURL  string       `json:"refresh_url,omitempty"`
	Continue    *bool        `json:"continue,omitempty"`
	Scope       *scope       `json:"scope,omitempty"`
	Credentials []credential `json:"credentials,omitempty"`
	Initiators  []string     `json:"allowed_refresh_initiators,omitempty"`
}

type scope struct {
	IncludeSite   bool     `json:"include_site"`
	Specification []string `json:"scope_specification"`
}

type credential struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Attributes string `json:"attributes"`
}

// maxIdentifier bounds the identifier that a browser sends.
const maxIdentifier = 512

func newDeviceEndpoint(o *Options, cookie *cookieTransport) *deviceEndpoint {
	if !o.DeviceBound.Enabled {
		return nil
	}
	return &deviceEndpoint{
		path:   o.DeviceBound.path(&o.Cookie),
		cookie: cookie.name,
		instructions: instructions{
			Scope:       &scope{Specification: []string{}},
			Credentials: []credential{{"cookie", cookie.name, strings.TrimPrefix(cookie.attributes, "; ")}},
			Initiators:  o.DeviceBound.initiators(&o.Cookie),
		},
	}
}

// serves reports whether a request is for the endpoint, and returns the rest of its
// path: nothing, or a slash and an ID.
func (d *deviceEndpoint) serves(r *http.Request) (rest string, ok bool) {
	if r.Method != http.MethodPost {
		return "", false
	}
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	before := strings.TrimSuffix(r.Header.Get("X-Forwarded-Prefix"), "/")
	for _, path := range [...]string{r.URL.Path, asked, before + r.URL.Path} { // shortened by a handler, or by a proxy
		if rest, ok = strings.CutPrefix(path, d.path); ok && (rest == "" || rest[0] == '/') {
			return rest, true
		}
	}
	return "", false
}

// identifier returns the name of the origin's session. A proxy may change Host, but not
// Origin.
func (d *deviceEndpoint) identifier(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "null" || len(origin) > maxIdentifier/2 {
		origin = "https://" + r.Host
	}
	return d.cookie + "@" + origin
}

// offer asks the browser to bind the session, if the response is to do so.
func (d *deviceEndpoint) offer(h http.Header, s hooks.Session, lines *[3]string) {
	challenge := s.Offered()
	if challenge == "" {
		return
	}
	to := "(" + dbsc.ES256 + " " + dbsc.RS256 + ");path=" + dbsc.Quote(d.path) + ";challenge="
	others := slices.DeleteFunc(h[dbsc.HeaderRegistration], func(line string) bool { return strings.HasPrefix(line, to) })
	h[dbsc.HeaderRegistration] = append(others, to+dbsc.Quote(challenge)) // beside the line of another manager
	keepFromCaches(h, lines)
}

// offers returns how far the response to a request can ask the browser to bind the
// session. The requests for a page come at once, so only the page itself asks again.
func (x *response[T]) offers(by tokenWriter, offPath bool) hooks.Offers {
	switch {
	case x.m.device == nil, !byCookie(by), offPath, x.plainHTTP() && !trusted(x.request.host):
		return hooks.NoOffer
	case x.request.header.Get("Sec-Fetch-Mode") == "navigate":
		return hooks.OfferAgain
	}
	return hooks.OfferOnce
}

var (
	errNoProof      = errors.New("sessions: a browser binds its session without a proof")
	errNoIdentifier = errors.New("sessions: a refresh does not name the browser's session")
)

// serveDevice answers a browser's request to bind a session or to refresh one.
func (m *Manager[T]) serveDevice(w http.ResponseWriter, r *http.Request, rest string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Frame-Options", "DENY")
	ctx := context.WithoutCancel(r.Context()) // a browser that gives up tries again
	if session.TransactionOf(ctx) != nil {
		ctx = session.WithTransaction(ctx, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, m.options.saveTimeout())
	defer cancel()
	e := exchange[T]{m: m, w: w, r: r, ctx: ctx, s: session.New(m.store, &m.policy)}
	if rest == "" {
		e.identifier = m.device.identifier(r)
		e.bind()
		return
	}
	e.refresh(rest[1:])
}

// An exchange is a request of a browser that binds or refreshes a session.
type exchange[T any] struct {
	m          *Manager[T]
	w          http.ResponseWriter
	r          *http.Request
	ctx        context.Context
	identifier string // of the session, as the browser knows it
	id         session.ID
	s          *session.Session[T]
}

// bind binds the session that the proof's challenge names. The browser may have sent no
// cookie, after a link from another site.
func (e *exchange[T]) bind() {
	value := e.r.Header.Get(dbsc.HeaderProof)
	if value == "" {
		e.refuse(http.StatusBadRequest, errNoProof)
		return
	}
	proof, err := dbsc.ParseProof(value)
	if err == nil {
		err = proof.Verify(proof.Key)
	}
	if err != nil {
		e.refuse(http.StatusBadRequest, err)
		return
	}
	id, ok := hooks.ChallengeID(proof.Challenge)
	if !ok {
		e.refuse(http.StatusForbidden, hooks.ErrStale)
		return
	}
	e.id = id
	err = hooks.Of(e.s).Find(e.ctx, id)
	if err == nil {
		hooks.Of(e.s).Prove(proof.Challenge, string(proof.Key), true)
		err = e.s.Commit(e.ctx)
	}
	switch {
	case err == nil:
		e.accept(e.m.device.path[strings.LastIndexByte(e.m.device.path, '/')+1:] + "/" + e.id.String())
	case errors.Is(err, session.ErrNotFound), errors.Is(err, session.ErrGone), errors.Is(err, hooks.ErrStale):
		e.w.WriteHeader(http.StatusForbidden) // a browser forgets a session that was not bound
	default:
		e.w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// refresh gives the session a new secret, if its device asks. Chromium ends its side at
// 400, 401, 404 and 429, and tries again after 503.
func (e *exchange[T]) refresh(name string) {
	identifier, ok := dbsc.ParseString(e.r.Header.Get(dbsc.HeaderID), maxIdentifier)
	if !ok || !strings.HasPrefix(identifier, e.m.device.cookie+"@") {
		e.refuse(http.StatusBadRequest, errNoIdentifier)
		return
	}
	e.identifier = identifier
	id, err := session.ParseID(name)
	if err != nil {
		e.end()
		return
	}
	e.id = id
	h := hooks.Of(e.s)
	switch err := h.Find(e.ctx, id); {
	case errors.Is(err, session.ErrNotFound):
		e.end()
		return
	case err != nil:
		e.w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	key := h.Device()
	if key == "" { // it was logged in to again
		e.end()
		return
	}
	value := e.r.Header.Get(dbsc.HeaderProof)
	if value == "" {
		e.challenge(http.StatusForbidden)
		return
	}
	proof, err := dbsc.ParseProof(value)
	if err != nil {
		e.refuse(http.StatusBadRequest, err)
		return
	}
	if err := proof.Verify(dbsc.Key(key)); err != nil {
		e.refuse(http.StatusUnauthorized, err)
		return
	}
	h.Prove(proof.Challenge, key, false)
	switch err := e.s.Commit(e.ctx); {
	case err == nil:
		e.accept(name)
	case errors.Is(err, hooks.ErrStale):
		e.challenge(http.StatusForbidden)
	case errors.Is(err, session.ErrGone):
		e.end()
	default:
		e.w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// accept sends the new cookie and the next challenge, so that the next refresh is one
// request. The refresh URL is relative, since proxies and handlers shorten paths.
func (e *exchange[T]) accept(refreshURL string) {
	token, _ := e.s.Token()
	e.m.cookie.send(e.w.Header(), issuedToken{token, e.s.Remembered(), e.s.Deadline(), hooks.Of(e.s).SecretEnds()})
	e.setChallenge()
	to := e.m.device.instructions
	to.RefreshURL = refreshURL
	e.instruct(to)
}

// end has the browser forget its side of a session that has ended.
func (e *exchange[T]) end() { e.instruct(instructions{Continue: new(bool)}) }

func (e *exchange[T]) instruct(to instructions) {
	to.Identifier = e.identifier
	data, err := json.Marshal(to)
	if err != nil { // strings and a bool
		panic(err)
	}
	e.w.Header().Set("Content-Type", "application/json")
	e.w.Write(data)
}

func (e *exchange[T]) challenge(status int) {
	e.setChallenge()
	e.w.WriteHeader(status)
}

func (e *exchange[T]) setChallenge() {
	e.w.Header().Set(dbsc.HeaderChallenge, dbsc.Quote(hooks.Of(e.s).Challenge())+";id="+dbsc.Quote(e.identifier))
}

// refuse reports a proof that is not one.
func (e *exchange[T]) refuse(status int, err error) {
	e.m.observe(e.ctx, session.Event{Kind: session.EventUnproven, ID: e.id, Err: err})
	e.w.WriteHeader(status)
}

// noteSkipped reports that the browser could not refresh its session, so that it sends
// none with this request.
func (x *response[T]) noteSkipped(ctx context.Context) {
	for _, line := range x.request.header[http.CanonicalHeaderKey(dbsc.HeaderSkipped)] {
		for _, item := range dbsc.ParseList(line) {
			if len(item.Values) == 1 && strings.HasPrefix(item.Params["session_identifier"], x.m.device.cookie+"@") {
				x.m.observe(ctx, session.Event{Kind: session.EventSkipped, Err: skipReason(item.Values[0])})
				return
			}
		}
	}
}

// skipReason returns the reason that a browser gives, if the specification has it.
func skipReason(token string) error {
	switch token {
	case "unreachable", "server_error", "quota_exceeded":
		return fmt.Errorf("sessions: the browser did not refresh the session: %s", token)
	}
	return errors.New("sessions: the browser did not refresh the session")
}

// lifeOf returns how long a secret lives on a bound device, or zero.
func (o *Options) lifeOf() time.Duration {
	if !o.DeviceBound.Enabled {
		return 0
	}
	return o.DeviceBound.life()
}
