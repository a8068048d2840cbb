package session

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// A term is a condition of the access to some sessions. It follows the secrets in the
// order of its number, which is greater than every [kind]. It consists of the number,
// the length of its data in two bytes, and the data.
type term byte

const (
	deviceTerm term = firstTerm + iota // the public key of the device that the session is bound to
	reasonTerm                         // of a session's note: why the session has ended
	idleTerm                           // the idle timeout, if the session has its own
	seatsTerm                          // of an owner's note: the log-ins that are being stored

	firstTerm term = 0x80
	lastTerm       = seatsTerm
)

const termHead = 1 + 2

// terms returns the part after the secrets.
func (s Secrets) terms() string {
	return s.data[min(len(s.data), countLen+s.len()*secretLen):]
}

// term returns a term's data, which is empty if the session has none.
func (s Secrets) term(t term) string {
	for rest := s.terms(); rest != ""; {
		is, data, after := cutTerm(rest)
		if is == t {
			return data
		}
		rest = after
	}
	return ""
}

// with returns the secrets with a term. Empty data removes it. The data is short
// enough for [maxTermsLen].
func (s Secrets) with(t term, data string) Secrets {
	var out strings.Builder
	out.WriteString(strings.TrimSuffix(s.data, s.terms()))
	for each := firstTerm; each <= lastTerm; each++ {
		has := s.term(each)
		if each == t {
			has = data
		}
		if has != "" {
			out.WriteByte(byte(each))
			out.Write(binary.BigEndian.AppendUint16(nil, uint16(len(has))))
			out.WriteString(has)
		}
	}
	return Secrets{out.String()}
}

// cutTerm returns the first of the terms, which are valid, and the rest.
func cutTerm(terms string) (t term, data, after string) {
	n := termHead + int(binary.BigEndian.Uint16([]byte(terms[1:termHead])))
	return term(terms[0]), terms[termHead:n], terms[n:]
}

// validTerms reports whether terms are well formed, known, and in order.
func validTerms(terms string) bool {
	last := firstTerm - 1
	for terms != "" {
		if len(terms) < termHead || len(terms) == termHead || len(terms) < termHead+int(binary.BigEndian.Uint16([]byte(terms[1:termHead]))) {
			return false
		}
		t, data, after := cutTerm(terms)
		if t <= last || t > lastTerm || data == "" {
			return false
		}
		last, terms = t, after
	}
	return true
}

// idle returns the idle timeout of the session's own, if it has one. Zero means no limit.
func (s Secrets) idle() (idle time.Duration, own bool) {
	data := s.term(idleTerm)
	if len(data) != 8 {
		return 0, false
	}
	ms := binary.BigEndian.Uint64([]byte(data))
	return time.Duration(min(ms, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond, true
}

// withIdle returns the secrets with an idle timeout of the session's own. Zero means none
// of its own, and a negative one no limit.
func (s Secrets) withIdle(idle time.Duration) Secrets {
	if idle == 0 {
		return s.with(idleTerm, "")
	}
	return s.with(idleTerm, string(binary.BigEndian.AppendUint64(nil, uint64(max(idle, 0)/time.Millisecond))))
}
