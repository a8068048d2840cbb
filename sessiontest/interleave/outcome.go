package interleave

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// An Outcome is the result of one order of steps.
type Outcome[T any] struct {
	Start   session.Token // that the requests bore; zero if they bore none
	Results []Result[T]   // of the handlers, then of the others
	Steps   []Step        // in their order
	Fault   Fault         // empty if nothing went wrong
	run     *run[T]
}

// A Result is that of a request, or of one of [Overlap.Others].
type Result[T any] struct {
	// Session is the request's, and nil if it could not be loaded.
	Session *session.Session[T]

	// Token is the one that the client has after the response, if the response gives
	// it a token or leaves it the one it has: zero if the session ended or is still
	// empty, and if the request failed.
	Token session.Token

	// Err is the error of Commit or, if the session was not loaded, Load.
	Err error

	// Died says that its process did, so that there was no answer.
	Died bool
}

// Done reports whether a client was told that its request succeeded.
func (r *Result[T]) Done() bool { return r.Err == nil && !r.Died }

// A Step is one call of the store, or a part of one that the store marked.
type Step struct {
	Actor int    // the index in [Outcome.Results] of its actor
	Part  string // empty for a whole call
	sessiontest.Call
}

// Load returns the record of a token's ID as it is now, as [session.Store] does.
func (o Outcome[T]) Load(token session.Token) (session.Record[T], error) {
	return o.run.store.Load(context.Background(), token.ID())
}

// Live returns all sessions that are live now, in the order in which they began.
// The store must be a [session.Lister].
func (o Outcome[T]) Live() []session.Record[T] {
	return o.must(o.run.all(context.Background()))
}

// Owned returns the sessions that are found by their owner now, in the order in
// which they began. The store must be a [session.Indexer].
func (o Outcome[T]) Owned(owner string) []session.Record[T] {
	return o.must(o.run.owned(context.Background(), owner))
}

func (o Outcome[T]) must(seq iter.Seq2[session.Record[T], error]) []session.Record[T] {
	o.run.t.Helper()
	found, err := o.run.collect(seq)
	if err != nil {
		o.run.t.Fatalf("sessiontest: the store cannot be looked at: %v", err)
	}
	return found
}

// First returns the index in Steps of an actor's first step, and Last that of its
// last. Both are -1 if it took none.
func (o Outcome[T]) First(actor int) int {
	for i, s := range o.Steps {
		if s.Actor == actor {
			return i
		}
	}
	return -1
}

// Last returns the index in Steps of an actor's last step: see [Outcome.First].
func (o Outcome[T]) Last(actor int) int {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if o.Steps[i].Actor == actor {
			return i
		}
	}
	return -1
}

// String shows the order of steps and its results, a line for each. Sessions
// have letters, in the order in which they appeared.
func (o Outcome[T]) String() string {
	var b strings.Builder
	for i, s := range o.Steps {
		fmt.Fprintf(&b, "%4d. %-12s%s\n", i+1, o.name(s.Actor), o.describe(s))
	}
	if a := o.run.injected; a.fault != "" {
		fmt.Fprintf(&b, "      %s %s at its step %d\n", o.name(a.actor), a.fault, a.step+1)
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
	what := s.Owner
	if !s.ID.IsZero() {
		what = o.letter(s.ID)
	}
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Op, what, s.Part))
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

// letter returns a short name for an ID: A, B, and so on.
func (o Outcome[T]) letter(id session.ID) string {
	n, known := o.run.seen[id]
	if !known {
		return "?"
	}
	if n < 26 {
		return string(rune('A' + n))
	}
	return fmt.Sprintf("session %d", n)
}
