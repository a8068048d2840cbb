package session_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/interleave"
)

// The tests in this file run overlapping requests in every order of their calls
// to the store, and again with each call failing, its reply lost, or the process
// ending instead. What they prove holds for all orders of these requests.

type (
	overlap = interleave.Overlap[state]
	outcome = interleave.Outcome[state]
	request = func(*session.Session[state])
	other   = func(context.Context, session.Store[state]) error
)

var (
	everyFault = []interleave.Fault{interleave.Dies, interleave.Fails, interleave.LosesReply}
	noFault    = []interleave.Fault{} // where there are too many orders with them
)

// faultsIfLong are the faults where there are many orders with them: every fault
// with SESSIONS_LONG=1, else none.
func faultsIfLong() []interleave.Fault {
	if os.Getenv("SESSIONS_LONG") == "1" {
		return everyFault
	}
	return noFault
}

// overlaps runs o, with every fault unless it says otherwise. Whatever the order,
// every live record is found by its owner, and no client has a token of a session
// that it was not given one for.
func overlaps(t *testing.T, o overlap, check func(testing.TB, outcome)) {
	t.Helper()
	if o.Faults == nil {
		o.Faults = everyFault
	}
	o.Run(t, func(tb testing.TB, out outcome) {
		for _, rec := range out.Live() {
			found := slices.ContainsFunc(out.Owned(rec.Value.User), func(r session.Record[state]) bool { return r.ID == rec.ID })
			if rec.Owner != rec.Value.User || found != (rec.Owner != "") {
				tb.Errorf("a live session of %q is owned by %q; found by owner: %v", rec.Value.User, rec.Owner, found)
			}
			if rec.Expires.After(rec.Deadline) {
				tb.Errorf("a session expires at %v, after its deadline %v", rec.Expires, rec.Deadline)
			}
		}
		if out.Fault == "" && len(reachable(out)) != len(out.Live()) {
			tb.Error("a session lives that nobody has the token of")
		}
		for _, r := range out.Results {
			if r.Err != nil && out.Fault == "" && !errors.Is(r.Err, session.ErrGone) {
				tb.Errorf("a request failed for no reason: %v", r.Err)
			}
		}
		check(tb, out)
	})
}

// reachable returns the live sessions that a client has the token of.
func reachable(out outcome) (found []session.Record[state]) {
	for _, rec := range out.Live() {
		known := rec.ID == out.Start.ID()
		for _, r := range out.Results {
			known = known || r.Done() && rec.ID == r.Token.ID()
		}
		if known {
			found = append(found, rec)
		}
	}
	return found
}

// wantEffects checks that the sessions that clients can reach hold the numbers of
// the first so many requests: once if the request succeeded, and never twice.
func wantEffects(tb testing.TB, out outcome, requests int) {
	tb.Helper()
	for _, rec := range reachable(out) {
		for i := range requests {
			count := 0
			for _, n := range rec.Value.Notes {
				if n == strconv.Itoa(i) {
					count++
				}
			}
			if out.Results[i].Done() && count == 0 || count > 1 {
				tb.Errorf("the note of request %d is there %d times", i, count)
			}
		}
	}
}

// wantOne checks that there is one session, or none if something went wrong.
func wantOne(tb testing.TB, out outcome) {
	tb.Helper()
	if n := len(reachable(out)); n > 1 || n == 0 && out.Fault == "" {
		tb.Errorf("%d sessions", n)
	}
}

func note(text string) request {
	return func(s *session.Session[state]) { s.Update(func(v *state) { v.Notes = append(v.Notes, text) }) }
}

func logIn(as string) request {
	return func(s *session.Session[state]) { s.Update(func(v *state) { v.User = as }) }
}

func logInAs(name string) request {
	return func(s *session.Session[state]) { s.LogIn(func(v *state) { v.User = name }) }
}

func both(acts ...request) request {
	return func(s *session.Session[state]) {
		for _, act := range acts {
			act(s)
		}
	}
}

func logOut(s *session.Session[state]) { s.Destroy() }
func renew(s *session.Session[state])  { s.Renew() }
func read(s *session.Session[state])   { s.Value() }

// commitNow is what a handler does that wants to know before it answers.
func commitNow(s *session.Session[state]) { s.Commit(context.Background()) }

func TestEveryOrderOfUpdates(t *testing.T) {
	twice := both(note("0"), commitNow, note("again"))
	signIn := both(note("0"), logIn("ada"))
	persist := func(s *session.Session[state]) { s.Persist(false) }
	for name, test := range map[string]struct {
		notes int // how many of the requests note their number
		overlap
	}{
		"two":                {2, overlap{Handlers: []request{note("0"), note("1")}}},
		"three":              {3, overlap{Handlers: []request{note("0"), note("1"), note("2")}, Faults: noFault}},
		"in two commits":     {2, overlap{Handlers: []request{twice, note("1")}}},
		"with a touch":       {2, overlap{Handlers: []request{note("0"), note("1"), read}, Age: 10 * time.Minute}},
		"with persistence":   {1, overlap{Handlers: []request{note("0"), persist}}},
		"with a renewal":     {2, overlap{Handlers: []request{both(note("0"), renew), note("1")}}},
		"with a log-in":      {2, overlap{Handlers: []request{signIn, note("1")}}},
		"two with a log-in":  {3, overlap{Handlers: []request{signIn, note("1"), note("2")}, Faults: noFault}},
		"with a new account": {2, overlap{Handlers: []request{signIn, note("1")}, Start: state{User: "bob"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.Start.Count = 1
			overlaps(t, test.overlap, func(tb testing.TB, out outcome) {
				wantOne(tb, out)
				wantEffects(tb, out, test.notes)
				if err := out.Results[0].Err; err != nil && out.Fault == "" && name != "with persistence" {
					tb.Errorf("request 0: %v", err)
				}
			})
		})
	}
}

func TestEveryOrderOfTwoRenewals(t *testing.T) {
	for name, pair := range map[string][]request{
		"two renewals":       {both(note("0"), renew), both(note("1"), renew)},
		"a log-in":           {both(note("0"), renew), both(note("1"), logIn("ada"))},
		"log-ins as one":     {both(note("0"), logIn("ada")), both(note("1"), logIn("ada"))},
		"log-ins as two":     {both(note("0"), logIn("ada")), both(note("1"), logIn("bob"))},
		"one in two commits": {both(note("0"), renew), both(note("1"), renew, commitNow, note("again"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overlaps(t, overlap{Start: state{Count: 1}, Handlers: pair}, func(tb testing.TB, out outcome) {
				wantOne(tb, out)
				wantEffects(tb, out, 2)
				first, second := out.Results[0].Done(), out.Results[1].Done()
				if first && second || out.Fault == "" && !first && !second {
					tb.Errorf("the first one was done: %v, the second: %v", first, second)
				}
				if _, err := out.Load(out.Start); err == nil && (first || second) {
					tb.Error("the old token works")
				}
			})
		})
	}
}
