package linear

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// A Kind is the kind of a request.
type Kind string

// The kinds of requests. All but Read, LogOut and Revoke append the request's number.
const (
	Begin       Kind = "begin" // begins a lineage
	Read        Kind = "read"
	Update      Kind = "update"
	Renew       Kind = "renew"
	ChangeOwner Kind = "change the owner" // by Update
	LogIn       Kind = "log in"           // by LogIn
	LogOut      Kind = "log out"
	Revoke      Kind = "revoke" // all sessions of an owner
)

// A Name stands for a token.
type Name int

// lost is the Name of a token that no client knows.
const lost Name = -1

// An Input is a request.
type Input struct {
	Kind    Kind
	Lineage int // a session and its successors by renewal
	Name    Name
	Number  byte   // appended to the notes
	Owner   string // for Begin, ChangeOwner, LogIn and Revoke
	Revoked bool   // the owner's sessions were revoked at the same time
}

// An Answer is the outcome of a request, as its client knows it.
type Answer string

// The outcomes.
const (
	Done    Answer = "done"
	Began   Answer = "began another" // LogIn began another lineage
	Absent  Answer = "absent"        // there is no such session
	Gone    Answer = "gone"          // another request ended or renewed it
	Refused Answer = "refused"       // not done: other requests kept changing the session
	Unknown Answer = "unknown"       // the store failed: done, or not
)

// An Output is the client's knowledge after a request.
type Output struct {
	Answer Answer
	Name   Name   // of the session's token
	Owner  string // of the session
	Notes  string // of the session
}

// A State is the state of one lineage. Names are the bits of Retired.
type State struct {
	Live    bool
	Name    Name // of the live session
	Retired uint64
	Owner   string
	Notes   string
}

// Model returns the behaviour of sessions whose requests come one after the other.
func Model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: byLineage,
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
	live := s.Live && s.Name == in.Name
	retired := s.Retired&(1<<in.Name) != 0
	switch {
	case in.Kind == Begin:
		return s.begin(in, out)
	case in.Kind == Revoke:
		return s.revoke(in, out)
	case out.Answer == Refused || out.Answer == Unknown && !live:
		return []State{s}
	case out.Answer == Unknown:
		return append([]State{s}, s.mayHaveBecome(in)...)
	case out.Answer == Absent:
		return s.If(!live && !retired)
	case out.Answer == Began:
		return s.If(!live && out.Owner == in.Owner && out.Notes == s.startOver(in, retired))
	case out.Answer == Gone && in.Kind == LogIn: // a log-in begins another lineage instead
		return nil
	case out.Answer == Gone && in.Kind == LogOut: // an absent session is logged out already
		return s.If(retired)
	case out.Answer == Gone:
		return s.If(!live || in.Revoked)
	case in.Kind == LogOut && !live:
		return s.If(!retired)
	case !live:
		return nil
	}
	after := s.after(in, out.Name)
	renewed := out.Name != in.Name
	states := after.If(in.Kind == LogOut ||
		renewed == s.renews(in) && after.Owner == out.Owner && after.Notes == out.Notes)
	if len(states) > 0 && in.Revoked && s.renews(in) {
		// A concurrent revocation may find the new record before the old one is
		// retired, and end it.
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

// begin begins the lineage. A concurrent revocation may end it at once.
func (s State) begin(in Input, out Output) []State {
	begun := State{Live: true, Name: out.Name, Owner: out.Owner, Notes: out.Notes}
	switch {
	case s != State{}:
		return nil
	case in.Revoked:
		return []State{begun, begun.ended()}
	}
	return []State{begun}
}

// startOver returns the notes of the session that a log-in begins when its own has
// ended: those of its own session's successor if that has the same owner, and the
// log-in's number.
func (s State) startOver(in Input, retired bool) string {
	if retired && s.Live && s.Owner == in.Owner {
		return s.Notes + string(rune(in.Number))
	}
	return string(rune(in.Number))
}

// renews reports whether a request gives its session another token.
func (s State) renews(in Input) bool {
	return in.Kind == Renew || in.Kind == LogIn || in.Kind == ChangeOwner && in.Owner != s.Owner
}

// after returns the state after a request that succeeds. next names the session if
// the request renews it.
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
	if in.Kind == LogIn || in.Kind == ChangeOwner {
		s.Owner = in.Owner
	}
	s.Notes += string(rune(in.Number))
	return s
}

// mayHaveBecome returns the state if a request that failed was done all the same.
// No client learns the token of a renewal that failed.
func (s State) mayHaveBecome(in Input) []State {
	switch {
	case in.Kind == Read:
		return nil
	case s.renews(in):
		return []State{s.after(in, lost)}
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

// byLineage splits a history into the histories of each lineage. A request belongs
// to one, and a revocation to all, since it ends their sessions one after the other.
func byLineage(history []porcupine.Operation) [][]porcupine.Operation {
	lineages := 0
	for _, op := range history {
		lineages = max(lineages, op.Input.(Input).Lineage+1)
	}
	parts := make([][]porcupine.Operation, lineages)
	for i := range parts {
		parts[i] = slices.DeleteFunc(slices.Clone(history), func(op porcupine.Operation) bool {
			in := op.Input.(Input)
			return in.Kind != Revoke && in.Lineage != i
		})
	}
	return parts
}
