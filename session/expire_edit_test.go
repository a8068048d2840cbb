package session_test

import (
	"testing"
	"time"
)

// What is edited while the deadline ends a session begins a new, empty one: the
// ended session's value does not come back.
func TestAnEditWhileTheDeadlineEndsTheSession(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{User: "ada", Count: 7}))
	s.SetDeadline(time.Time{})
	store.once("Delete", func() error { s.Update(increment); return nil })
	commit(t, s)
	commit(t, s)
	token, _ := s.Token()
	if v := load(t, store, token).Value(); v.User != "" || v.Count != 1 {
		t.Errorf("the ended session is back: %+v", v)
	}
}
