package session_test

import (
	"context"
	"testing"
	"testing/synctest"
)

// An edit that commits panics, also while another goroutine commits.
func TestAnEditThatCommitsBesideACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		ctx, cancel := context.WithCancel(t.Context()) // ends the deadlock
		other := make(chan bool)
		var panicked any
		go func() {
			defer func() { panicked = recover() }()
			s.Update(func(*state) { <-other; s.Commit(ctx) })
		}()
		synctest.Wait()
		go s.Commit(context.Background())
		synctest.Wait()
		close(other)
		synctest.Wait()
		cancel()
		synctest.Wait()
		if panicked == nil {
			t.Error("the edit waited for its own end")
		}
	})
}
