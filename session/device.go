package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
)

// A binding is how far a session is bound to the device that it is used on.
type binding byte

const (
	unasked binding = iota // the browser was not asked
	asked                  // the browser was asked to bind the session, and may not be able to
	awaited                // the session was bound before a log-in, and ends unless it is bound again
	bound                  // secrets end unless the device's key renews them
)

// A device is the content of a record's deviceTerm.
type device struct {
	binding
	offer hash   // of the challenge by which the browser may bind the session; zero without one
	at    int64  // when it was bound, or the browser was asked, in Unix milliseconds
	salt  string // makes challenges of this binding unlike all others
	key   string // the public key, as package dbsc writes it
}

const (
	saltLen = 16

	offerAt = 1
	timeAt  = offerAt + len(hash{})
	saltAt  = timeAt + 8
	keyAt   = saltAt + saltLen
)

// device returns the device of the record.
func (s Secrets) device() (d device) {
	data := s.term(deviceTerm)
	if len(data) < saltAt {
		return d
	}
	d.binding, d.offer = binding(data[0]), hash([]byte(data[offerAt:timeAt]))
	d.at = int64(binary.BigEndian.Uint64([]byte(data[timeAt:saltAt])))
	if len(data) > keyAt {
		d.salt, d.key = data[saltAt:keyAt], data[keyAt:]
	} else if d.binding == bound {
		d.binding = awaited // it has no key by which it could be renewed
	}
	return d
}

func (s Secrets) withDevice(d device) Secrets {
	if d.binding == unasked {
		return s.with(deviceTerm, "")
	}
	data := append([]byte{byte(d.binding)}, d.offer[:]...)
	data = binary.BigEndian.AppendUint64(data, uint64(d.at))
	if d.binding == bound {
		data = append(append(data, d.salt...), d.key...)
	}
	return s.with(deviceTerm, string(data))
}

// limit ends the time of secrets that have no end yet.
func (s Secrets) limit(until time.Time) Secrets {
	list := s.list()
	for i := range list {
		if list[i].until == 0 {
			list[i].until = until.UnixMilli()
		}
	}
	return pack(s.Renewals(), list, s.terms())
}

// limited reports whether secrets have an end that only the device moves.
func (d *device) limited() bool { return d.binding == bound || d.binding == awaited }

// Bound reports whether the session is bound to the device that it is used on: see
// [Policy.DeviceLife].
func (s *Session[T]) Bound() bool { return s.record().Bound() }

// Bound reports whether the session is bound to the device that it is used on: see
// [Policy.DeviceLife].
func (r *Record[T]) Bound() bool { return r.Secrets.device().binding == bound }

// A proof is a device's answer to a challenge. Its signature was verified.
type proof struct {
	challenge string
	key       string // by which it was verified
	binds     bool   // the session to the key; else it renews the secret of a bound session
}

// A challenge is the ID, the time in Unix milliseconds, and 32 bytes. To bind a
// session, the bytes are random, and the record keeps their hash. To renew a secret,
// they are a MAC of the record's newest secret and salt. So each challenge works once:
// an answer replaces the secret or hash that it is compared with.
//
// The bytes that bind a session are random, because a reader of the store must not be
// able to make them. To renew a secret takes the device's key anyway.
type challenge struct {
	id ID
	at int64
	by [sha256.Size]byte
}

const (
	// offerLife is how long a browser has to bind a session. A TPM may need seconds to
	// make a key.
	offerLife = 5 * time.Minute

	challengeSize = len(ID{}) + 8 + sha256.Size
	challengeText = (challengeSize*8 + 5) / 6
)

func (c *challenge) String() string {
	data := append(make([]byte, 0, challengeSize), c.id[:]...)
	data = binary.BigEndian.AppendUint64(data, uint64(c.at))
	return strict.EncodeToString(append(data, c.by[:]...))
}

// parseChallenge reports whether text has the form of a challenge.
func parseChallenge(text string) (c challenge, ok bool) {
	if len(text) != challengeText {
		return c, false
	}
	var data [challengeSize]byte
	n, err := strict.Decode(data[:], []byte(text))
	copy(c.id[:], data[:])
	c.at = int64(binary.BigEndian.Uint64(data[len(c.id):]))
	copy(c.by[:], data[len(c.id)+8:])
	return c, err == nil && n == challengeSize
}

// fresh reports whether the challenge was made within the given time. The clock of the
// server that made it may be ahead.
func (c *challenge) fresh(now time.Time, life time.Duration) bool {
	age := now.Sub(time.UnixMilli(c.at))
	return -maxSkew <= age && age <= life
}

// image returns the hash that a record keeps of a challenge that binds a session.
func (c *challenge) image() hash {
	data := append([]byte("session-bind/"), c.id[:]...)
	data = binary.BigEndian.AppendUint64(data, uint64(c.at))
	return sha256.Sum256(append(data, c.by[:]...))
}

// mac returns the last bytes of a challenge that renews a secret.
func (c *challenge) mac(s Secrets, d *device) (sum [sha256.Size]byte) {
	newest := s.at(0).hash
	mac := hmac.New(sha256.New, append(newest[:], d.salt...))
	data := append([]byte("session-refresh/"), c.id[:]...)
	mac.Write(binary.BigEndian.AppendUint64(data, uint64(c.at)))
	mac.Sum(sum[:0])
	return sum
}

// check returns an error unless the proof is an answer to the record's present challenge.
func (p *proof) check(secrets Secrets, id ID, renewed, loggedIn, now time.Time, policy *Policy) error {
	c, ok := parseChallenge(p.challenge)
	d := secrets.device()
	life, genuine := 2*policy.DeviceLife, false
	switch {
	case !ok || c.id != id || secrets.IsZero() || loggedIn.IsZero() || policy.DeviceLife == 0:
	case p.binds:
		image := c.image()
		open := d.binding == asked || d.binding == awaited || d.unconfirmed(secrets, renewed)
		life, genuine = offerLife, open && subtle.ConstantTimeCompare(image[:], d.offer[:]) == 1
	case d.binding == bound && d.key == p.key:
		want := c.mac(secrets, &d)
		genuine = hmac.Equal(want[:], c.by[:])
	}
	switch fresh := c.fresh(now, life); {
	case genuine && fresh:
		return nil
	case genuine && !p.binds:
		return hooks.ErrOld
	}
	return hooks.ErrStale
}

// unconfirmed reports whether the answer that bound the session may be lost: its secret
// was not presented yet, and no later one was issued.
func (d *device) unconfirmed(secrets Secrets, renewed time.Time) bool {
	return d.binding == bound && d.at == renewed.UnixMilli() && !secrets.settled()
}

// offerDue reports whether the browser is to be asked to bind the session: once, and on
// later pages only if an earlier answer may be lost. One that is on its way is left time.
func (c *commit[T]) offerDue(at time.Time) bool {
	p := c.s.policy
	if p.DeviceLife == 0 || c.base.LoggedIn.IsZero() || c.kind != current && c.kind != open {
		return false
	}
	d := c.base.Secrets.device()
	if !c.canOffer(c.base, &d) {
		return false
	}
	switch again := c.s.offers == hooks.OfferAgain && c.offer == "" && at.Sub(time.UnixMilli(d.at)) >= renewalGrace; d.binding {
	case unasked:
		return true
	case awaited:
		return again
	default:
		return again && c.kind == open && d.unconfirmed(c.base.Secrets, c.base.Renewed)
	}
}

// canOffer reports whether the response to this request can ask the browser. An ordinary
// session that was a bound one before its log-in ends unless it is bound again.
func (c *commit[T]) canOffer(rec *Record[T], d *device) bool {
	p := c.s.policy
	return p.DeviceLife > 0 && c.s.offers != hooks.NoOffer && !c.late && (rec.Remembered || !p.DeviceRememberedOnly || d.limited())
}

// devices returns the secrets to store, with the change to the device, and the
// challenge to offer.
func (c *commit[T]) devices(rec *Record[T], what action, renewed bool, at time.Time) (_ Secrets, offer string) {
	p, list := c.s.policy, rec.Secrets
	d := list.device()
	if p.DeviceLife == 0 && d.binding == unasked {
		return list, ""
	}
	was := d
	proof, logsIn := c.draft.proof, what == hard && (c.draft.logIn || rec.Owner != c.base.Owner)
	switch {
	case rec.LoggedIn.IsZero():
		d = device{} // reached by hard renewals only
	case proof != nil && proof.binds:
		d = device{binding: bound, at: at.UnixMilli(), salt: newSalt(), key: proof.key}
	case logsIn && d.limited() && p.DeviceLife > 0 && !p.DeviceFallBack:
		d = device{binding: awaited}
	case logsIn:
		d = device{}
	}
	if due := renewed && !rec.LoggedIn.IsZero() && d.binding != bound || c.offerDue(at); due && c.canOffer(rec, &d) {
		next := challenge{id: rec.ID, at: at.UnixMilli()}
		rand.Read(next.by[:])
		d.binding, d.offer, offer = max(d.binding, asked), next.image(), next.String()
		if d.binding != bound {
			d.at = next.at
		}
	}
	if d != was {
		list = list.withDevice(d)
	}
	switch {
	case !d.limited():
	case proof == nil && !logsIn && what != join:
		list = list.limit(c.secretEnds(at))
	case p.DeviceLife > 0:
		list = list.limit(at.Add(p.DeviceLife + renewalGrace))
	}
	return list, offer
}

// secretEnds returns the end of the presented secret's time. A new secret ends then too,
// unless it is for a log-in or a proof of the device. A secret that the record has dropped
// is at its end.
func (c *commit[T]) secretEnds(at time.Time) time.Time {
	if until := c.base.Secrets.untilOf(c.token.hash()); until != 0 {
		return time.UnixMilli(until)
	}
	return at
}

func newSalt() string {
	var salt [saltLen]byte
	rand.Read(salt[:])
	return string(salt[:])
}
