package linear

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// A Kind is what a request does.
type Kind string

// What requests do.
const (
	Begin  Kind = "begin" // makes the session that there is at first
	Read   Kind = "read"
	Update Kind = "update" // appends the request's number
	Renew  Kind = "renew"  // and appends
	LogIn  Kind = "log in" // and appends
	LogOut Kind = "log out"
	Revoke Kind = "revoke" // all sessions of an owner
)

// A Name stands for a token.
type Name int

// An Input is what a request asks for.
type Input struct {
	Kind    Kind
	Family  int // the session that it began as: renewal goes on with it
	Name    Name
	Number  byte   // what is appended
	Owner   string // for LogIn and Revoke
	Revoked bool   // for LogIn: the owner's sessions were revoked meanwhile
}

// An Answer is how a request ended.
type Answer string

// How requests end.
const (
	Done    Answer = "done"
	Absent  Answer = "absent"  // there is no such session
	Gone    Answer = "gone"    // it was ended or renewed elsewhere
	Refused Answer = "refused" // others were faster until time ran out: not done
	Unknown Answer = "unknown" // the store failed: done, or not
)

// An Output is what a client got to know.
type Output struct {
	Answer Answer
	Name   Name   // the session's, after the request
	Owner  string // the same
	Notes  string // all that was appended to it
}

// A State is what there is of one family. Names are the bits of Retired.
type State struct {
	Live    bool
	Name    Name // of the live session
	Retired uint64
	Owner   string
	Notes   string
}

// Model returns what sessions do if one request comes after the other.
func Model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: byFamily,
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

// step returns the states that the request may lead to if it ends like that:
// none if it cannot.
func (s State) step(in Input, out Output) []State {
	mine := s.Live && s.Name == in.Name
	retired := s.Retired&(1<<in.Name) != 0
	switch {
	case in.Kind == Begin:
		return []State{{Live: true, Name: out.Name, Owner: out.Owner}}
	case in.Kind == Revoke:
		return s.revoke(in, out)
	case out.Answer == Refused || out.Answer == Unknown && !mine:
		return []State{s}
	case out.Answer == Unknown:
		return append([]State{s}, s.mayHaveBecome(in)...)
	case out.Answer == Absent:
		return s.If(!mine && !retired)
	case out.Answer == Gone && in.Kind == LogOut: // to be logged out already is no error
		return s.If(retired)
	case out.Answer == Gone:
		return s.If(!mine || in.Revoked)
	case in.Kind == LogOut && !mine:
		return s.If(!retired)
	case !mine:
		return nil
	}
	after := s.after(in, out.Name)
	states := after.If(in.Kind == LogOut || after.Name == out.Name && after.Owner == out.Owner && after.Notes == out.Notes)
	if len(states) > 0 && in.Revoked && s.renews(in) {
		// A revocation at the same time may find the new session before the log-in
		// takes effect, and end it.
		states = append(states, after.ended())
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

// renews reports whether a request gives its session another token.
func (s State) renews(in Input) bool {
	return in.Kind == Renew || in.Kind == LogIn && in.Owner != s.Owner
}

// after returns what a request makes of its session, which is then called next.
func (s State) after(in Input, next Name) State {
	switch {
	case in.Kind == Read:
		return s
	case in.Kind == LogOut:
		return s.ended()
	case s.renews(in):
		s.Retired |= 1 << s.Name
		s.Name = next
	}
	if in.Kind == LogIn {
		s.Owner = in.Owner
	}
	s.Notes += string(rune(in.Number))
	return s
}

// mayHaveBecome returns what a request that failed may have made of its session
// all the same. A renewal that does not know its end takes its new session back.
func (s State) mayHaveBecome(in Input) []State {
	switch {
	case in.Kind == Read:
		return nil
	case s.renews(in):
		return []State{s.after(in, s.Name).ended()}
	}
	return []State{s.after(in, s.Name)}
}

func (s State) revoke(in Input, out Output) []State {
	if !s.Live || s.Owner != in.Owner {
		return []State{s}
	}
	if out.Answer == Unknown {
		return []State{s, s.ended()}
	}
	return []State{s.ended()}
}

func (s State) ended() State { return State{Retired: s.Retired} }

// byFamily takes a history apart into the histories of each session. That is
// right since requests have one session; a revocation ends one after the other.
func byFamily(history []porcupine.Operation) [][]porcupine.Operation {
	families := 0
	for _, op := range history {
		families = max(families, op.Input.(Input).Family+1)
	}
	parts := make([][]porcupine.Operation, families)
	for f := range parts {
		parts[f] = slices.DeleteFunc(slices.Clone(history), func(op porcupine.Operation) bool {
			in := op.Input.(Input)
			return in.Kind != Revoke && in.Family != f
		})
	}
	return parts
}
