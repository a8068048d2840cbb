package session

import "crypto/sha256"

// A note is a record that is not a session. It has a name of its own, so that a
// session's ID is absent from the moment it ends: no code has to tell a note from a
// session that lives, and nothing can turn a note into a session.

// noteID returns the ID of the note about a session or an owner. No session has it:
// IDs of sessions are random.
func noteID(about, of string) (id ID) {
	sum := sha256.Sum256([]byte("session-note/" + about + "/" + of))
	copy(id[:], sum[:])
	return id
}

// isNote reports whether these are the secrets of a note. A note has only ended
// secrets.
func (s Secrets) isNote() bool {
	for i := range s.len() {
		if s.at(i).kind != ended {
			return false
		}
	}
	return s.term(reasonTerm) != "" || s.term(seatsTerm) != ""
}
