package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

func TestValueSharesNothing(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Notes: []string{"a"}, Tags: map[string]string{"k": "v"}, Next: &state{Count: 1}})
	s := load(t, store, token)
	v := s.Value()
	v.Notes[0], v.Tags["k"], v.Next.Count = "changed", "changed", 9
	if s.Modified() || s.Changes() != nil {
		t.Error("writing to a Value changed the session")
	}
	commit(t, s)
	if diff := cmp.Diff(state{Notes: []string{"a"}, Tags: map[string]string{"k": "v"}, Next: &state{Count: 1}}, load(t, store, token).Value()); diff != "" {
		t.Error(diff)
	}
}

func TestAKeptArgumentDoesNotLeadIntoTheStore(t *testing.T) {
	store := newProbe()
	own := []string{"mine"}
	var kept *state
	s := session.New(store, nil)
	s.Update(func(v *state) { v.Notes, kept = own, v })
	set := state{Tags: map[string]string{"k": "v"}}
	s.Update(func(v *state) { v.Tags = set.Tags })
	commit(t, s)
	token, _ := s.Token()
	own[0], kept.Count, set.Tags["k"] = "changed", 7, "changed"
	want := state{Notes: []string{"mine"}, Tags: map[string]string{"k": "v"}}
	for _, s := range []*session.Session[state]{s, load(t, store, token)} {
		if diff := cmp.Diff(want, s.Value()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnUpdateThatChangesNothingWritesNothing(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1, Notes: []string{"a"}})
	s := load(t, store, token)
	store.calls()
	s.Update(func(v *state) { v.Count, v.Notes = 2, append(v.Notes, "b") })
	if !s.Modified() || !slices.Equal(s.Changes(), []string{"Count", "Notes"}) {
		t.Errorf("Modified %v, Changes %v", s.Modified(), s.Changes())
	}
	s.Update(func(v *state) { v.Count, v.Notes = 1, v.Notes[:1] })
	if s.Modified() || s.Changes() != nil {
		t.Errorf("Modified %v, Changes %v after the change was taken back", s.Modified(), s.Changes())
	}
	commit(t, s)
	if got := store.calls(); got != "" {
		t.Errorf("calls %q, want none", got)
	}
}

func TestAnEmptyNewSessionIsNotStored(t *testing.T) {
	store := newProbe()
	s := session.New(store, nil)
	s.Update(func(*state) {})
	s.Set(state{})
	s.Renew()
	s.Persist(true)
	commit(t, s)
	if _, ok := s.Token(); ok || !s.IsNew() || store.calls() != "" {
		t.Error("an empty session was stored")
	}
}

func TestAnEditThatPanicsChangesNothing(t *testing.T) {
	s := session.New(newProbe(), nil)
	s.Update(increment)
	func() {
		defer func() { recover() }()
		s.Update(func(v *state) { v.Count = 100; panic("no") })
	}()
	s.Update(increment)
	if got := s.Value().Count; got != 2 {
		t.Errorf("count %d, want 2", got)
	}
}

// Not even when it is set again, since another request was first.
func TestSetCopiesItsArgument(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, other := load(t, store, token), load(t, store, token)
	given := state{Notes: []string{"a"}}
	s.Set(given)
	given.Notes[0] = "changed"
	other.Update(increment)
	commit(t, other)
	commit(t, s)
	for _, s := range []*session.Session[state]{s, load(t, store, token)} {
		if diff := cmp.Diff(state{Notes: []string{"a"}}, s.Value()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSetAndClearReplaceTheNewerValue(t *testing.T) {
	for name, edit := range map[string]func(*session.Session[state]){
		"Set":   func(s *session.Session[state]) { s.Set(state{Count: 5}) },
		"Clear": func(s *session.Session[state]) { s.Clear(); s.Update(func(v *state) { v.Count = 5 }) },
	} {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		first, second := load(t, store, token), load(t, store, token)
		second.Update(func(v *state) { v.Notes = []string{"other"} })
		commit(t, second)
		edit(first)
		commit(t, first)
		if diff := cmp.Diff(state{Count: 5}, load(t, store, token).Value()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestACycleIsAnErrorAtCommit(t *testing.T) {
	loop := state{Count: 1}
	loop.Next = &loop
	for name, edit := range map[string]func(*session.Session[state]){
		"Set":    func(s *session.Session[state]) { s.Set(loop) },
		"Update": func(s *session.Session[state]) { s.Update(func(v *state) { v.Next = v }) },
	} {
		store := newProbe()
		s := session.New(store, nil)
		edit(s)
		_, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context()))
		if !ok || !s.Modified() || store.calls() != "" {
			t.Errorf("%s: a value that contains itself was taken", name)
		}
		s.Discard()
		s.Update(increment)
		commit(t, s)
	}
}

// An edit may make a cycle of what another request left, but not of what it found.
func TestACycleMadeOnReplayIsAnErrorAtCommit(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, other := load(t, store, token), load(t, store, token)
	s.Update(func(v *state) {
		if v.Count++; v.Count == 3 {
			v.Next = v
		}
	})
	other.Update(increment)
	commit(t, other)
	if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok {
		t.Error("a value that contains itself was taken")
	}
	if got := load(t, store, token).Value().Count; got != 2 {
		t.Errorf("count %d, want 2", got)
	}
}

// An edit that runs while its session is destroyed or its changes are discarded
// changes nothing, and is not made later.
func TestAnEditThatRunsBesideAnEndIsDropped(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(*session.Session[state])
		count int
		isNew bool
		calls string
	}{
		"Destroy": {(*session.Session[state]).Destroy, 0, true, "Delete"},
		"Discard": {(*session.Session[state]).Discard, 1, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			store.calls()
			runs := 0
			s.Update(func(v *state) {
				if runs++; runs == 1 {
					test.end(s)
				}
				v.Count = 5
			})
			commit(t, s)
			got := store.calls()
			if runs != 1 || s.Value().Count != test.count || s.IsNew() != test.isNew || got != test.calls {
				t.Errorf("%d runs, count %d, new %v, calls %q", runs, s.Value().Count, s.IsNew(), got)
			}
		})
	}
}

func TestAnEditThatEditsPanics(t *testing.T) {
	for name, act := range map[string]func(s *session.Session[state]){
		"Update": func(s *session.Session[state]) { s.Update(increment) },
		"Set":    func(s *session.Session[state]) { s.Set(state{}) },
		"Take":   func(s *session.Session[state]) { session.Take(s, func(v *state) *int { return &v.Count }) },
		"LogIn":  func(s *session.Session[state]) { s.LogIn(increment) },
		"Commit": func(s *session.Session[state]) { s.Commit(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := session.New(newProbe(), nil)
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, "an edit must modify only its argument") {
					t.Errorf("panicked with %q", p)
				}
				s.Update(increment) // the session still works
				if s.Value().Count != 1 {
					t.Errorf("count %d", s.Value().Count)
				}
			}()
			s.Update(func(v *state) { v.Count = 7; act(s) })
		})
	}
}

func TestEditsOfTwoGoroutinesRunOneAfterTheOther(t *testing.T) {
	s, begun, release := session.New(newProbe(), nil), make(chan bool), make(chan bool)
	go s.Update(func(v *state) { close(begun); <-release; v.Count++ })
	<-begun
	done := make(chan bool)
	go func() { s.Update(increment); close(done) }()
	close(release)
	<-done
	if s.Value().Count != 2 {
		t.Errorf("count %d", s.Value().Count)
	}
}
