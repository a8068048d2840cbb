package session

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxSecrets bounds how many secrets a record keeps.
	maxSecrets = 5

	// renewalGrace is how long a former secret is accepted after its successor was
	// used, and how long an ended one is recognised.
	renewalGrace = 30 * time.Second
)

// A standing is a record's answer to a request's secret.
type standing int

const (
	unknown  standing = iota // none of its secrets, or its time has passed
	gone                     // ended while the request was on its way
	accepted                 // gives access
)

// A kind is the state of a secret in a record's list.
type kind byte

const (
	current kind = iota + 1 // accepted; a record can have several
	open                    // former; accepted until a current secret is presented
	ending                  // former; accepted until its time
	ended                   // dead; requests with it are recognised until its time
)

// A secret is an entry of a record's list.
type secret struct {
	kind  kind
	until int64 // in Unix milliseconds; zero if the secret is current or open and the session not bound
	hash  hash
}

// A hash is the SHA-256 of a secret under a prefix of its own: see [Token].
type hash [32]byte

func (e *secret) passed(at time.Time) bool { return e.until != 0 && at.UnixMilli() >= e.until }

// end makes the secret a former secret. That never extends the time in which it is
// accepted.
func (e *secret) end(k kind, now time.Time) {
	until := now.Add(renewalGrace).UnixMilli()
	if k == ending && e.until != 0 {
		until = min(until, e.until)
	}
	e.kind, e.until = k, until
}

// Secrets are the secrets that give access to a session, as hashes, the newest first.
// With them are a count of the renewals that ended all earlier secrets, and the terms
// of access that not every session has.
//
// Stores keep Secrets as they are, by [Secrets.AppendBinary] and [ParseSecrets] or as a
// part of a record that package wire encodes. Secrets are immutable and comparable. The
// zero Secrets give no access.
type Secrets struct {
	// The count in four bytes, then for each secret the kind, the time in eight bytes,
	// and the hash, then the terms. A string shares its memory with all copies.
	data string
}

const (
	countLen  = 4
	secretLen = 1 + 8 + len(hash{})

	// maxTermsLen bounds the terms, so that all is at most 1,024 bytes.
	maxTermsLen = 1024 - countLen - maxSecrets*secretLen
)

// NewSecrets returns the secrets of a new record, to which the token gives access.
// Commits make them by themselves; it is for code that writes records, such as one
// that moves them from elsewhere.
func NewSecrets(t Token) Secrets { return pack(0, []secret{{kind: current, hash: t.hash()}}, "") }

// ParseSecrets returns the secrets that [Secrets.AppendBinary] wrote.
func ParseSecrets(data []byte) (Secrets, error) {
	s := Secrets{string(data)}
	valid := len(s.terms()) <= maxTermsLen && validTerms(s.terms())
	usable := false
	lasting := !valid || s.term(deviceTerm) == "" // secrets need no end before they are replaced
	for i := 0; valid && i < s.len(); i++ {
		e := s.at(i)
		valid = i < maxSecrets && current <= e.kind && e.kind <= ended && (e.kind > open && e.until != 0 || e.kind <= open && (e.until == 0 || !lasting))
		usable = usable || e.kind == current
	}
	if !valid || usable == s.isNote() {
		return Secrets{}, errSecrets
	}
	return s, nil
}

var errSecrets = errors.New("session: not a list of secrets")

// AppendBinary appends the form that [ParseSecrets] reads: 45 bytes with one secret,
// at most 1,024, none for the zero Secrets. The error is nil.
func (s Secrets) AppendBinary(dst []byte) ([]byte, error) { return append(dst, s.data...), nil }

// Renewals returns how often all secrets were ended by a new one: by a log-in, by
// another owner or by [Session.Renew].
func (s Secrets) Renewals() uint32 {
	if s.data == "" {
		return 0
	}
	return binary.BigEndian.Uint32([]byte(s.data[:countLen]))
}

// IsZero reports whether s is the zero Secrets.
func (s Secrets) IsZero() bool { return s.data == "" }

// Equal reports whether s and t are the same, as the operator == does. Package go-cmp
// asks for it.
func (s Secrets) Equal(t Secrets) bool { return s == t }

// String returns the kinds of the secrets, the newest first: "current, ended".
func (s Secrets) String() string {
	kinds := make([]string, s.len())
	for i := range kinds {
		kinds[i] = [...]string{current: "current", open: "open", ending: "ending", ended: "ended"}[s.at(i).kind]
	}
	return strings.Join(kinds, ", ")
}

// Format writes the String of the secrets, for any verb.
func (s Secrets) Format(f fmt.State, _ rune) { f.Write([]byte(s.String())) }

// len returns how many secrets there are.
func (s Secrets) len() (n int) {
	for at := countLen; len(s.data)-at >= secretLen && s.data[at] < byte(firstTerm); at += secretLen {
		n++
	}
	return n
}

func (s Secrets) at(i int) secret {
	e := s.data[countLen+i*secretLen:][:secretLen]
	return secret{kind(e[0]), int64(binary.BigEndian.Uint64([]byte(e[1:9]))), hash([]byte(e[9:]))}
}

// find returns the index of a secret, or -1. It takes the same time wherever and
// whether there is one.
func (s Secrets) find(h hash) int {
	found := -1
	for i := range s.len() {
		e := s.at(i)
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(e.hash[:], h[:]), i, found)
	}
	return found
}

// classify returns the record's answer to a secret that a request presented when it
// arrived, and the secret's kind. The kind is zero if the record does not have the
// secret.
func (s Secrets) classify(h hash, arrived time.Time) (standing, kind) {
	i := s.find(h)
	if i < 0 {
		return unknown, 0
	}
	switch e := s.at(i); {
	case e.passed(arrived):
		return unknown, e.kind
	case e.kind == ended:
		return gone, e.kind
	default:
		return accepted, e.kind
	}
}

// settled reports whether [Secrets.settle] would change nothing.
func (s Secrets) settled() bool {
	for i := range s.len() {
		if s.at(i).kind == open {
			return false
		}
	}
	return true
}

// settle gives open secrets an end, since a current one has reached the client.
func (s Secrets) settle(now time.Time) Secrets {
	list := s.list()
	for i := range list {
		if list[i].kind == open {
			list[i].end(ending, now)
		}
	}
	return pack(s.Renewals(), list, s.terms())
}

// hard adds a secret and ends all others, for a renewal after which a planted token
// must be worth nothing.
func (s Secrets) hard(h, presented hash, now time.Time) Secrets {
	list := s.list()
	for i := range list {
		switch e := &list[i]; {
		case e.kind != ended && !e.passed(now):
			e.end(ended, now)
		case e.kind <= open: // of a bound session, which it may not be any more
			e.kind = ending
		}
	}
	return pack(s.Renewals()+1, add(h, makeRoom(list, presented, now)), s.terms())
}

// soft adds a secret and keeps the others until the client presents the new one.
func (s Secrets) soft(h, presented hash, now time.Time) Secrets {
	return pack(s.Renewals(), add(h, reopen(makeRoom(s.list(), presented, now))), s.terms())
}

// untilOf returns the end of a secret's time, or zero.
func (s Secrets) untilOf(h hash) int64 {
	if i := s.find(h); i >= 0 {
		return s.at(i).until
	}
	return 0
}

// rotate is soft, unless that drops a secret that is still good for something. It
// reports whether there was room.
func (s Secrets) rotate(h, presented hash, now time.Time) (_ Secrets, room bool) {
	list := dropPassed(s.list(), presented, now)
	if len(list) == maxSecrets {
		return s, false
	}
	return pack(s.Renewals(), add(h, reopen(list)), s.terms()), true
}

// join adds a secret beside the others, for a log-in that another log-in overtook. It
// reports whether there was room.
func (s Secrets) join(h, presented hash, now time.Time) (_ Secrets, room bool) {
	list := dropPassed(s.list(), presented, now)
	if len(list) == maxSecrets {
		return s, false
	}
	return pack(s.Renewals(), add(h, list), s.terms()), true
}

// hasRoom reports whether [Secrets.rotate] and [Secrets.join] would find room.
func (s Secrets) hasRoom(presented hash, now time.Time) bool {
	return len(dropPassed(s.list(), presented, now)) < maxSecrets
}

// list returns the secrets as a list of the caller's own.
func (s Secrets) list() []secret {
	list := make([]secret, s.len(), maxSecrets)
	for i := range list {
		list[i] = s.at(i)
	}
	return list
}

func pack(renewals uint32, list []secret, terms string) Secrets {
	var room [countLen + maxSecrets*secretLen + 64]byte // on the stack; few terms are longer
	data := binary.BigEndian.AppendUint32(room[:0], renewals)
	for _, e := range list {
		data = append(data, byte(e.kind))
		data = binary.BigEndian.AppendUint64(data, uint64(e.until))
		data = append(data, e.hash[:]...)
	}
	return Secrets{string(append(data, terms...))}
}

// add returns the list with a new current secret in front.
func add(h hash, list []secret) []secret {
	return slices.Insert(list, 0, secret{kind: current, hash: h})
}

// reopen makes current secrets open again.
func reopen(list []secret) []secret {
	for i := range list {
		if list[i].kind == current {
			list[i].kind = open
		}
	}
	return list
}

// dropPassed drops secrets that have passed, until there is room for another secret.
func dropPassed(list []secret, presented hash, now time.Time) []secret {
	return drop(list, presented, func(e *secret) bool { return e.passed(now) })
}

// makeRoom is dropPassed that drops others if it must: ended secrets first, then open
// secrets, then any.
func makeRoom(list []secret, presented hash, now time.Time) []secret {
	list = dropPassed(list, presented, now)
	for _, k := range [...]kind{ended, open, ending, current} {
		list = drop(list, presented, func(e *secret) bool { return e.kind == k })
	}
	return list
}

// drop drops secrets for which which returns true, the oldest first, until there is
// room for another secret. It never drops the secret that the request presented.
func drop(list []secret, presented hash, which func(*secret) bool) []secret {
	for i := len(list) - 1; i >= 0 && len(list) == maxSecrets; i-- {
		if list[i].hash != presented && which(&list[i]) {
			list = slices.Delete(list, i, i+1)
		}
	}
	return list
}
