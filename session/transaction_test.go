package session_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func commitWithin(t *testing.T, s *session.Session[state], x session.Transaction) {
	t.Helper()
	if err := s.Commit(session.WithTransaction(t.Context(), x)); err != nil {
		t.Fatal(err)
	}
}

// inTransactions are the changes of a session with one note.
var inTransactions = map[string]request{
	"an update":         count,
	"a renewal":         both(renew, count),
	"remembering":       remember(true),
	"a log-in":          logIn("ada"),
	"a log-out":         logOut,
	"a deadline passed": func(s *session.Session[state]) { s.SetDeadline(time.Time{}) },
}

// A session that was saved in a transaction is saved if that is committed.
func TestACommittedTransaction(t *testing.T) {
	for name, change := range inTransactions {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, old), store.begin()
			change(s)
			commitWithin(t, s, x)
			if v := value(t, store, old); v.Count != 0 || len(v.Notes) != 1 || !s.Modified() || !hooks.Of(s).Committing() {
				t.Errorf("before the transaction ends, others see %+v; modified: %v", v, s.Modified())
			}
			want, token := s.Value(), tokenOf(s)
			if err := x.commit(); err != nil {
				t.Fatal(err)
			}
			if s.Modified() || !hooks.Of(s).Settled() || hooks.Of(s).Committing() {
				t.Errorf("after its end there is something to commit: %v", s.Modified())
			}
			commit(t, s)
			if diff := cmp.Diff(want, s.Value()); diff != "" || !tokenOf(s).Equal(token) {
				t.Errorf("the session has become another (token: %v):\n%s", tokenOf(s).Equal(token), diff)
			}
			if token.IsZero() {
				if got := standing(t, store, old); got != "unknown" {
					t.Errorf("the token of a session that was ended is %s", got)
				}
				return
			}
			if diff := cmp.Diff(want, value(t, store, token)); diff != "" {
				t.Errorf("stored:\n%s", diff)
			}
		})
	}
}

// A session that was saved in a transaction is as before if that is rolled back, for
// later commits too. Nothing of it is left in the store.
func TestARolledBackTransaction(t *testing.T) {
	for name, change := range inTransactions {
		if name == "a log-out" || name == "a deadline passed" {
			continue // see TestDestroyOutlivesARollback
		}
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, old), store.begin()
			before := store.rows[old.ID()]
			change(s)
			commitWithin(t, s, x)
			x.rollback()
			commit(t, s)
			if s.ID() != old.ID() || !tokenOf(s).Equal(old) || s.IsNew() || s.Gone() || !s.Expires().Equal(before.Expires) || s.Modified() || s.Value().Count != 0 || hooks.Of(s).News() != hooks.NoNews {
				t.Errorf("the session is not as before: %+v", s.Value())
			}
			if after := store.rows[old.ID()]; after.Revision != before.Revision || after.Secrets != before.Secrets {
				t.Errorf("something is left in the store: %+v", after)
			}
			s.Update(func(v *state) { v.Notes = append(v.Notes, "b") })
			commit(t, s)
			if v := value(t, store, old); v.Count != 0 || v.User != "" || len(v.Notes) != 2 {
				t.Errorf("stored: %+v", v)
			}
		})
	}
	t.Run("a new session", func(t *testing.T) {
		store := newTxStore()
		s, x := session.New[state](store, nil), store.begin()
		s.Update(increment)
		commitWithin(t, s, x)
		x.rollback()
		commit(t, s)
		if !s.IsNew() || !tokenOf(s).IsZero() || s.Value().Count != 0 || s.Modified() {
			t.Error("the session is not new")
		}
	})
}

// Nobody knows the outcome: the session goes on as before, and a later commit finds out
// what the store has.
func TestATransactionOfUnknownOutcome(t *testing.T) {
	for name, kept := range map[string]bool{"that was committed": true, "that was rolled back": false} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Count: 1})
			s, x := load(t, store, old), store.begin()
			both(count, remember(true))(s)
			commitWithin(t, s, x)
			if kept {
				maps.Copy(store.rows, x.written)
			}
			x.end(session.OutcomeUnknown)
			if hooks.Of(s).News() != hooks.NoNews || !tokenOf(s).Equal(old) {
				t.Error("the client is told of a token that may not exist")
			}
			s.Update(func(v *state) { v.Count += 10 })
			commit(t, s)
			if want, got := map[bool]int{true: 12, false: 11}[kept], value(t, store, tokenOf(s)).Count; got != want {
				t.Errorf("the count is %d, want %d", got, want)
			}
		})
	}
}

// A destroyed session stays destroyed, whenever it was destroyed and under whichever
// token. What follows begins anew.
func TestDestroyOutlivesARollback(t *testing.T) {
	for name, test := range map[string]struct {
		before, after request
		want          state
	}{
		"destroyed in it":             {logOut, read, state{}},
		"updated, then destroyed":     {count, logOut, state{}},
		"renewed, then destroyed":     {renew, logOut, state{}},
		"ended, then destroyed":       {inTransactions["a deadline passed"], logOut, state{}},
		"updated, destroyed, begun":   {count, both(logOut, count), state{Count: 1}},
		"destroyed, then begun again": {logOut, count, state{Count: 1}},
		"begun again in it":           {both(logOut, count), note("later"), state{Notes: []string{"later"}}},
	} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, old), store.begin()
			test.before(s)
			commitWithin(t, s, x)
			test.after(s)
			x.rollback()
			if diff := cmp.Diff(test.want, s.Value()); diff != "" {
				t.Error(diff)
			}
			commit(t, s)
			if got := standing(t, store, old); got != "unknown" {
				t.Errorf("the old token is %s", got)
			}
			if diff := cmp.Diff(test.want, value(t, store, tokenOf(s))); diff != "" || tokenOf(s).ID() == old.ID() {
				t.Error(diff)
			}
		})
	}
}

func TestDestroyInALaterCommitOutlivesARollback(t *testing.T) {
	store := newTxStore()
	old := stored(t, store, state{Notes: []string{"a"}})
	s, x := load(t, store, old), store.begin()
	for _, act := range []request{count, logOut, note("b")} {
		act(s)
		commitWithin(t, s, x)
	}
	x.rollback()
	commit(t, s)
	if got := standing(t, store, old); got != "unknown" || s.Modified() {
		t.Errorf("the old token is %s", got)
	}
}

// Changes after the commit are made on the value that counts in the end.
func TestChangesAfterACommitInATransaction(t *testing.T) {
	for name, kept := range map[string]bool{"committed": true, "rolled back": false} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			token := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, token), store.begin()
			s.Update(increment)
			commitWithin(t, s, x)
			both(note("b"), renew)(s)
			want := state{Notes: []string{"a", "b"}}
			if kept {
				x.commit()
				want.Count = 1
			} else {
				x.rollback()
			}
			commit(t, s)
			if diff := cmp.Diff(want, value(t, store, tokenOf(s))); diff != "" || tokenOf(s).Equal(token) {
				t.Errorf("renewed: %v; %s", !tokenOf(s).Equal(token), diff)
			}
		})
	}
	t.Run("that panic on the old value", func(t *testing.T) {
		store := newTxStore()
		token := stored(t, store, state{Count: 1})
		s, x := load(t, store, token), store.begin()
		note("a")(s)
		commitWithin(t, s, x)
		s.Update(func(v *state) { v.Notes[0] = "b" })
		x.rollback()
		if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok {
			t.Error("a change that cannot be made is not reported")
		}
	})
}

// While the transaction is open, nothing is said to be done.
func TestATransactionThatIsOpen(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), store.begin()
	s.Update(increment)
	commitWithin(t, s, x)
	for name, ctx := range map[string]context.Context{"without one": t.Context(), "in another": session.WithTransaction(t.Context(), store.begin())} {
		if err := s.Commit(ctx); !errors.Is(err, session.ErrUnavailable) || !s.Modified() {
			t.Errorf("a commit %s: %v", name, err)
		}
	}
	x.commit()
	commit(t, s)
	if s.Value().Count != 2 || s.Modified() {
		t.Error("the change is lost")
	}
}

// Several commits in one transaction are kept or undone together.
func TestSeveralCommitsInATransaction(t *testing.T) {
	for name, kept := range map[string]bool{"committed": true, "rolled back": false} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Count: 1})
			s, x := load(t, store, old), store.begin()
			for range 3 {
				both(count, renew)(s)
				commitWithin(t, s, x)
			}
			want := 1
			if kept {
				want = 4
				x.commit()
			} else {
				x.rollback()
			}
			commit(t, s)
			if got := value(t, store, tokenOf(s)).Count; got != want || tokenOf(s).Equal(old) == kept {
				t.Errorf("%d, want %d", got, want)
			}
			if len(x.finishes) != 1 {
				t.Errorf("the session waits %d times for one end", len(x.finishes))
			}
		})
	}
}

// A commit that fails in a transaction leaves nothing for the next one, which would save
// it without the rest of the transaction.
func TestAFailedCommitInATransactionDropsItsChanges(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), store.begin()
	must(t, store, token, logOut)
	s.Update(increment)
	if err := s.Commit(session.WithTransaction(t.Context(), x)); !errors.Is(err, session.ErrGone) {
		t.Fatalf("got %v", err)
	}
	x.rollback()
	if s.Modified() || !s.Gone() {
		t.Error("there is something left to commit")
	}
	commit(t, s)
}

// A transaction in which a statement failed makes the Commit fail, also if the store
// told nothing of it.
func TestACommitInABrokenTransaction(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Notes: []string{"a"}})
	s, x := load(t, store, token), store.begin()
	x.broken = errors.New("a touch met a deadlock")
	count(s)
	err := s.Commit(session.WithTransaction(t.Context(), x))
	if !errors.Is(err, x.broken) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	x.rollback()
	if v := s.Value(); v.Count != 0 || !hooks.Of(s).Settled() {
		t.Errorf("the session has %+v", v)
	}
}

// An end that is known already is told at once.
func TestATransactionThatHasEnded(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), store.begin()
	x.rollback()
	s.Update(increment)
	commitWithin(t, s, x)
	if s.Modified() || s.Value().Count != 1 || !hooks.Of(s).Settled() {
		t.Errorf("modified: %v, count %d", s.Modified(), s.Value().Count)
	}
}

// A store without transactions saves outside, and the application learns it.
func TestAStoreWithoutTransactions(t *testing.T) {
	store := memstore.New[state](nil)
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), newTxStore().begin()
	if err := s.Commit(session.WithTransaction(t.Context(), x)); err != nil {
		t.Errorf("nothing to save: %v", err)
	}
	s.Update(func(*state) {})
	if err := s.Commit(session.WithTransaction(t.Context(), x)); err != nil {
		t.Errorf("nothing changed: %v", err)
	}
	s.Update(increment)
	if err := s.Commit(session.WithTransaction(t.Context(), x)); !errors.Is(err, session.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	x.rollback()
	commit(t, s)
	if s.Value().Count != 2 || value(t, store, token).Count != 2 {
		t.Error("the session does not know what is stored")
	}
}

// Events are those of transactions that were committed. Their observer may use the
// session.
func TestEventsOfATransaction(t *testing.T) {
	for name, want := range map[string][]session.EventKind{
		"committed":   {session.EventLoaded, session.EventSaved},
		"rolled back": {session.EventLoaded},
	} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			var got []session.EventKind
			var s *session.Session[state]
			policy := &session.Policy{Observe: func(_ context.Context, e session.Event) {
				if got = append(got, e.Kind); s != nil {
					s.Update(func(*state) {})
				}
			}}
			s = loadWith(t, store, policy, stored(t, store, state{Count: 1}))
			x := store.begin()
			s.Update(increment)
			commitWithin(t, s, x)
			if len(got) != 1 {
				t.Errorf("before the end: %v", got)
			}
			if name == "committed" {
				x.commit()
			} else {
				x.rollback()
			}
			commit(t, s)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// A commit in a second transaction begins with the outcome of the first.
func TestATransactionAfterAnother(t *testing.T) {
	store := newTxStore()
	s, first, second := session.New[state](store, nil), store.begin(), store.begin()
	s.Update(increment)
	commitWithin(t, s, first)
	first.rollback()
	s.Update(func(v *state) { v.Notes = []string{"b"} })
	commitWithin(t, s, second)
	if err := second.commit(); err != nil {
		t.Fatal(err)
	}
	commit(t, s)
	if diff := cmp.Diff(state{Notes: []string{"b"}}, value(t, store, tokenOf(s))); diff != "" {
		t.Error(diff)
	}
}
