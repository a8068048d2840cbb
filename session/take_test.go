package session_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

func TestTake(t *testing.T) {
	notes := func(v *state) *[]string { return &v.Notes }
	user := func(v *state) *string { return &v.User }
	tags := func(v *state) *map[string]string { return &v.Tags }
	next := func(v *state) **state { return &v.Next }
	take := func(s *session.Session[state]) any {
		switch {
		case s.Value().Notes != nil:
			return session.Take(s, notes)
		case s.Value().Tags != nil:
			return session.Take(s, tags)
		case s.Value().Next != nil:
			return session.Take(s, next)
		}
		return session.Take(s, user)
	}
	tests := []struct {
		name        string
		start       state
		meanwhile   func(*state)
		taken, left any
	}{
		{"alone", state{Notes: []string{"a", "b"}}, nil, []string{"a", "b"}, state{}},
		{"appended", state{Notes: []string{"a"}}, func(v *state) { v.Notes = append(v.Notes, "b") }, []string{"a"}, state{Notes: []string{"b"}}},
		{"prepended", state{Notes: []string{"a"}}, func(v *state) { v.Notes = []string{"z", "a"} }, []string{"a"}, state{Notes: []string{"z"}}},
		{"the same again", state{Notes: []string{"a"}}, func(v *state) { v.Notes = []string{"a", "a"} }, []string{"a"}, state{Notes: []string{"a"}}},
		{"taken by another", state{Notes: []string{"a"}}, func(v *state) { v.Notes = nil }, []string{"a"}, state{}},
		{"replaced", state{Notes: []string{"a"}}, func(v *state) { v.Notes = []string{"new"} }, []string{"a"}, state{Notes: []string{"new"}}},
		{"entry added", state{Tags: map[string]string{"a": "1"}}, func(v *state) { v.Tags["b"] = "2" }, map[string]string{"a": "1"}, state{Tags: map[string]string{"b": "2"}}},
		{"entry replaced", state{Tags: map[string]string{"a": "1"}}, func(v *state) { v.Tags["a"] = "2" }, map[string]string{"a": "1"}, state{Tags: map[string]string{"a": "2"}}},
		{"pointer", state{Next: &state{Count: 1}}, nil, &state{Count: 1}, state{}},
		{"pointer replaced", state{Next: &state{Count: 1}}, func(v *state) { v.Next.Count = 2 }, &state{Count: 1}, state{Next: &state{Count: 2}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := newProbe()
			start := test.start
			start.Count = 1 // so that the session stays
			token := stored(t, store, start)
			s := load(t, store, token)
			if diff := cmp.Diff(test.taken, take(s)); diff != "" {
				t.Error(diff)
			}
			if second := take(s); !cmp.Equal(second, "") {
				t.Errorf("taken twice: %v", second)
			}
			if test.meanwhile != nil {
				other := load(t, store, token)
				other.Update(test.meanwhile)
				commit(t, other)
			}
			commit(t, s)
			left := load(t, store, token).Value()
			left.Count = 0
			if diff := cmp.Diff(test.left, left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTakeReturnsACopy(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1, Notes: []string{"a"}})
	s, other := load(t, store, token), load(t, store, token)
	taken := session.Take(s, func(v *state) *[]string { return &v.Notes })
	taken[0] = "b"
	other.Update(func(v *state) { v.Notes = []string{"a", "b"} })
	commit(t, other)
	commit(t, s)
	if diff := cmp.Diff(state{Count: 1, Notes: []string{"b"}}, load(t, store, token).Value()); diff != "" {
		t.Error(diff)
	}
}

func TestTakeOfAnEmptyFieldIsNoChange(t *testing.T) {
	for _, start := range []state{{Count: 1}, {Count: 1, Notes: []string{}}} {
		store := newProbe()
		s := load(t, store, stored(t, store, start))
		if got := session.Take(s, func(v *state) *[]string { return &v.Notes }); len(got) > 0 || s.Modified() {
			t.Errorf("%v taken from %v, Modified %v", got, start, s.Modified())
		}
	}
}
