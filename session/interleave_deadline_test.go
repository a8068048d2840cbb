package session_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestEveryOrderOfADeadline(t *testing.T) {
	for name, act := range map[string]request{
		"an update":   note("1"),
		"a read":      read,
		"persistence": func(s *session.Session[state]) { s.Persist(false) },
		"a renewal":   renew,
	} {
		for when, in := range map[string]time.Duration{"soon": time.Minute, "late": 100 * time.Hour} {
			t.Run(when+" and "+name, func(t *testing.T) {
				t.Parallel()
				var end time.Time
				set := func(s *session.Session[state]) {
					end = time.Now().Add(in).UTC().Truncate(time.Millisecond)
					s.SetDeadline(end)
				}
				o := overlap{Start: state{Count: 1}, Handlers: []request{both(note("0"), set), act}, Age: 10 * time.Minute}
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

// However many log in at once, no more sessions stay than there may be, and
// never none.
func TestEveryOrderOfMaxPerOwner(t *testing.T) {
	for name, test := range map[string]struct {
		max int
		overlap
	}{
		"two, of which one may stay":      {1, overlap{Handlers: []request{logIn("ada"), logIn("ada")}}},
		"three, of which two may stay":    {2, overlap{Handlers: []request{logIn("ada"), logIn("ada"), logIn("ada")}, Faults: noFault}},
		"one, and one that logs out":      {1, overlap{Start: state{User: "ada"}, Handlers: []request{both(logOut, logIn("ada")), logOut}}},
		"a renewal of the only one":       {1, overlap{Start: state{User: "ada"}, Handlers: []request{renew, note("1")}}},
		"one that changes to the account": {1, overlap{Start: state{User: "bob"}, Handlers: []request{logInAs("ada"), both(logOut, logInAs("ada"))}, Faults: faultsIfLong()}},
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

// A change by another goroutine during a commit is part of that commit or of the
// next one, whole.
func TestEveryOrderOfChangesDuringACommit(t *testing.T) {
	for does, meanwhile := range map[string]func(*session.Session[state]){
		"Destroy": (*session.Session[state]).Destroy,
		"Discard": (*session.Session[state]).Discard,
		"Update":  note("meanwhile"),
		"Renew":   (*session.Session[state]).Renew,
	} {
		for name, act := range map[string]request{"an update": note("0"), "a renewal": both(note("0"), renew), "a log-in": both(note("0"), logIn("ada"))} {
			for rival, second := range map[string]request{"no other": read, "an update": note("1"), "a log-out": logOut} {
				t.Run(does+" during "+name+" against "+rival, func(t *testing.T) {
					t.Parallel()
					changesDuringACommit(t, does, meanwhile, act, second)
				})
			}
		}
	}
}

func changesDuringACommit(t *testing.T, does string, meanwhile func(*session.Session[state]), act, second request) {
	var s *session.Session[state]
	handler := func(own *session.Session[state]) {
		s = own
		act(s)
		commitNow(s)
	}
	during := func(ctx context.Context, store session.Store[state]) error {
		_, err := store.Exists(ctx, session.ID{}) // so that what follows has its place in the order
		if s != nil {
			meanwhile(s)
		}
		return err
	}
	o := overlap{Start: state{Count: 1}, Handlers: []request{handler, second}, Others: []other{during}, Faults: noFault}
	overlaps(t, o, func(tb testing.TB, out outcome) {
		own := s
		s = nil
		left := old(out)
		if len(left) > 1 {
			tb.Errorf("%d sessions", len(left))
		}
		came := own != nil && out.First(2) > out.First(0)
		if !came || own.Modified() || !out.Results[0].Done() {
			return // nobody was told that it was saved
		}
		switch token, ok := own.Token(); {
		case does == "Destroy" && len(left) > 0:
			tb.Error("a destroyed session lives")
		case does != "Destroy" && ok && !own.Gone() && len(left) == 1 && !left[0].Value.includes(own.Value()):
			tb.Errorf("the session holds %+v, and what is stored %+v", own.Value(), left[0].Value)
		case does != "Destroy" && len(left) == 1 && ok && !own.Gone() && left[0].ID != token.ID():
			tb.Error("the session has another token than the one that lives")
		}
	})
}

// includes reports whether v has what w has, and maybe more notes.
func (v state) includes(w state) bool {
	for _, note := range w.Notes {
		if !slices.Contains(v.Notes, note) {
			return false
		}
	}
	return v.User == w.User && v.Count == w.Count
}
