package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/seed48429006/sessions/session"
)

var errNothing = errors.New("there is nothing to take")

// takeNotes takes the notes, which works once.
func takeNotes(v *state) ([]string, error) {
	notes := v.Notes
	v.Notes, v.Count = nil, v.Count+1
	if len(notes) == 0 {
		return notes, errNothing
	}
	return notes, nil
}

// Each row is a request that takes the notes of a session.
func TestOnce(t *testing.T) {
	two := []string{"a", "b"}
	for name, test := range map[string]struct {
		start  []string
		first  request // what the request did before
		before func(t *testing.T, store *probe, token session.Token)
		want   []string
		err    error
		count  int      // in the store afterwards
		left   []string // in the store afterwards
		calls  string
	}{
		"works":               {two, read, nil, two, nil, 1, nil, "Save"},
		"fails":               {nil, read, nil, nil, errNothing, 0, nil, ""},
		"saves changes first": {nil, both(note("a"), note("b")), nil, two, nil, 1, nil, "Save Save"},
		"fails after changes": {nil, count, nil, nil, errNothing, 1, nil, "Save"},
		"fails after changes of a passive request": {nil, both(passive, count), nil, nil, errNothing, 1, nil, "Load Save"},
		"finds the session gone":                   {two, read, func(t *testing.T, p *probe, token session.Token) { must(t, p, token, renew) }, nil, session.ErrGone, 0, two, "Save Load"},
		"meets a change": {two, read, func(t *testing.T, p *probe, token session.Token) {
			p.once("Save", func() error { p.aside(func() { must(t, p, token, note("c")) }); return nil })
		}, []string{"a", "b", "c"}, nil, 1, nil, "Save Load Save Load Save"},
		"meets another that takes": {two, read, func(t *testing.T, p *probe, token session.Token) {
			p.once("Save", func() error {
				p.aside(func() {
					if got, err := session.Once(t.Context(), load(t, p, token), takeNotes); len(got) != 2 || err != nil {
						t.Error(got, err)
					}
				})
				return nil
			})
		}, nil, errNothing, 1, nil, "Save Load Save Load"},
		"finds the store down":       {two, read, func(_ *testing.T, p *probe, _ session.Token) { p.fail("Save", false) }, nil, session.ErrUnavailable, 0, two, "Save"},
		"loses the reply":            {two, read, func(_ *testing.T, p *probe, _ session.Token) { p.fail("Save", true) }, nil, session.ErrUnavailable, 1, nil, "Save"},
		"cannot save changes before": {two, count, func(_ *testing.T, p *probe, _ session.Token) { p.fail("Save", false) }, nil, session.ErrUnavailable, 1, two, "Save"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{User: "ada", Notes: test.start})
				s := load(t, store, token)
				test.first(s)
				if test.before != nil {
					test.before(t, store, token)
				}
				store.calls()
				got, err := session.Once(t.Context(), s, takeNotes)
				if calls := store.calls(); !slices.Equal(got, test.want) || !errors.Is(err, test.err) || calls != test.calls && test.err != session.ErrGone {
					t.Errorf("%q, %v, calls %q", got, err, calls)
				}
				commit := s.Commit(t.Context()) // the middleware's
				if commit != nil && test.err != session.ErrGone {
					t.Error(commit)
				}
				rec := record(t, store, token.ID())
				if rec.Value.Count != test.count || !slices.Equal(rec.Value.Notes, test.left) {
					t.Errorf("the store has %+v", rec.Value)
				}
			})
		})
	}
}

// An edit that panics, at once or in a replay, leaves nothing to save.
func TestOncePanics(t *testing.T) {
	for name, at := range map[string]int{"at once": 1, "in a replay": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{User: "ada"})
				s := load(t, store, token)
				meanwhile(t, store, token, "Save", 1, increment)
				runs := 0
				p := panics(func() {
					session.Once(t.Context(), s, func(v *state) (int, error) {
						v.Count = 100
						if runs++; runs == at {
							panic("no")
						}
						return 0, nil
					})
				})
				if p != "no" || s.Modified() {
					t.Errorf("panic %v, modified %v", p, s.Modified())
				}
			})
		})
	}
}

// Of all requests that take at once, one gets the notes, whatever the order and the fault.
func TestEveryOrderOfOnce(t *testing.T) {
	take := func(got *[]string) request {
		return func(s *session.Session[state]) {
			notes, err := session.Once(context.Background(), s, takeNotes)
			if err == nil {
				*got = append(*got, notes...)
			}
		}
	}
	var got [2][]string
	o := overlap{Start: state{Count: 1, Notes: []string{"a"}}}
	for i := range got {
		o.Handlers = append(o.Handlers, take(&got[i]))
	}
	overlaps(t, o, func(tb testing.TB, out outcome) {
		defer func() { got = [2][]string{} }() // for the next order
		if n := len(got[0]) + len(got[1]); n > 1 || n == 0 && out.Fault == "" {
			tb.Errorf("the note was taken %d times", n)
		}
	})
}
