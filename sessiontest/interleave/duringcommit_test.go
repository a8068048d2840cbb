package interleave_test

import (
	"context"
	"slices"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/interleave"
)

func logIn(name string) func(*session.Session[user]) {
	return func(s *session.Session[user]) {
		s.LogIn(func(u *user) { u.Name = "ada"; u.Tags = append(u.Tags, name) })
	}
}

func both(one, other func(*session.Session[user])) func(*session.Session[user]) {
	return func(s *session.Session[user]) { one(s); other(s) }
}

// In every order, changes of a session in the middle of its own commit neither get
// lost nor are made twice, also if another request changes the session first.
func TestEveryOrderOfChangesDuringACommit(t *testing.T) {
	renew := (*session.Session[user]).Renew
	committed := map[string]func(*session.Session[user]){
		"an update": tag("a"),
		"a renewal": both(tag("a"), renew),
		"a log-in":  logIn("a"),
	}
	changes := map[string]struct {
		change func(*session.Session[user])
		stored bool
	}{
		"an update":             {tag("b"), true},
		"a renewal":             {both(tag("b"), renew), true},
		"a log-in":              {logIn("b"), true},
		"Discard":               {(*session.Session[user]).Discard, false},
		"Discard and an update": {both((*session.Session[user]).Discard, tag("b")), true},
	}
	faults := map[string][]interleave.Fault{
		"":                      nil,
		", with a failing call": {interleave.Fails},
		", with a lost reply":   {interleave.LosesReply},
	}
	for first, commit := range committed {
		for second, c := range changes {
			for suffix, faults := range faults {
				t.Run(second+" during the commit of "+first+suffix, func(t *testing.T) {
					var during *session.Session[user]
					made := false
					change := func(ctx context.Context, _ session.Store[user]) error {
						interleave.Part(ctx, "change", func() error {
							if made = during != nil; made {
								c.change(during)
							}
							return nil
						})
						return nil
					}
					interleave.Overlap[user]{
						Start:    user{Name: "ada"},
						Handlers: requests{func(s *session.Session[user]) { during = s; commit(s) }, tag("2")},
						Others:   others{change},
						Faults:   faults,
					}.Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
						live := out.Live()
						ended := out.Last(2) > out.Last(0)            // the commit had ended
						wantTag(tb, live, "a", out.Results[0].Done()) // Discard comes too late for it
						wantTag(tb, live, "b", out.Results[0].Done() && made && c.stored && !ended)
						wantTag(tb, live, "2", out.Results[1].Done())
						during, made = nil, false
					})
				})
			}
		}
	}
}

// wantTag checks that no session has a tag twice and, if it is stored, that some
// session has it.
func wantTag(tb testing.TB, live []session.Record[user], tag string, stored bool) {
	tb.Helper()
	found := false
	for _, rec := range live {
		tags := slices.DeleteFunc(slices.Clone(rec.Value.Tags), func(t string) bool { return t != tag })
		found = found || len(tags) > 0
		if len(tags) > 1 {
			tb.Errorf("%q is made twice: %q", tag, rec.Value.Tags)
		}
	}
	if stored && !found {
		tb.Errorf("%q is lost", tag)
	}
}
