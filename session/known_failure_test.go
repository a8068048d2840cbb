package session_test

import (
	"testing"
)

// A commit that met a conflict wrote nothing. If the load after it fails, the
// outcome is known, and a further commit replays the edits.
func TestAFailedLoadAfterAConflict(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, other := load(t, store, token), load(t, store, token)
	other.Update(increment)
	commit(t, other)
	s.Update(increment)
	store.once("Load", func() error { return errDown })
	s.Commit(t.Context())
	commit(t, s)
	if got := load(t, store, token).Value().Count; got != 3 {
		t.Errorf("count %d", got)
	}
}
