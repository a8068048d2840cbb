package session_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// A failed commit keeps every change, in their order, beside those that follow it.
func TestAFailedCommitKeepsEveryChange(t *testing.T) {
	soon := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Millisecond)
	for name, test := range map[string]struct {
		change, later request
		kept          func(s *session.Session[state], renewed bool) bool
	}{
		"Renew":    {renew, note("later"), func(_ *session.Session[state], renewed bool) bool { return renewed }},
		"LogIn":    {logIn("ada"), note("later"), func(s *session.Session[state], renewed bool) bool { return renewed && s.Value().User == "ada" }},
		"Remember": {remember(true), note("later"), func(s *session.Session[state], _ bool) bool { return s.Remembered() }},
		"a later Remember wins": {both(remember(true), count), remember(false),
			func(s *session.Session[state], _ bool) bool { return !s.Remembered() }},
		"SetDeadline": {func(s *session.Session[state]) { s.SetDeadline(soon) }, note("later"),
			func(s *session.Session[state], _ bool) bool { return s.Deadline().Equal(soon) }},
		"Update": {note("first"), note("later"),
			func(s *session.Session[state], _ bool) bool {
				return slices.Equal(s.Value().Notes, []string{"first", "later"})
			}},
	} {
		for failure, err := range map[string]error{"too large": session.ErrTooLarge, "down": errDown} {
			for amid, other := range map[string]request{"alone": nil, "beside another request": count} {
				t.Run(name+", "+failure+", "+amid, func(t *testing.T) {
					store := newProbe()
					old := stored(t, store, state{Count: 1})
					s := load(t, store, old)
					test.change(s)
					store.once("Save", func() error { return err })
					s.Commit(t.Context())
					test.later(s)
					if _, plain := err, name == "Update" || name == "SetDeadline"; other != nil && !(plain && err == errDown) {
						must(t, store, old, other)
					}
					commit(t, s)
					token := tokenOf(s)
					if !test.kept(s, !token.Equal(old)) || !test.kept(load(t, store, token), !token.Equal(old)) {
						t.Errorf("lost: %+v", s.Value())
					}
				})
			}
		}
	}
}

// The reply to the first write is lost. Each row is what the store has by then, and what
// another commit of the same session makes of it.
func TestALostReply(t *testing.T) {
	type outcome struct {
		err    error
		count  int  // in the store
		cookie bool // the client is told of the change's own token
	}
	changes := map[string]struct {
		change request
		issues bool
	}{
		"a change":    {count, false},
		"a renewal":   {both(count, renew), true},
		"a log-in":    {both(count, logIn("ada")), true},
		"remembering": {both(count, remember(true)), true},
		"ownership":   {both(count, become("ada")), true},
	}
	for name, test := range changes {
		for _, row := range []struct {
			name    string
			applied bool
			between request // of another request, with the token that works
			after   time.Duration
			plain   outcome
			issued  outcome
		}{
			{"applied", true, nil, 0, outcome{session.ErrUnavailable, 2, false}, outcome{nil, 2, true}},
			{"not applied", false, nil, 0, outcome{nil, 2, false}, outcome{nil, 2, true}},
			{"not applied, and another change", false, count, 0, outcome{session.ErrUnavailable, 2, false}, outcome{nil, 3, true}},
			{"applied, an hour ago", true, nil, 40 * time.Minute, outcome{session.ErrUnavailable, 2, false}, outcome{nil, 2, true}},
			{"not applied, an hour ago", false, nil, 40 * time.Minute, outcome{nil, 2, false}, outcome{nil, 2, true}},
			{"not applied, another change, an hour ago", false, count, 40 * time.Minute, outcome{session.ErrUnavailable, 2, false}, outcome{session.ErrUnavailable, 2, false}},
		} {
			t.Run(name+" "+row.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newProbe()
					old := stored(t, store, state{Count: 1})
					s := load(t, store, old)
					test.change(s)
					store.fail("Save", row.applied)
					if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
						t.Fatalf("got %v", err)
					}
					if !s.Modified() || hooks.Of(s).Settled() || hooks.Of(s).News() != hooks.NoNews {
						t.Error("the session takes the outcome for known")
					}
					if row.between != nil {
						must(t, store, old, row.between)
					}
					time.Sleep(row.after)
					want := row.plain
					if test.issues {
						want = row.issued
					}
					for range 2 {
						if err := s.Commit(t.Context()); !errors.Is(err, want.err) || err != nil && want.err == nil {
							t.Errorf("got %v, want %v", err, want.err)
						}
					}
					if got := record(t, store, old.ID()).Value.Count; got != want.count {
						t.Errorf("the count is %d, want %d", got, want.count)
					}
					told := hooks.Of(s).News() == hooks.NewToken
					if told != want.cookie || told && standing(t, store, tokenOf(s)) != "accepted" {
						t.Errorf("the client is told: %v, want %v", told, want.cookie)
					}
					if want.err == nil && s.Modified() || live(t, store) != 1 {
						t.Errorf("modified: %v; %d sessions", s.Modified(), live(t, store))
					}
				})
			})
		}
	}
}

// A session whose lost write was made, and which other requests have renewed since.
func TestALostReplyBeforeAnotherRenewal(t *testing.T) {
	for name, test := range map[string]struct {
		applied bool
		change  request // its own, beside a count
		other   request // with the token from before
		err     error
		count   int
		news    hooks.News
		live    int
	}{
		"applied, then remembering":     {true, remember(true), remember(false), nil, 2, hooks.NoNews, 1},
		"applied, then a log-in":        {true, remember(true), logIn("ada"), nil, 2, hooks.NoNews, 1},
		"applied, then an end":          {true, remember(true), logOut, session.ErrGone, 0, hooks.NoNews, 0},
		"applied, then its log-in":      {true, logIn("ada"), logIn("ada"), nil, 2, hooks.NewToken, 1}, // which joins
		"not applied, then a log-in":    {false, renew, logIn("ada"), session.ErrGone, 1, hooks.NoNews, 1},
		"not applied, then remembering": {false, renew, remember(true), nil, 2, hooks.NewToken, 1},
		"not applied, then its log-in":  {false, logIn("ada"), logIn("ada"), nil, 2, hooks.NewToken, 1},
		"log-in, not applied, an end":   {false, logIn("ada"), logOut, nil, 0, hooks.NewToken, 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			both(count, test.change)(s)
			store.fail("Save", test.applied)
			s.Commit(t.Context())
			must(t, store, old, test.other)
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("got %v, want %v", err, test.err)
			}
			if rec := record0(store, old); rec.Value.Count != test.count || live(t, store) != test.live {
				t.Errorf("the count is %d, want %d; %d sessions", rec.Value.Count, test.count, live(t, store))
			}
			if got := hooks.Of(s).News(); got != test.news || got == hooks.NewToken && standing(t, store, tokenOf(s)) != "accepted" {
				t.Errorf("news %v, want %v", got, test.news)
			}
		})
	}
}

// Four renewals may have dropped the lost write's secret from a full list. Then nobody
// knows whether it was made.
func TestALostReplyBeforeAFullListOfSecrets(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	both(count, remember(true))(s)
	store.fail("Save", true)
	s.Commit(t.Context())
	for i := range 6 {
		token = must(t, store, token, remember(i%2 == 0))
	}
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if got := value(t, store, token).Count; got != 2 {
		t.Errorf("the count is %d, want 2", got)
	}
}

// A draft that grew after the lost write knows which of its edits that write had.
func TestChangesAfterALostReply(t *testing.T) {
	for name, applied := range map[string]bool{"applied": true, "not applied": false} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			both(note("first"), remember(true), endIn(time.Hour))(s)
			store.fail("Save", applied)
			s.Commit(t.Context())
			both(note("second"), renew)(s)
			if diff := cmp.Diff([]string{"first", "second"}, s.Value().Notes); diff != "" {
				t.Error("before the commit: ", diff)
			}
			must(t, store, old, note("other"))
			commit(t, s)
			want := []string{"first", "other", "second"}
			if !applied {
				want = []string{"other", "first", "second"}
			}
			if diff := cmp.Diff(want, value(t, store, tokenOf(s)).Notes); diff != "" || !s.Remembered() || time.Until(s.Deadline()) > time.Hour {
				t.Errorf("remembered: %v, deadline %v\n%s", s.Remembered(), s.Deadline(), diff)
			}
			if got := standing(t, store, old); got != "gone" {
				t.Errorf("the renewal after the lost write leaves the old token %s", got)
			}
		})
	}
	t.Run("that take it back", func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Update(increment)
		store.fail("Save", true)
		for range 2 {
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			s.Update(func(v *state) { v.Count = 1 })
		}
	})
	t.Run("that fail for another reason", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(increment)
		store.fail("Save", true)
		s.Commit(t.Context())
		s.Update(increment)
		for _, op := range []string{"Load", "Save"} {
			store.fail(op, false)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if got := value(t, store, token).Count; got != 2 {
			t.Errorf("the count is %d", got)
		}
	})
	t.Run("after Discard", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(increment)
		store.fail("Save", true)
		s.Commit(t.Context())
		s.Discard()
		s.Update(func(v *state) { v.Count += 10 })
		commit(t, s)
		if got := value(t, store, token).Count; got != 12 {
			t.Errorf("the count is %d", got)
		}
	})
}

// The reply to a creation is lost.
func TestALostReplyOfACreation(t *testing.T) {
	for name, change := range map[string]request{"a change": count, "a log-in": both(count, logIn("ada"))} {
		for outcome, applied := range map[string]bool{"applied": true, "not applied": false} {
			t.Run(name+", "+outcome, func(t *testing.T) {
				store := newProbe()
				s := session.New(store, nil)
				change(s)
				store.fail("Save", applied)
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || hooks.Of(s).News() != hooks.NoNews {
					t.Fatalf("got %v, news %v", err, hooks.Of(s).News())
				}
				s.Update(func(v *state) { v.Notes = []string{"later"} })
				commit(t, s)
				v := value(t, store, tokenOf(s))
				if hooks.Of(s).News() != hooks.NewToken || live(t, store) != 1 || v.Count != 1 || len(v.Notes) != 1 {
					t.Errorf("news %v; %d sessions; %+v", hooks.Of(s).News(), live(t, store), v)
				}
			})
		}
	}
	t.Run("that comes late, and was ended meanwhile", func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		logIn("ada")(s)
		var late session.Record[state]
		lossy := &lateSave{probe: store, late: &late}
		s2, err := session.Load(t.Context(), lossy, nil, session.NewToken(session.NewID()), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		logIn("ada")(s2)
		s2.Commit(t.Context())
		commit(t, s2)
		if s2.ID() == late.ID {
			t.Error("the second attempt has the ID of the first, so that a late first one could revive an ended session")
		}
	})
}

// A store that panics, or ends the goroutine, may have the write or not. Another commit
// does not make the change twice.
func TestAStoreThatPanics(t *testing.T) {
	for name, end := range map[string]func(){"panics": func() { panic("store") }, "ends the goroutine": runtime.Goexit} {
		for when, applied := range map[string]bool{"after the write": true, "before it": false} {
			for what, test := range map[string]struct {
				isNew  bool
				change request
				fails  bool // if the write was made
			}{
				"a change":   {false, count, true},
				"a log-in":   {false, both(count, logIn("ada")), false},
				"a creation": {true, both(count, count), false},
			} {
				t.Run(fmt.Sprint(name, " ", when, " of ", what), func(t *testing.T) {
					store := newProbe()
					s := session.New(store, nil)
					if !test.isNew {
						s = load(t, store, stored(t, store, state{Count: 1}))
					}
					test.change(s)
					hook := at("Save", 1, func() error { end(); return nil })
					if store.before = hook; applied {
						store.before, store.after = nil, hook
					}
					done := make(chan bool)
					go func() {
						defer close(done)
						panics(func() { s.Commit(context.Background()) })
					}()
					<-done
					if err := s.Commit(t.Context()); errors.Is(err, session.ErrUnavailable) != (applied && test.fails) || err != nil && !applied {
						t.Errorf("got %v", err)
					}
					for rec := range store.All(t.Context()) {
						if rec.Value.Count != 2 {
							t.Errorf("the count is %d", rec.Value.Count)
						}
					}
					if n := live(t, store); n != 1 {
						t.Errorf("%d sessions", n)
					}
				})
			}
		}
	}
}

// A lateSave keeps the first record that it is to save, and fails.
type lateSave struct {
	*probe
	late *session.Record[state]
}

func (s *lateSave) Save(ctx context.Context, rec *session.Record[state]) error {
	if s.late.ID.IsZero() {
		*s.late = *rec
		return errDown
	}
	return s.probe.Save(ctx, rec)
}

// Every attempt of one commit offers the same secret, so that a lost one is recognised.
func TestAttemptsOfOneCommitShareOneSecret(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	seen := map[string]bool{}
	spy := &spySave{store, func(rec *session.Record[state]) {
		data, _ := rec.Secrets.AppendBinary(nil)
		seen[fmt.Sprintf("%x", data[4:45])] = true
	}}
	s, err := session.Load(t.Context(), spy, nil, old, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	s.Renew()
	meanwhile(t, store, old, "Save", 3, increment)
	commit(t, s)
	if len(seen) != 1 {
		t.Errorf("%d secrets in four attempts", len(seen))
	}
}

// A spySave shows what is to be saved.
type spySave struct {
	*probe
	see func(*session.Record[state])
}

func (s *spySave) Save(ctx context.Context, rec *session.Record[state]) error {
	s.see(rec)
	return s.probe.Save(ctx, rec)
}

// A conflict after a failure whose outcome is known is resolved as any.
func TestAConflictAfterAFailureThatWroteNothing(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, store *probe, s *session.Session[state]){
		"of a touch": func(t *testing.T, store *probe, s *session.Session[state]) {
			time.Sleep(30 * time.Minute)
			store.fail("Touch", false)
			commit(t, s)
		},
		"of a write that was made again": func(t *testing.T, store *probe, s *session.Session[state]) {
			store.fail("Save", false)
			s.Update(increment)
			s.Commit(t.Context())
			commit(t, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{User: "ada"})
				s := load(t, store, token)
				fail(t, store, s)
				must(t, store, token, count)
				s.Update(increment)
				commit(t, s)
			})
		})
	}
}

// A new session can end before a slow store has it. No other request is to blame.
func TestANewSessionThatEndsBeforeItIsStored(t *testing.T) {
	store := newProbe()
	store.once("Save", func() error { return session.ErrNotFound })
	s := session.New(store, nil)
	s.LogIn(func(v *state) { v.User = "ada" })
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || s.Gone() {
		t.Errorf("got %v, gone: %v", err, s.Gone())
	}
	if err := s.Commit(t.Context()); err != nil || live(t, store) != 1 {
		t.Errorf("again: %v, %d sessions", err, live(t, store))
	}
}
