package session_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestMaxPerOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		policy := &session.Policy{MaxPerOwner: 3}
		var tokens []session.Token
		for range 5 {
			s := session.New(store, policy)
			s.Update(func(v *state) { v.User = "ada" })
			commit(t, s)
			token, _ := s.Token()
			tokens = append(tokens, token)
			time.Sleep(time.Second)
		}
		for i, token := range tokens {
			if got, want := load(t, store, token).IsNew(), i < 2; got != want {
				t.Errorf("session %d ended: %v, want %v", i, got, want)
			}
		}
	})
}

func TestMaxPerOwnerHoldsUnderParallelLogIns(t *testing.T) {
	store := newProbe()
	policy := &session.Policy{MaxPerOwner: 3}
	done := make(chan error)
	for i := range 100 {
		go func() {
			s := session.New(store, policy)
			s.Update(func(v *state) { v.User, v.Notes = "ada", []string{fmt.Sprint(i)} })
			done <- s.Commit(t.Context())
		}()
	}
	for range 100 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := live(t, store); got > 3 || got == 0 {
		t.Errorf("%d sessions", got)
	}
}

func TestParallelLogInsDoNotEndEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		policy := &session.Policy{MaxPerOwner: 1}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				s := session.New(store, policy)
				s.Update(func(v *state) { v.User = "ada" })
				if err := s.Commit(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := live(t, store); got != 1 {
			t.Errorf("%d sessions are left", got)
		}
	})
}

// A node whose clock is behind must not end the session that it just made.
func TestMaxPerOwnerUnderClockSkew(t *testing.T) {
	store := newProbe()
	rec := session.Record[state]{ID: session.NewToken().ID(), Owner: "ada", Value: state{User: "ada"}}
	rec.Renewed = time.Now().Add(10 * time.Minute).UTC().Truncate(time.Millisecond) // by a node that is ahead
	rec.Expires = rec.Renewed.Add(time.Hour)
	rec.Deadline = rec.Expires
	if err := store.Store.Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	s := session.New(store, &session.Policy{MaxPerOwner: 1})
	s.LogIn(logInEdit("ada"))
	commit(t, s)
	if token, _ := s.Token(); load(t, store, token).Value().User != "ada" || live(t, store) != 1 {
		t.Errorf("the new session is not the one that lives; %d do", live(t, store))
	}
}

// A panickingIndex panics when it is asked for an owner's sessions a second time,
// which is after a log-in was stored.
type panickingIndex struct {
	*probe
	calls int
}

func (p *panickingIndex) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[state], error] {
	if p.calls++; p.calls == 2 {
		panic("index")
	}
	return p.probe.ByOwner(ctx, owner)
}

func TestAPanicAfterALogInWasStored(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s, err := session.Load(t.Context(), &panickingIndex{probe: store}, &session.Policy{MaxPerOwner: 5}, old)
	if err != nil {
		t.Fatal(err)
	}
	s.LogIn(logInEdit("ada"))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		s.Commit(t.Context())
	}()
	s.Update(increment)
	commit(t, s)
	token, _ := s.Token()
	if v := load(t, store, token).Value(); v.User != "ada" || v.Count != 2 || live(t, store) != 1 {
		t.Errorf("%+v, %d sessions", v, live(t, store))
	}
}
