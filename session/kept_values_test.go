package session_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

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

// Whatever a handler keeps of a session and writes to later, it is its own: the
// store, the session and what other handlers got stay as they are.
func TestWhatAHandlerKeepsIsItsOwn(t *testing.T) {
	keep := func(kept *[]*state, v state) { *kept = append(*kept, &v) }
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
		"the result of Take, and its field": func(s *session.Session[state], kept *[]*state) {
			taken := session.Take(s, func(v *state) **state { *kept = append(*kept, v); return &v.Next })
			*kept = append(*kept, taken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
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
			if other, ok := s.Token(); ok {
				token = other
			}
			want := load(t, store, token).Value()
			for _, v := range kept {
				scribble(v)
			}
			if diff := cmp.Diff(want, load(t, store, token).Value()); diff != "" {
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
