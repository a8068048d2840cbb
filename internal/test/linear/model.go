package linear

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// A Kind is the kind of a request.
type Kind string

// The kinds of requests. All but Read, Discard, LogOut and Revoke append the request's
// number.
const (
	Begin       Kind = "begin" // begins a session
	Read        Kind = "read"
	Discard     Kind = "discard" // reads, after a change that failed
	Update      Kind = "update"
	Remember    Kind = "remember" // or not, as the request says
	Renew       Kind = "renew"
	ChangeOwner Kind = "change the owner" // by Update
	LogIn       Kind = "log in"           // by LogIn
	LogOut      Kind = "log out"
	Revoke      Kind = "revoke" // all sessions of an owner
)

// A Name stands for a token. Zero is the token of a renewal whose client did not learn
// it.
type Name int

// An Input is a request.
type Input struct {
	Kind     Kind
	Session  int // which the token names
	Name     Name
	Number   byte   // appended to the notes
	Owner    string // for ChangeOwner, LogIn and Revoke
	Remember bool   // for Remember
	Rotates  bool   // a use may give the session another token
	Issued   bool   // the client does not have the token yet: an earlier commit of the same request issued it
	Retried  bool   // the first commit's outcome was unknown, and a second one followed
}

// An Answer is the outcome of a request, as its client knows it.
type Answer string

// The outcomes.
const (
	Done    Answer = "done"
	Began   Answer = "began another" // LogIn began another session
	Absent  Answer = "absent"        // there is no such session, or it has no such secret
	Gone    Answer = "gone"          // another request ended the session or the secret
	Refused Answer = "refused"       // not done: other requests kept changing the session
	Unknown Answer = "unknown"       // the store failed: done, or not
)

// An Output is the client's knowledge after a request.
type Output struct {
	Answer Answer
	Name   Name   // of the token
	Owner  string // of the session
	Notes  string // of the session
	Blind  bool   // the value was read later than the change was made
}

// A State is the state of one session.
type State struct {
	Begun    bool
	Live     bool
	Secrets  Secrets
	Dropped  string // names of secrets for which there was no room since the last renewal, and which nothing ended
	Owner    string
	Remember bool
	Notes    string
}

// Model returns the behaviour of sessions whose requests come one after the other.
func Model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: bySession,
		Init:      func() []any { return []any{State{}} },
		Step: func(state, input, output any) []any {
			var after []any
			for _, s := range state.(State).step(input.(Input), output.(Output)) {
				after = append(after, s)
			}
			return after
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
	}
	return m.ToModel()
}

// step returns the states that a request with this output may lead to. It returns
// none if the request cannot have this output.
func (s State) step(in Input, out Output) []State {
	kind := s.Secrets.find(in.Name)
	accepted, gone := kind.accepted(), kind == ended
	switch {
	case in.Kind == Begin:
		return s.begin(out)
	case in.Kind == Revoke:
		return s.revoke(in, out)
	case out.Answer == Refused:
		return []State{s}
	case out.Answer == Unknown, out.Answer == Gone && in.Retried: // the first attempt may have been done
		return append([]State{s}, s.becomes(in, 0)...)
	case out.Answer == Absent:
		return s.If(!accepted && !gone)
	case out.Answer == Began:
		return s.If(in.Kind == LogIn && !accepted && !s.joins(in) && out.Owner == in.Owner && out.Notes == string(rune(in.Number)))
	case out.Answer == Gone && in.Kind == LogIn: // a log-in joins or begins another instead
		return nil
	case out.Answer == Gone && in.Kind == LogOut: // an absent session is logged out already
		return s.If(s.Live && !accepted)
	case out.Answer == Gone:
		return s.If(!accepted)
	case in.Kind == LogOut && !s.Live:
		return []State{s}
	}
	var states []State
	for _, after := range s.done(in, out.Name) {
		if in.Kind == LogOut || out.Blind || after.Owner == out.Owner && after.Notes == out.Notes {
			states = append(states, after)
		}
	}
	return states
}

// If returns s if it is possible.
func (s State) If(possible bool) []State {
	if possible {
		return []State{s}
	}
	return nil
}

func (s State) begin(out Output) []State {
	if s.Begun {
		return nil
	}
	secrets := Secrets{{out.Name, current}}
	return []State{{Begun: true, Live: true, Secrets: secrets, Owner: out.Owner, Notes: out.Notes}}
}

func (s State) revoke(in Input, out Output) []State {
	switch {
	case !s.Live || s.Owner != in.Owner:
		return []State{s}
	case out.Answer == Unknown:
		return []State{s, s.ended()}
	}
	return []State{s.ended()}
}

func (s State) ended() State { return State{Begun: true} }

func (s State) dropped(name Name) bool { return strings.ContainsRune(s.Dropped, rune(name)) }

// joins reports whether a log-in by an ended secret goes on with the session.
func (s State) joins(in Input) bool {
	return in.Kind == LogIn && s.Secrets.find(in.Name) == ended && s.Owner == in.Owner && s.Secrets.hasRoom()
}

// done returns the states after a request that is carried out and leaves its client with
// this token. The second commit of a request that tried again may find that the first
// one's write was done, and rotate the token.
func (s State) done(in Input, token Name) []State {
	states := s.becomes(in, token)
	if !in.Retried || !in.Rotates || token == in.Name {
		return states
	}
	for _, after := range s.becomes(in, 0) {
		if after.Live && after.Secrets[0].Name == 0 && after.Secrets.hasRoom() {
			after.Secrets = after.Secrets.reopen().with(token)
			states = append(states, after)
		}
	}
	return states
}

// becomes returns the states after a request that is carried out and leaves its client
// with a token. Zero stands for any token: the client did not learn it.
func (s State) becomes(in Input, token Name) []State {
	kind := s.Secrets.find(in.Name)
	after, reads := s, in.Kind == Read || in.Kind == Discard
	if !reads && in.Kind != LogOut {
		after.Notes += string(rune(in.Number))
	}
	switch {
	case s.joins(in):
		after.Secrets = s.Secrets.with(token)
		return after.If(token != in.Name)
	case !kind.accepted() && !s.dropped(in.Name): // of a request that was on its way
		return nil
	case in.Kind == LogOut:
		return []State{s.ended()}
	}
	if in.Kind == LogIn || in.Kind == ChangeOwner {
		after.Owner = in.Owner
	}
	if in.Kind == LogIn || in.Kind == Renew || after.Owner != s.Owner {
		after.Secrets, after.Dropped = s.Secrets.end().makeRoom(in.Name).with(token), ""
		return after.If(token != in.Name)
	}
	settled := s.Secrets
	if kind == current && !in.Issued {
		settled = settled.settle()
	}
	if in.Kind == Remember && in.Remember != s.Remember {
		after.Remember = in.Remember
		room := settled.makeRoom(in.Name)
		after.Secrets, after.Dropped = room.reopen().with(token), s.Dropped+settled.without(room)
		return after.If(token != in.Name)
	}
	var states []State
	if token == in.Name || token == 0 {
		after.Secrets = settled
		states = append(states, after)
	}
	if reads && token == in.Name {
		states = append(states, s) // reading settles if it can
	}
	rotates := in.Rotates && (kind == current || kind == open) && s.Secrets.hasRoom()
	if rotates && (token != in.Name || reads) { // the reply to a read's own write may be lost
		if token == in.Name {
			token = 0
		}
		after.Secrets = settled.reopen().with(token)
		states = append(states, after)
	}
	return states
}

// bySession splits a history into the histories of each session. A request belongs
// to one, and a revocation to all, since it ends them one after the other.
func bySession(history []porcupine.Operation) [][]porcupine.Operation {
	sessions := 0
	for _, op := range history {
		sessions = max(sessions, op.Input.(Input).Session+1)
	}
	parts := make([][]porcupine.Operation, sessions)
	for i := range parts {
		parts[i] = slices.DeleteFunc(slices.Clone(history), func(op porcupine.Operation) bool {
			in := op.Input.(Input)
			return in.Kind != Revoke && in.Session != i
		})
	}
	return parts
}
