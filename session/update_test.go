package session_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

func TestUpdate(t *testing.T) {
	for name, test := range map[string]struct {
		acts    request
		changes []string
		calls   string
	}{
		"a change is written":                {count, []string{"Count"}, "Save"},
		"a change of nothing is not":         {func(s *session.Session[state]) { s.Update(func(*state) {}) }, nil, ""},
		"a change taken back is not":         {both(count, func(s *session.Session[state]) { s.Update(func(v *state) { v.Count-- }) }), nil, ""},
		"Set of the same value is not":       {func(s *session.Session[state]) { s.Set(state{Count: 1, Notes: []string{"a"}}) }, nil, ""},
		"Set of another is":                  {func(s *session.Session[state]) { s.Set(state{Count: 1}) }, []string{"Notes"}, "Save"},
		"Clear is":                           {func(s *session.Session[state]) { s.Clear() }, []string{"Count", "Notes"}, "Save"},
		"a Value is the caller's":            {func(s *session.Session[state]) { s.Value().Notes[0] = "b" }, nil, ""},
		"remembering as it is, is not":       {func(s *session.Session[state]) { s.Remember(s.Remembered()) }, nil, ""},
		"a deadline as it is, is not":        {func(s *session.Session[state]) { s.SetDeadline(s.Deadline()) }, nil, ""},
		"a change dropped by Discard is not": {both(count, renew, remember(true), endIn(0), (*session.Session[state]).Discard), nil, ""},
		"a change after Discard is":          {both(count, (*session.Session[state]).Discard, note("b")), []string{"Notes"}, "Save"},
		"an edit that panics is not":         {func(s *session.Session[state]) { panics(func() { s.Update(func(v *state) { v.Count = 7; panic(1) }) }) }, nil, ""},
		"edits beside the one that panicked do": {both(count, func(s *session.Session[state]) {
			panics(func() { s.Update(func(v *state) { v.Notes = nil; panic(1) }) })
		}), []string{"Count"}, "Save"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1, Notes: []string{"a"}})
			s := load(t, store, token)
			store.calls()
			test.acts(s)
			if got := s.Changes(); !slices.Equal(got, test.changes) || s.Modified() != (test.calls != "") {
				t.Errorf("changes %q, modified %v", got, s.Modified())
			}
			want := s.Value()
			commit(t, s)
			if got := store.calls(); got != test.calls {
				t.Errorf("calls %q, want %q", got, test.calls)
			}
			if diff := cmp.Diff(want, value(t, store, token)); diff != "" || s.Modified() {
				t.Error(diff)
			}
		})
	}
}

func TestANewSession(t *testing.T) {
	t.Run("is not stored while it is empty", func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		both(func(s *session.Session[state]) { s.Update(func(*state) {}); s.Set(state{}) }, renew, remember(false))(s)
		commit(t, s)
		if _, ok := s.Token(); ok || !s.IsNew() || store.calls() != "" {
			t.Error("it was stored")
		}
	})
	t.Run("is remembered as it was asked for before it was stored", func(t *testing.T) {
		s := session.New(newProbe(), nil)
		s.Remember(true)
		commit(t, s)
		s.Update(increment)
		commit(t, s)
		if !s.Remembered() {
			t.Error("Remember(true) is forgotten")
		}
	})
	t.Run("keeps no edit that changed nothing", func(t *testing.T) {
		store := newProbe()
		s, runs := session.New(store, nil), 0
		for range 10 {
			s.Update(func(*state) { runs++ })
			commit(t, s)
		}
		s.Update(increment)
		commit(t, s)
		meanwhile(t, store, tokenOf(s), "Save", 1, increment)
		s.Update(increment)
		commit(t, s) // replays
		if runs != 10 || s.Value().Count != 3 {
			t.Errorf("the edits ran %d times; the count is %d", runs, s.Value().Count)
		}
	})
}

// An option is set once. If another request changes it later, the next commit does not
// set it again.
func TestAnOptionIsSavedOnce(t *testing.T) {
	store, soon := newProbe(), time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.SetDeadline(soon)
	commit(t, s)
	must(t, store, token, func(s *session.Session[state]) { s.SetDeadline(soon.Add(-time.Minute)) })
	s.Update(increment)
	commit(t, s)
	if !s.Deadline().Equal(soon.Add(-time.Minute)) {
		t.Errorf("the deadline is %v, want what the other request set", s.Deadline())
	}
}

func TestAValueThatContainsItselfIsAnError(t *testing.T) {
	loop := state{Count: 1}
	loop.Next = &loop
	for name, edit := range map[string]request{
		"by Set":    func(s *session.Session[state]) { s.Set(loop) },
		"by Update": func(s *session.Session[state]) { s.Update(func(v *state) { v.Next = v }) },
		"by LogIn":  func(s *session.Session[state]) { s.LogIn(func(v *state) { v.Next = v }) },
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := session.New(store, nil)
			edit(s)
			_, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context()))
			if !ok || !s.Modified() || store.calls() != "" {
				t.Error("it was taken")
			}
			s.Discard()
			s.Update(increment)
			commit(t, s)
		})
	}
	t.Run("by a replay", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(func(v *state) {
			if v.Count++; v.Count == 3 {
				v.Next = v
			}
		})
		must(t, store, token, count)
		if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok {
			t.Error("it was taken")
		}
		if got := value(t, store, token).Count; got != 2 {
			t.Errorf("count %d", got)
		}
	})
}

func linked(user string) state {
	return state{User: user, Notes: []string{"a", "b"}, Tags: map[string]string{"k": "v"}, Next: &state{Count: 1, Notes: []string{"c"}}}
}

// scribble writes to everything that v leads to.
func scribble(v *state) {
	for ; v != nil; v = v.Next {
		v.User, v.Count = "scribbled", -1
		for i := range v.Notes {
			v.Notes[i] = "scribbled"
		}
		v.Notes = append(v.Notes[:0], "scribbled", "scribbled")
		for k := range v.Tags {
			v.Tags[k] = "scribbled"
		}
	}
}

// The store, the session and other requests keep their values, whatever a handler keeps
// of a session and writes to later.
func TestWhatAHandlerKeepsIsItsOwn(t *testing.T) {
	keep := func(kept *[]*state, v state) { *kept = append(*kept, &v) }
	own := []string{"mine"}
	for name, use := range map[string]func(s *session.Session[state], kept *[]*state){
		"Value": func(s *session.Session[state], kept *[]*state) { keep(kept, s.Value()); keep(kept, s.Value()) },
		"Value amid changes": func(s *session.Session[state], kept *[]*state) {
			s.Update(increment)
			keep(kept, s.Value())
			s.Update(increment)
			keep(kept, s.Value())
		},
		"the argument of Update": func(s *session.Session[state], kept *[]*state) {
			s.Update(func(v *state) { v.Count++; *kept = append(*kept, v) })
		},
		"the arguments of two Updates": func(s *session.Session[state], kept *[]*state) {
			s.Update(func(v *state) { v.Count++; *kept = append(*kept, v) })
			s.Update(func(v *state) { v.Count++; keep(kept, *v) })
		},
		"the argument of an Update without a change": func(s *session.Session[state], kept *[]*state) {
			s.Update(func(v *state) { *kept = append(*kept, v) })
		},
		"the argument of LogIn": func(s *session.Session[state], kept *[]*state) {
			s.LogIn(func(v *state) { v.Count++; *kept = append(*kept, v) })
		},
		"the argument of Set": func(s *session.Session[state], kept *[]*state) {
			v := linked("ada")
			v.Count = 5
			s.Set(v)
			*kept = append(*kept, &v)
		},
		"a slice that an edit put there": func(s *session.Session[state], kept *[]*state) {
			s.Update(func(v *state) { v.Notes = own })
			s.Update(func(v *state) { v.Notes[0] = "changed" })
			*kept = append(*kept, &state{Notes: own})
		},
		"the result of Take, and its field": func(s *session.Session[state], kept *[]*state) {
			taken := session.Take(s, func(v *state) **state { *kept = append(*kept, v); return &v.Next })
			*kept = append(*kept, taken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			own[0] = "mine"
			token := stored(t, store, linked("ada"))
			reader := load(t, store, token)
			before := reader.Value()
			s := load(t, store, token)
			meanwhile(t, store, token, "Save", 1, func(v *state) { v.Next.Notes = append(v.Next.Notes, "d") })
			var kept []*state
			use(s, &kept)
			commit(t, s)
			use(s, &kept) // on what was stored, and stays uncommitted
			s.Discard()
			if own[0] != "mine" {
				t.Error("a replay wrote to the edit's own memory")
			}
			want := value(t, store, tokenOf(s))
			for _, v := range kept {
				scribble(v)
			}
			if diff := cmp.Diff(want, value(t, store, tokenOf(s))); diff != "" {
				t.Errorf("in the store (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(want, s.Value()); diff != "" || s.Modified() {
				t.Errorf("in the session (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(before, reader.Value()); diff != "" {
				t.Errorf("in another request's session (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(linked("ada"), before); diff != "" {
				t.Errorf("in another request's copy (-before +after):\n%s", diff)
			}
		})
	}
}

// Copies are made in memory that other copies had before, also at the same time.
func TestCopiesMadeAtTheSameTime(t *testing.T) {
	store := newProbe()
	var all sync.WaitGroup
	for i := range 8 {
		user := fmt.Sprint("user", i)
		s := load(t, store, stored(t, store, linked(user)))
		for range 2 {
			all.Go(func() {
				for range 200 {
					v := s.Value()
					if diff := cmp.Diff(linked(user), v); diff != "" {
						t.Error(diff)
						return
					}
					scribble(&v)
				}
			})
		}
	}
	all.Wait()
}

func TestASessionPrintsItsTypeOnly(t *testing.T) {
	s := session.New(newProbe(), nil)
	s.Set(state{User: "secret"})
	const want = "session.Session[session_test.state]"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
