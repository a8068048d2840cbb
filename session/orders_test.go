package session_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/interleave"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// The tests in this file run overlapping requests in every order of their calls to the
// store, and again with each call failing, its reply lost, or the process ending instead.
// What they prove holds for all orders of these requests.

type (
	overlap = interleave.Overlap[state]
	outcome = interleave.Outcome[state]
	other   = func(context.Context, session.Store[state]) error
)

var (
	everyFault = []interleave.Fault{interleave.Dies, interleave.Fails, interleave.LosesReply}
	noFault    = []interleave.Fault{} // where there are too many orders with them
)

// faultsIfLong are the faults where there are many orders with them: every fault with
// SESSIONS_EXHAUSTIVE=1, else none.
func faultsIfLong() []interleave.Fault {
	if os.Getenv("SESSIONS_EXHAUSTIVE") == "1" {
		return everyFault
	}
	return noFault
}

// overlaps runs o, with every fault unless it says otherwise. Whatever the order, every
// live record is found by its owner, each client's token is worth what it was told, and
// no session lives that nobody has the token of.
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
			if (rec.Owner == "") != rec.LoggedIn.IsZero() {
				tb.Errorf("a session of %q was logged in at %v", rec.Owner, rec.LoggedIn)
			}
		}
		if out.Fault == "" && len(reachable(out)) != len(out.Live()) {
			tb.Error("a session lives that nobody has the token of")
		}
		for i, r := range out.Results {
			if r.Err != nil && out.Fault == "" && !errors.Is(r.Err, session.ErrGone) && !errors.Is(r.Err, session.ErrTooManySessions) {
				tb.Errorf("request %d failed for no reason: %v", i, r.Err)
			}
			if rec, err := out.Load(r.Token); err == nil && r.Done() && kindOf(rec, r.Token, time.Now()) == "" {
				tb.Errorf("the token of request %d is worth nothing in its session", i)
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

// wantEffects checks that the sessions that clients can reach hold the numbers of the
// first so many requests: once if the request succeeded there, and never twice.
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
			if r := out.Results[i]; r.Done() && r.Token.ID() == rec.ID && count == 0 || count > 1 {
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

// wantDone checks that these requests succeeded, unless something went wrong.
func wantDone(tb testing.TB, out outcome, requests ...int) {
	tb.Helper()
	for _, i := range requests {
		if r := out.Results[i]; !r.Done() && out.Fault == "" {
			tb.Errorf("request %d: %v", i, r.Err)
		}
	}
}

// opens reports whether a token gives access.
func opens(out outcome, token session.Token) bool {
	rec, err := out.Load(token)
	return err == nil && accepted(kindOf(rec, token, time.Now()))
}

func TestEveryOrderOfUpdates(t *testing.T) {
	twice := both(note("0"), commitNow, note("again"))
	for name, test := range map[string]struct {
		notes int // how many of the requests note their number
		done  []int
		overlap
	}{
		"two":                {2, []int{0, 1}, overlap{Handlers: []request{note("0"), note("1")}}},
		"three":              {3, []int{0, 1, 2}, overlap{Handlers: []request{note("0"), note("1"), note("2")}, Faults: noFault}},
		"in two commits":     {2, []int{0, 1}, overlap{Handlers: []request{twice, note("1")}}},
		"with a touch":       {2, []int{0, 1, 2}, overlap{Handlers: []request{note("0"), note("1"), read}, Age: 10 * time.Minute, Faults: faultsIfLong()}},
		"with remembering":   {2, []int{0, 1}, overlap{Handlers: []request{note("0"), both(note("1"), remember(true))}}},
		"two with":           {3, []int{0, 1, 2}, overlap{Handlers: []request{note("0"), note("1"), both(note("2"), remember(true))}, Faults: noFault}},
		"with a renewal":     {2, []int{0}, overlap{Handlers: []request{both(note("0"), renew), note("1")}}},
		"with a log-in":      {2, []int{0}, overlap{Handlers: []request{both(note("0"), logIn("ada")), note("1")}}},
		"two with a log-in":  {3, []int{0}, overlap{Handlers: []request{both(note("0"), logIn("ada")), note("1"), note("2")}, Faults: noFault}},
		"with a new account": {2, []int{0}, overlap{Handlers: []request{both(note("0"), become("ada")), note("1")}, Start: state{User: "bob"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.Start.Count = 1
			overlaps(t, test.overlap, func(tb testing.TB, out outcome) {
				wantOne(tb, out)
				wantEffects(tb, out, test.notes)
				wantDone(tb, out, test.done...)
			})
		})
	}
}

// Of two hard renewals, the second finds its token ended.
func TestEveryOrderOfTwoRenewals(t *testing.T) {
	for name, pair := range map[string][]request{
		"two renewals":       {both(note("0"), renew), both(note("1"), renew)},
		"a new owner":        {both(note("0"), renew), both(note("1"), become("ada"))},
		"owners as one":      {both(note("0"), become("ada")), both(note("1"), become("ada"))},
		"owners as two":      {both(note("0"), become("ada")), both(note("1"), become("bob"))},
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
				if opens(out, out.Start) && (first || second) {
					tb.Error("the old token works")
				}
			})
		})
	}
}

// Soft renewals end nothing: both requests are done, and both tokens work.
func TestEveryOrderOfSoftRenewals(t *testing.T) {
	rotating := &session.Policy{RotateEvery: time.Minute}
	owned := state{User: "ada", Count: 1}
	for name, o := range map[string]overlap{
		"remembering, twice":         {Handlers: []request{both(note("0"), remember(true)), both(note("1"), remember(true))}},
		"remembering, on and off":    {Handlers: []request{both(note("0"), remember(true)), both(note("1"), remember(false))}},
		"remembering and a deadline": {Handlers: []request{both(note("0"), remember(true)), both(note("1"), endIn(100*time.Hour))}},
		"rotations":                  {Start: owned, Handlers: []request{note("0"), note("1")}, Age: 10 * time.Minute, Policy: rotating},
		"rotations by reads":         {Start: owned, Handlers: []request{read, read}, Age: 10 * time.Minute, Policy: rotating},
		"a rotation and remembering": {Start: owned, Handlers: []request{note("0"), both(note("1"), remember(true))}, Age: 10 * time.Minute, Policy: rotating},
		"three rotations":            {Start: owned, Handlers: []request{note("0"), note("1"), note("2")}, Age: 10 * time.Minute, Policy: rotating, Faults: noFault},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Start.Count = 1
			overlaps(t, o, func(tb testing.TB, out outcome) {
				wantOne(tb, out)
				for i := range out.Results {
					wantDone(tb, out, i)
					if r := out.Results[i]; r.Done() && !opens(out, r.Token) {
						tb.Errorf("the token of request %d is worth nothing", i)
					}
				}
				if !opens(out, out.Start) {
					tb.Error("the former token is worth nothing before the new one was used")
				}
			})
		})
	}
}

// A double click on "Log in" sends the form twice with one token. Whichever response the
// browser takes, the visitor is logged in and has the cart, in one session.
func TestEveryOrderOfADoubleClick(t *testing.T) {
	for name, start := range map[string]state{
		"a visitor with a cart":     {Notes: []string{"cart"}},
		"a visitor logged in":       {User: "ada", Notes: []string{"cart"}},
		"a visitor of another name": {User: "bob", Notes: []string{"cart"}},
	} {
		for clicks, test := range map[string]struct {
			handlers []request
			faults   []interleave.Fault
		}{
			"two clicks":               {[]request{logIn("ada"), logIn("ada")}, everyFault},
			"three clicks":             {[]request{logIn("ada"), logIn("ada"), logIn("ada")}, noFault},
			"a click and two attempts": {[]request{logIn("ada"), both(logIn("ada"), commitNow, logIn("ada"))}, everyFault},
			"two clicks and a read":    {[]request{logIn("ada"), logIn("ada"), read}, noFault},
		} {
			t.Run(clicks+" by "+name, func(t *testing.T) {
				t.Parallel()
				overlaps(t, overlap{Start: start, Handlers: test.handlers, Faults: test.faults}, func(tb testing.TB, out outcome) {
					for i, r := range out.Results {
						if r.Token.IsZero() || clicks == "two clicks and a read" && i == 2 {
							continue
						}
						wantDone(tb, out, i)
						if clicks == "a click and two attempts" && i == 0 && out.Last(1) > out.Last(0) {
							continue // the second attempt is another log-in, and ends the first one's token
						}
						if rec, err := out.Load(r.Token); r.Done() && (err != nil || rec.Value.User != "ada" || !slices.Equal(rec.Value.Notes, []string{"cart"}) || !opens(out, r.Token)) {
							tb.Errorf("with the token of request %d: %+v, %v", i, rec.Value, err)
						}
					}
					if out.Fault == "" {
						wantOne(tb, out)
						if opens(out, out.Start) {
							tb.Error("the token from before the log-in works")
						}
					}
				})
			})
		}
	}
}

// A log-in takes nothing from a session that another owner's log-in began.
func TestEveryOrderOfLogInsOfTwoOwners(t *testing.T) {
	o := overlap{Handlers: []request{
		both(note("0"), logIn("ada")),
		both(note("1"), logIn("bob")),
	}, Start: state{Notes: []string{"cart"}}}
	overlaps(t, o, func(tb testing.TB, out outcome) {
		for i, owner := range []string{"ada", "bob"} {
			wantDone(tb, out, i)
			r := out.Results[i]
			if rec, err := out.Load(r.Token); r.Done() && (err != nil || rec.Owner != owner || slices.Contains(rec.Value.Notes, []string{"1", "0"}[i]) || !opens(out, r.Token)) {
				tb.Errorf("%s: %+v, %v", owner, rec.Value, err)
			}
		}
	})
}

// A log-in outlives whatever ends the session that it came with.
func TestEveryOrderOfALogInAndAnEnd(t *testing.T) {
	for name, act := range map[string]request{
		"a log-out":          logOut,
		"a renewal":          renew,
		"an update":          note("1"),
		"remembering":        remember(true),
		"an owner's change":  become("ada"),
		"a deadline passed":  endIn(-time.Hour),
		"a log-out and more": both(logOut, note("bye")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := overlap{Start: state{Count: 1}, Handlers: []request{both(note("0"), logIn("ada")), act}}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				wantDone(tb, out, 0)
				r := out.Results[0]
				rec, err := out.Load(r.Token)
				ended := errors.Is(err, session.ErrNotFound) && (name == "a log-out" || name == "a deadline passed" || name == "a log-out and more") && out.Last(0) < out.Last(1)
				if r.Done() && !ended && (err != nil || rec.Owner != "ada" || !slices.Contains(rec.Value.Notes, "0") || !opens(out, r.Token)) {
					tb.Errorf("the session: %+v, %v", rec, err)
				}
			})
		})
	}
}

// old returns the live sessions that go on from the first one: those that still have its
// count.
func old(out outcome) (found []session.Record[state]) {
	for _, rec := range out.Live() {
		if rec.Value.Count != 0 {
			found = append(found, rec)
		}
	}
	return found
}

func TestEveryOrderOfALogOut(t *testing.T) {
	past := func(s *session.Session[state]) { s.SetDeadline(time.Unix(0, 0)) }
	for name, test := range map[string]struct {
		renews bool // and so may keep the log-out from working
		act    request
	}{
		"a read":             {false, read},
		"an update":          {false, note("1")},
		"two updates":        {false, both(note("1"), commitNow, note("2"))},
		"a renewal":          {true, renew},
		"two renewals":       {true, both(renew, commitNow, renew)},
		"a log-in":           {true, both(note("1"), logIn("ada"))},
		"a new owner":        {true, both(note("1"), become("ada"))},
		"remembering":        {false, remember(true)},
		"a later end":        {false, endIn(100 * time.Hour)},
		"a log-out":          {false, logOut},
		"an end in the past": {false, past},
	} {
		for endName, end := range map[string]request{"a log-out": logOut, "an end in the past": past} {
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

// A change after a log-out in the same request begins a new session, with nothing of the
// old one.
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
	var ids []session.ID
	for rec, err := range store.(session.Indexer[state]).ByOwner(ctx, "ada") {
		if err != nil {
			return err
		}
		ids = append(ids, rec.ID)
	}
	for _, id := range ids {
		_, err := session.EndIf(ctx, store, new(session.Policy), id, session.ReasonRevoked, func(rec *session.Record[state]) bool { return rec.Owner == "ada" })
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
	}
	return nil
}

func TestEveryOrderOfARevocation(t *testing.T) {
	ada := state{User: "ada", Count: 1}
	for name, o := range map[string]overlap{
		"an update":               {Start: ada, Handlers: []request{note("0")}},
		"a read":                  {Start: ada, Handlers: []request{read}, Age: 10 * time.Minute},
		"a rotation":              {Start: ada, Handlers: []request{read}, Age: 10 * time.Minute, Policy: &session.Policy{RotateEvery: time.Minute}},
		"a renewal":               {Start: ada, Handlers: []request{renew}},
		"remembering":             {Start: ada, Handlers: []request{remember(true)}},
		"a log-out":               {Start: ada, Handlers: []request{logOut}},
		"an update and a renewal": {Start: ada, Handlers: []request{note("0"), renew}, Faults: noFault},
		"a log-in":                {Start: state{Count: 1}, Handlers: []request{become("ada")}},
		"a new log-in":            {Handlers: []request{logIn("ada")}},
		"two new log-ins":         {Handlers: []request{logIn("ada"), logIn("ada")}},
		"a change to bob":         {Start: ada, Handlers: []request{become("bob")}},
		"a change from bob":       {Start: state{User: "bob"}, Handlers: []request{become("ada")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Others = []other{revokeAll}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				revocation := len(o.Handlers)
				if !out.Results[revocation].Done() {
					return
				}
				for _, rec := range out.Live() {
					if rec.Owner == "ada" && wasHers(out, o, rec.ID) {
						tb.Error("a session that she had when the revocation began lives on")
					}
				}
				if rec, err := out.Load(out.Start); name == "a change to bob" && out.Results[0].Done() && (err == nil) != (rec.Owner == "bob") {
					tb.Error("the session of another owner was ended")
				}
			})
		})
	}
}

// wasHers reports whether a session was ada's when the revocation began.
func wasHers(out outcome, o overlap, id session.ID) bool {
	if o.Start.User == "ada" && id == out.Start.ID() {
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

// wantTaken checks that a note that a request took and was acknowledged is not there any
// more, and that a note that another added and nobody took is.
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

func TestEveryOrderOfADeadline(t *testing.T) {
	for name, act := range map[string]request{"an update": note("1"), "a read": read, "no remembering": remember(false), "a renewal": renew} {
		for when, in := range map[string]time.Duration{"soon": time.Minute, "late": 100 * time.Hour} {
			t.Run(when+" and "+name, func(t *testing.T) {
				t.Parallel()
				var end time.Time
				set := func(s *session.Session[state]) {
					end = time.Now().Add(in).UTC().Truncate(time.Millisecond)
					s.SetDeadline(end)
				}
				policy := &session.Policy{Lifetime: 200 * time.Hour, Remember: session.Remember{All: true}}
				o := overlap{Start: state{Count: 1}, Handlers: []request{both(note("0"), set), act}, Age: 10 * time.Minute, Policy: policy}
				overlaps(t, o, func(tb testing.TB, out outcome) {
					wantOne(tb, out)
					wantEffects(tb, out, 1)
					for _, rec := range reachable(out) {
						if out.Results[0].Done() && !rec.Deadline.Equal(end) {
							tb.Errorf("the deadline is %v, want %v", rec.Deadline, end)
						}
					}
				})
			})
		}
	}
}

// However many log in at once, no more sessions stay than there may be, and never none.
func TestEveryOrderOfMaxPerOwner(t *testing.T) {
	for name, test := range map[string]struct {
		max int
		overlap
	}{
		"two, of which one may stay":      {1, overlap{Handlers: []request{logIn("ada"), logIn("ada")}}},
		"one, and one that logs out":      {1, overlap{Start: state{User: "ada"}, Handlers: []request{both(logOut, become("ada")), logOut}}},
		"a renewal of the only one":       {1, overlap{Start: state{User: "ada"}, Handlers: []request{renew, note("1")}}},
		"a double click of the only one":  {1, overlap{Start: state{User: "ada"}, Handlers: []request{logIn("ada"), logIn("ada")}}},
		"one that changes to the account": {1, overlap{Start: state{User: "bob"}, Handlers: []request{logIn("ada"), both(logOut, logIn("ada"))}, Faults: faultsIfLong()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.Policy = &session.Policy{MaxPerOwner: test.max}
			overlaps(t, test.overlap, func(tb testing.TB, out outcome) {
				if n := len(out.Owned("ada")); out.Fault == "" && (n > test.max || n == 0) {
					tb.Errorf("%d sessions", n)
				}
			})
		})
	}
}

// However many log in at once, as many succeed as the owner may have sessions: never one
// more, whatever fails, and never one fewer.
func TestEveryOrderOfRefusedLogIns(t *testing.T) {
	for name, test := range map[string]struct {
		max, done int
		overlap
	}{
		"two, of which one may succeed":    {1, 1, overlap{Handlers: []request{logIn("ada"), logIn("ada")}, Faults: everyFault}},
		"two, of which both may succeed":   {2, 2, overlap{Handlers: []request{logIn("ada"), logIn("ada")}}},
		"a double click":                   {1, 2, overlap{Start: state{Count: 1}, Handlers: []request{logIn("ada"), logIn("ada")}}},
		"an account's change and a log-in": {1, 1, overlap{Handlers: []request{become("ada"), logIn("ada")}}},
		"a session that changes hands":     {1, 2, overlap{Start: state{User: "ada", Count: 1}, Handlers: []request{logIn("ada"), logIn("ada")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.Policy = &session.Policy{MaxPerOwner: test.max, AtMax: session.RefuseLogIn}
			if name == "a double click" && os.Getenv("SESSIONS_EXHAUSTIVE") != "1" {
				t.Skip("50,000 orders; set SESSIONS_EXHAUSTIVE=1")
			}
			if test.Faults == nil {
				test.Faults = faultsIfLong()
			}
			test.MaxOrders = 2_000_000
			overlaps(t, test.overlap, func(tb testing.TB, out outcome) {
				done := 0
				for _, r := range out.Results {
					switch {
					case r.Done():
						done++
					case out.Fault == "" && !errors.Is(r.Err, session.ErrTooManySessions):
						tb.Errorf("a log-in fails with %v", r.Err)
					}
				}
				if n := len(out.Owned("ada")); n > test.max || out.Fault == "" && (n != min(test.max, done) || done != test.done) {
					tb.Errorf("%d of %d log-ins are done; there are %d sessions", done, len(out.Results), n)
				}
			})
		})
	}
}

// Whatever the order in which requests remember a session, forget it, log in and read,
// each session that is left has the times of its kind.
func TestEveryOrderOfRemembering(t *testing.T) {
	for name, handlers := range map[string][]request{
		"remembering and a change":      {remember(true), note("1")},
		"remembering and a read":        {remember(true), read},
		"remembering and a log-in":      {remember(true), logIn("ada")},
		"remembering and forgetting":    {remember(true), both(note("1"), remember(false))},
		"two log-ins of different kind": {both(logIn("ada"), remember(true)), both(logIn("ada"), remember(false))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := overlap{Start: state{Count: 1}, Handlers: handlers, Age: 10 * time.Minute, Policy: &session.Policy{Remember: monthly}}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				for _, rec := range out.Live() {
					left, idle := time.Until(rec.Deadline), time.Until(rec.Expires)
					if rec.Remembered && (left <= 29*day || idle <= 6*day) || !rec.Remembered && (left > day || idle > time.Hour) {
						tb.Errorf("remembered: %v; ends in %v, expires in %v", rec.Remembered, left, idle)
					}
				}
			})
		})
	}
}

// In every order of two checkouts in transactions and a request that adds an item: each
// item that was added is ordered once or still in the cart, also if a transaction is
// rolled back or a call fails.
func TestEveryOrderOfCheckouts(t *testing.T) {
	rollBack := func(x *tx) error { x.rollback(); return errDown }
	for name, test := range map[string]struct {
		end       func(*tx) error
		checkouts int
		faults    []interleave.Fault
	}{
		"committed":               {(*tx).commit, 2, nil},
		"rolled back":             {rollBack, 2, nil},
		"committed, with a fault": {(*tx).commit, 1, []interleave.Fault{interleave.Fails}},
	} {
		t.Run(name, func(t *testing.T) {
			var store *txStore
			var token session.Token
			var ordered, added []string
			checkout := func(ctx context.Context, gated session.Store[state]) error {
				s, err := session.Load(ctx, gated, nil, token, time.Time{})
				if err != nil {
					return err
				}
				var items []string
				x := store.begin()
				s.Update(func(v *state) { items, v.Notes = v.Notes, nil })
				err = s.Commit(session.WithTransaction(ctx, x))
				interleave.Part(ctx, "end", func() error {
					if err != nil {
						x.rollback()
					} else if err = test.end(x); err == nil {
						ordered = append(ordered, items...)
					}
					return nil
				})
				return s.Commit(ctx) // the middleware's
			}
			add := func(ctx context.Context, gated session.Store[state]) error {
				s, err := session.Load(ctx, gated, nil, token, time.Time{})
				if err != nil {
					return err
				}
				s.Update(func(v *state) { v.Notes = append(v.Notes, "b") })
				if err = s.Commit(ctx); err == nil {
					added = append(added, "b")
				}
				return err
			}
			interleave.Overlap[state]{
				Store: func() session.Store[state] {
					store, ordered, added = newTxStore(), nil, []string{"a"}
					s := session.New[state](store, nil)
					s.Set(state{Notes: []string{"a"}})
					commitNow(s) // t's context is not of the bubble that runs this
					token = tokenOf(s)
					return store
				},
				Others: append(slices.Repeat([]other{checkout}, test.checkouts), add),
				Faults: test.faults,
			}.Run(t, func(tb testing.TB, out outcome) {
				all := append(slices.Clone(ordered), value(t, store, token).Notes...)
				slices.Sort(all)
				if !slices.Equal(all, added) {
					tb.Errorf("added %q; ordered %q and %q are left", added, ordered, value(t, store, token).Notes)
				}
			})
		})
	}
}

// A note about an end changes nothing for the requests beside it, and tells the visitor
// why the session has ended.
func TestEveryOrderOfANotedEnd(t *testing.T) {
	for name, act := range map[string]request{"a read": read, "an update": note("1"), "a log-out": logOut, "a log-in": logIn("ada")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var store *memstore.Store[state]
			o := overlap{Start: state{Count: 1}, Handlers: []request{logOut, act}, Age: 10 * time.Minute, Policy: keeping(), Store: func() session.Store[state] {
				store = memstore.New[state](nil)
				return store
			}}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				done := out.Results[0].Done()
				if n := len(old(out)); done && n > 0 {
					tb.Errorf("%d sessions live on", n)
				}
				if told := reasonFor(tb, store, keeping(), out.Start).Reason; done && out.Fault == "" && told != session.ReasonLoggedOut {
					tb.Errorf("the visitor is told %q", told)
				}
			})
		})
	}
}
