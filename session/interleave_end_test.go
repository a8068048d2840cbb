package session_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// old returns the reachable sessions that go on from the first one: those that
// still have its count.
func old(out outcome) (found []session.Record[state]) {
	for _, rec := range reachable(out) {
		if rec.Value.Count != 0 {
			found = append(found, rec)
		}
	}
	return found
}

func endBy(t time.Time) request { return func(s *session.Session[state]) { s.SetDeadline(t) } }

func TestEveryOrderOfALogOut(t *testing.T) {
	past := time.Unix(0, 0)
	endings := map[string]request{"a log-out": logOut, "an end in the past": endBy(past)}
	for name, test := range map[string]struct {
		renews bool
		act    request
	}{
		"a read":             {false, read},
		"an update":          {false, note("1")},
		"two updates":        {false, both(note("1"), commitNow, note("2"))},
		"a renewal":          {true, renew},
		"two renewals":       {true, both(renew, commitNow, renew)},
		"a log-in":           {true, both(note("1"), logIn("ada"))},
		"persistence":        {true, func(s *session.Session[state]) { s.Persist(false) }},
		"a later end":        {true, func(s *session.Session[state]) { s.SetDeadline(time.Now().Add(100 * time.Hour)) }},
		"a log-out":          {false, logOut},
		"an end in the past": {false, endBy(past)},
	} {
		for endName, end := range endings {
			t.Run(endName+" and "+name, func(t *testing.T) {
				t.Parallel()
				o := overlap{Start: state{Count: 1}, Handlers: []request{end, test.act}, Age: 10 * time.Minute}
				overlaps(t, o, func(tb testing.TB, out outcome) {
					n, done := len(old(out)), out.Results[0].Done()
					if done && n > 0 {
						tb.Errorf("%d sessions live on", n)
					}
					if out.Fault == "" && !done && (!test.renews || n != 1) {
						tb.Errorf("nothing was in its way: %v", out.Results[0].Err)
					}
				})
			})
		}
	}
}

// A change after a log-out in the same request begins a new session, with nothing
// of the old one.
func TestEveryOrderOfAFarewell(t *testing.T) {
	for name, act := range map[string]request{"an update": note("1"), "a log-in": logIn("ada"), "another": both(logOut, note("bye"))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := overlap{Start: state{Count: 1}, Handlers: []request{both(note("0"), logOut, note("bye")), act}}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				r := out.Results[0]
				if !r.Done() {
					return
				}
				if n := len(old(out)); n > 0 {
					tb.Errorf("%d sessions live on", n)
				}
				if rec, err := out.Load(r.Token); err != nil || !slices.Equal(rec.Value.Notes, []string{"bye"}) {
					tb.Errorf("the new session: %v, %v", rec.Value.Notes, err)
				}
			})
		})
	}
}

// revokeAll ends ada's sessions.
func revokeAll(ctx context.Context, store session.Store[state]) error {
	m, err := middleware.New(store, nil)
	if err != nil {
		return err
	}
	_, err = m.RevokeAll(ctx, "ada")
	return err
}

func TestEveryOrderOfARevocation(t *testing.T) {
	ada := state{User: "ada", Count: 1}
	for name, o := range map[string]overlap{
		"an update":               {Start: ada, Handlers: []request{note("0")}},
		"a read":                  {Start: ada, Handlers: []request{read}, Age: 10 * time.Minute},
		"a renewal":               {Start: ada, Handlers: []request{renew}},
		"a log-out":               {Start: ada, Handlers: []request{logOut}},
		"an update and a renewal": {Start: ada, Handlers: []request{note("0"), renew}, Faults: noFault},
		"a log-in":                {Start: state{Count: 1}, Handlers: []request{logIn("ada")}},
		"a new log-in":            {Handlers: []request{logIn("ada")}},
		"two new log-ins":         {Handlers: []request{logIn("ada"), logIn("ada")}},
		"a change to bob":         {Start: ada, Handlers: []request{logIn("bob")}},
		"a change from bob":       {Start: state{User: "bob"}, Handlers: []request{logIn("ada")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Others = []other{revokeAll}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				revocation := len(o.Handlers)
				if !out.Results[revocation].Done() {
					return
				}
				for _, rec := range reachable(out) {
					if rec.Owner == "ada" && wasHers(out, o, rec.ID) {
						tb.Error("a session that she had when the revocation began lives on")
					}
				}
			})
		})
	}
}

// wasHers reports whether a session was ada's when the revocation began, or goes
// on from one that was.
func wasHers(out outcome, o overlap, id session.ID) bool {
	if o.Start.User == "ada" {
		return true
	}
	for i, r := range out.Results[:len(o.Handlers)] {
		if r.Token.ID() == id {
			return out.Last(i) < out.First(len(o.Handlers))
		}
	}
	return false
}

func TestEveryOrderOfTake(t *testing.T) {
	for name, test := range map[string]struct {
		takes  int // how many of the requests take the notes
		others []request
	}{
		"an append":             {1, []request{note("1")}},
		"two appends":           {1, []request{note("1"), note("2")}},
		"another":               {2, nil},
		"another and an append": {2, []request{note("2")}},
		"a log-in":              {1, []request{both(note("1"), logIn("ada"))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken := make([][]string, test.takes)
			o := overlap{Start: state{Count: 1, Notes: []string{"old"}}}
			if test.takes+len(test.others) > 2 {
				o.Faults = noFault
			}
			for i := range taken {
				o.Handlers = append(o.Handlers, func(s *session.Session[state]) {
					taken[i] = session.Take(s, func(v *state) *[]string { return &v.Notes })
				})
			}
			o.Handlers = append(o.Handlers, test.others...)
			overlaps(t, o, func(tb testing.TB, out outcome) {
				for _, rec := range reachable(out) {
					wantTaken(tb, out, taken, rec.Value.Notes)
				}
			})
		})
	}
}

// wantTaken checks that what a request took and was acknowledged is not there
// any more, and that what another added and nobody took is.
func wantTaken(tb testing.TB, out outcome, taken [][]string, left []string) {
	tb.Helper()
	var shown []string
	for i, notes := range taken {
		if out.Results[i].Done() {
			shown = append(shown, notes...)
		}
	}
	for i, r := range out.Results {
		note := "old"
		if i >= len(taken) {
			note = strconv.Itoa(i)
		}
		if is, was := slices.Contains(left, note), slices.Contains(shown, note); is && was || !is && !was && r.Done() && out.Fault == "" {
			tb.Errorf("%q was shown: %v; it is there: %v", note, was, is)
		}
	}
}
