package linear

import "slices"

// maxSecrets bounds how many secrets a session has.
const maxSecrets = 5

// A worth says whether a secret gives access. Histories are so short that no secret's
// time passes.
type worth int

const (
	unknown worth = iota
	current
	open
	ending
	ended
)

func (w worth) accepted() bool { return w == current || w == open || w == ending }

// Secrets are the secrets of a session, the newest first, and unknown ones at the end.
// They follow the table of the design, and no code of package session.
type Secrets [maxSecrets]Secret

// A Secret is a token's.
type Secret struct {
	Name  Name
	Worth worth
}

func (l Secrets) find(name Name) worth {
	for _, s := range l {
		if s.Name == name && s.Worth != unknown {
			return s.Worth
		}
	}
	return unknown
}

func (l Secrets) hasRoom() bool { return l[maxSecrets-1].Worth == unknown }

// become gives all secrets of some worths another.
func (l Secrets) become(to worth, from ...worth) Secrets {
	for i := range l {
		if slices.Contains(from, l[i].Worth) {
			l[i].Worth = to
		}
	}
	return l
}

func (l Secrets) settle() Secrets { return l.become(ending, open) }
func (l Secrets) reopen() Secrets { return l.become(open, current) }
func (l Secrets) end() Secrets    { return l.become(ended, current, open, ending) }

// with adds a current secret, for which there must be room.
func (l Secrets) with(name Name) Secrets {
	copy(l[1:], l[:])
	l[0] = Secret{name, current}
	return l
}

// without returns the names of the accepted secrets that are in l and not in room.
func (l Secrets) without(room Secrets) (names string) {
	for _, s := range l {
		if s.Worth.accepted() && room.find(s.Name) == unknown {
			names += string(rune(s.Name))
		}
	}
	return names
}

// makeRoom drops the oldest secret of the least worth, if the list is full, and never
// the one that the request presented.
func (l Secrets) makeRoom(presented Name) Secrets {
	if l.hasRoom() {
		return l
	}
	for _, least := range []worth{ended, open, ending, current} {
		for i := maxSecrets - 1; i >= 0; i-- {
			if l[i].Worth == least && l[i].Name != presented {
				copy(l[i:], l[i+1:])
				l[maxSecrets-1] = Secret{}
				return l
			}
		}
	}
	return l
}
