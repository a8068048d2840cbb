package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func within(t *testing.T, x session.Transaction) context.Context {
	return session.WithTransaction(t.Context(), x)
}

func commitWithin(t *testing.T, s *session.Session[state], x session.Transaction) {
	t.Helper()
	if err := s.Commit(within(t, x)); err != nil {
		t.Fatal(err)
	}
}

// inTransactions are the changes of a session with one note.
var inTransactions = map[string]func(*session.Session[state]){
	"an update":         func(s *session.Session[state]) { s.Update(increment) },
	"a renewal":         func(s *session.Session[state]) { s.Renew(); s.Update(increment) },
	"a log-in":          func(s *session.Session[state]) { s.LogIn(logInEdit("ada")) },
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
			if v := load(t, store, old).Value(); v.Count != 0 || len(v.Notes) != 1 {
				t.Errorf("before the transaction ends, others see %+v", v)
			}
			want, token := s.Value(), tokenOf(s)
			if err := x.commit(); err != nil {
				t.Fatal(err)
			}
			commit(t, s)
			if diff := cmp.Diff(want, s.Value()); diff != "" || !tokenOf(s).Equal(token) || s.Modified() || !hooks.Of(s).Settled() {
				t.Errorf("the session has become another (modified: %v, settled: %v, new: %v, token: %v):\n%s", s.Modified(), hooks.Of(s).Settled(), s.IsNew(), tokenOf(s).Equal(token), diff)
			}
			if token.IsZero() {
				return // ended
			}
			if diff := cmp.Diff(want, load(t, store, token).Value()); diff != "" {
				t.Errorf("stored:\n%s", diff)
			}
		})
	}
}

func tokenOf(s *session.Session[state]) session.Token {
	token, _ := s.Token()
	return token
}

// A session that was saved in a transaction is as before if that is rolled back, for
// later commits too.
func TestARolledBackTransaction(t *testing.T) {
	for name, change := range inTransactions {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, old), store.begin()
			id, expires := s.ID(), s.Expires()
			change(s)
			commitWithin(t, s, x)
			x.rollback()
			commit(t, s)
			if s.ID() != id || !tokenOf(s).Equal(old) || s.IsNew() || s.Gone() || !s.Expires().Equal(expires) || s.Modified() || s.Value().Count != 0 {
				t.Errorf("the session is not as before: %+v", s.Value())
			}
			s.Update(func(v *state) { v.Notes = append(v.Notes, "b") })
			commit(t, s)
			if v := load(t, store, old).Value(); v.Count != 0 || v.User != "" || len(v.Notes) != 2 {
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

// A destroyed session stays destroyed, whenever it was destroyed and under whichever
// token.
func TestDestroyOutlivesARollback(t *testing.T) {
	for name, test := range map[string]struct{ before, after func(*session.Session[state]) }{
		"destroyed in it":             {(*session.Session[state]).Destroy, readOnly},
		"updated, then destroyed":     {func(s *session.Session[state]) { s.Update(increment) }, (*session.Session[state]).Destroy},
		"renewed, then destroyed":     {(*session.Session[state]).Renew, (*session.Session[state]).Destroy},
		"ended, then destroyed":       {inTransactions["a deadline passed"], (*session.Session[state]).Destroy},
		"destroyed, then begun again": {(*session.Session[state]).Destroy, func(s *session.Session[state]) { s.Update(increment) }},
	} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			old := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, old), store.begin()
			test.before(s)
			commitWithin(t, s, x)
			test.after(s)
			x.rollback()
			commit(t, s)
			if _, err := store.Load(t.Context(), old.ID()); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("the session lives: %v", err)
			}
			if v := s.Value(); len(v.Notes) != 0 || tokenOf(s).Equal(old) || tokenOf(s).IsZero() != (v.Count == 0) {
				t.Errorf("the session has %+v", v)
			}
		})
	}
}

func readOnly(*session.Session[state]) {}

// Changes after the commit are made on the value that counts in the end.
func TestChangesAfterACommitInATransaction(t *testing.T) {
	for name, kept := range map[string]bool{"committed": true, "rolled back": false} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			token := stored(t, store, state{Notes: []string{"a"}})
			s, x := load(t, store, token), store.begin()
			s.Update(increment)
			commitWithin(t, s, x)
			s.Update(func(v *state) { v.Notes = append(v.Notes, "b") })
			want := state{Notes: []string{"a", "b"}}
			if x.rollback(); kept {
				x.commit()
				want.Count = 1
			}
			commit(t, s)
			if diff := cmp.Diff(want, load(t, store, token).Value()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// While the transaction is open, or its outcome unknown, nothing is said to be done.
func TestATransactionWithoutAnOutcome(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), store.begin()
	s.Update(increment)
	commitWithin(t, s, x)
	for name, prepare := range map[string]func(){"open": func() {}, "unknown": func() { x.commit(); x.outcome = errDown }} {
		prepare()
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || !s.Modified() || hooks.Of(s).Settled() {
			t.Errorf("%s: got %v", name, err)
		}
		x.over = false
	}
	x.over, x.outcome = true, nil
	commit(t, s)
	if s.Value().Count != 2 || s.Modified() {
		t.Error("the change is lost")
	}
}

// Each commit in a transaction counts by itself: one of them may be rolled back to a
// savepoint.
func TestSeveralCommitsInTransactions(t *testing.T) {
	for name, kept := range map[string][2]bool{
		"all": {true, true}, "the first": {true, false}, "none": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			token := stored(t, store, state{Count: 1})
			s, x := load(t, store, token), store.begin()
			savepoint := &tx{store: store, read: x.read, written: x.written}
			want := 1
			for i, x := range []*tx{x, savepoint} {
				s.Update(increment)
				commitWithin(t, s, x)
				if kept[i] {
					want++
				}
			}
			x.over, savepoint.over, x.kept, savepoint.kept = true, true, kept[0], kept[1]
			commit(t, s)
			if got := s.Value().Count; got != want {
				t.Errorf("%d, want %d", got, want)
			}
		})
	}
}

// A commit that fails in a transaction leaves nothing for the next one, which would
// save it without the rest of the transaction.
func TestAFailedCommitInATransactionDropsItsChanges(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), store.begin()
	other := load(t, store, token)
	other.Destroy()
	commit(t, other)
	s.Update(increment)
	if err := s.Commit(within(t, x)); !errors.Is(err, session.ErrGone) {
		t.Fatalf("got %v", err)
	}
	x.rollback()
	if s.Modified() || !s.Gone() {
		t.Error("there is something left to commit")
	}
	commit(t, s)
}

// A transaction that knows its end tells the session at once.
func TestATransactionTellsItsEnd(t *testing.T) {
	store := newTxStore()
	token := stored(t, store, state{Count: 1})
	for want, end := range map[int]func(*tx){1: (*tx).rollback, 2: func(x *tx) { x.commit() }} {
		s, x := load(t, store, token), store.begin()
		s.Update(increment)
		commitWithin(t, s, x)
		end(x)
		x.tell(t.Context())
		if got := s.Value().Count; got != want || !hooks.Of(s).Settled() {
			t.Errorf("%d, want %d", got, want)
		}
		token = stored(t, store, state{Count: 1})
	}
}

// A store without transactions saves outside, and the application learns it.
func TestAStoreWithoutTransactions(t *testing.T) {
	store := memstore.New[state](nil)
	token := stored(t, store, state{Count: 1})
	s, x := load(t, store, token), newTxStore().begin()
	if err := s.Commit(within(t, x)); err != nil {
		t.Errorf("nothing to save: %v", err)
	}
	s.Update(increment)
	if err := s.Commit(within(t, x)); !errors.Is(err, session.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	x.rollback()
	commit(t, s)
	if s.Value().Count != 2 || load(t, store, token).Value().Count != 2 {
		t.Error("the session does not know what is stored")
	}
}

// Events are those of transactions that were committed.
func TestEventsOfATransaction(t *testing.T) {
	for name, want := range map[string][]session.EventKind{
		"committed":   {session.EventLoaded, session.EventSaved},
		"rolled back": {session.EventLoaded},
	} {
		t.Run(name, func(t *testing.T) {
			store := newTxStore()
			var got []session.EventKind
			policy := &session.Policy{Observe: func(_ context.Context, e session.Event) { got = append(got, e.Kind) }}
			s, x := loadWith(t, store, policy, stored(t, store, state{Count: 1})), store.begin()
			s.Update(increment)
			commitWithin(t, s, x)
			if len(got) != 1 {
				t.Errorf("before the end: %v", got)
			}
			if x.rollback(); name == "committed" {
				x.commit()
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
	if diff := cmp.Diff(state{Notes: []string{"b"}}, load(t, store, tokenOf(s)).Value()); diff != "" {
		t.Error(diff)
	}
}
