package interleave

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

// An Outcome is the result of one order of steps.
type Outcome[T any] struct {
	Start   session.Token // the requests' token; zero if they bore none
	Results []Result[T]   // of the handlers, then of the others
	Steps   []Step        // in their order
	Fault   Fault         // the injected fault; empty if there was none
	run     *run[T]
}

// A Result is the outcome of a request, or of a function of [Overlap.Others].
type Result[T any] struct {
	// Session is the request's, and nil if it could not be loaded.
	Session *session.Session[T]

	// Token is the client's token after the response. It is zero if the request
	// failed, and if the session ended or is still empty.
	Token session.Token

	// Err is the error of Commit or, if the session was not loaded, of Load.
	Err error

	// Died reports whether the request's process died, so that no response was
	// sent.
	Died bool
}

// Done reports whether the client got a response that says success.
func (r *Result[T]) Done() bool { return r.Err == nil && !r.Died }

// A Step is a call of the store, or a part of one.
type Step struct {
	Actor int    // the index of its request or other in [Outcome.Results]
	Part  string // the name given to [Part]; empty for a whole call
	Call
}

// Load returns the record that is stored now under a token's ID, whether or not the token
// still gives access. It returns the errors of [session.Store].
func (o Outcome[T]) Load(token session.Token) (session.Record[T], error) {
	return o.run.store.Load(context.Background(), token.ID())
}

// Live returns all sessions that are live now, in the order of their first steps.
// The store must be a [session.Lister].
func (o Outcome[T]) Live() []session.Record[T] {
	return slices.DeleteFunc(o.must(o.run.all(context.Background())), func(rec session.Record[T]) bool { return rec.IsNote() })
}

// Owned returns the sessions that the store finds by their owner now, in the order
// of their first steps. The store must be a [session.Indexer].
func (o Outcome[T]) Owned(owner string) []session.Record[T] {
	return o.must(o.run.byOwner(context.Background(), owner))
}

func (o Outcome[T]) must(seq iter.Seq2[session.Record[T], error]) []session.Record[T] {
	o.run.t.Helper()
	found, err := o.run.collect(seq)
	if err != nil {
		o.run.t.Fatalf("interleave: the store cannot be listed: %v", err)
	}
	return found
}

// First returns the index in Steps of an actor's first step: of a request or other
// with this index in Results. It is -1 if there is none.
func (o Outcome[T]) First(actor int) int {
	for i, s := range o.Steps {
		if s.Actor == actor {
			return i
		}
	}
	return -1
}

// Last returns the index in Steps of an actor's last step, as [Outcome.First] does
// of the first.
func (o Outcome[T]) Last(actor int) int {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if o.Steps[i].Actor == actor {
			return i
		}
	}
	return -1
}

// String shows the steps in their order and the results, a line for each. Sessions
// have letters, in the order of their first steps.
func (o Outcome[T]) String() string {
	var b strings.Builder
	for i, s := range o.Steps {
		fmt.Fprintf(&b, "%4d. %-12s%s\n", i+1, o.name(s.Actor), o.describe(s))
	}
	if in := o.run.injected; in.fault != "" {
		fmt.Fprintf(&b, "      %s %s at its step %d\n", o.name(in.actor), in.fault, in.step+1)
	}
	for i, r := range o.Results {
		fmt.Fprintf(&b, "      %-12s%s\n", o.name(i), o.summary(r))
	}
	return b.String()
}

func (o Outcome[T]) name(actor int) string {
	if n := len(o.run.overlap.Handlers); actor >= n {
		return fmt.Sprintf("other %d", actor-n)
	}
	return fmt.Sprintf("request %d", actor)
}

func (o Outcome[T]) describe(s Step) string {
	subject := s.Owner
	if !s.ID.IsZero() {
		subject = o.letter(s.ID)
	}
	text := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", s.Op, subject, s.Part)), " ")
	if s.Err != nil {
		text += ": " + s.Err.Error()
	}
	return text
}

func (o Outcome[T]) summary(r Result[T]) string {
	switch {
	case r.Died:
		return "died"
	case r.Err != nil:
		return "failed: " + r.Err.Error()
	case r.Token.IsZero():
		return "succeeded, without a token"
	}
	return "succeeded, with the token of " + o.letter(r.Token.ID())
}

// Opens reports whether a token gives access to its session now.
func (o Outcome[T]) Opens(token session.Token) bool {
	s, err := session.Load(context.Background(), o.run.store, o.run.overlap.Policy, token, time.Time{})
	return err == nil && !s.IsNew()
}

// letter returns a short name for an ID: A, B, and so on.
func (o Outcome[T]) letter(id session.ID) string {
	n, known := o.run.numbers[id]
	if !known {
		return "?"
	}
	if n < 26 {
		return string(rune('A' + n))
	}
	return fmt.Sprintf("session %d", n)
}
