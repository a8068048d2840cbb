package sessiontest_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

func TestStoreConforms(t *testing.T) {
	newStore := func(t *testing.T) session.Store[storetest.Profile] { return sessiontest.NewStore[storetest.Profile](t) }
	corrupt := func(_ *testing.T, store session.Store[storetest.Profile], id session.ID) {
		store.(*sessiontest.Store[storetest.Profile]).Corrupt(id, io.ErrUnexpectedEOF)
	}
	storetest.Run(t, newStore, &storetest.Options{Bubble: true, Indexer: true, Lister: true, Poller: true, Watcher: true, Corrupt: corrupt})
}

// secrets are compared as a whole: cmp takes no unexported fields.
var secrets = cmp.Comparer(func(a, b session.Secrets) bool { return a == b })

// user is a session whose owner is in the value.
type user struct {
	Name string
	Tags []string
}

func (u user) SessionOwner() string { return u.Name }

// everyCall calls each method of a store once and returns the errors.
func everyCall(ctx context.Context, s *sessiontest.Store[user], id, other session.ID) map[sessiontest.Op]error {
	errs := make(map[sessiontest.Op]error)
	rec, err := s.Load(ctx, id)
	errs[sessiontest.OpLoad] = err
	rec.ID = id
	errs[sessiontest.OpSave] = s.Save(ctx, &rec)
	errs[sessiontest.OpTouch] = s.Touch(ctx, id, rec.Revision, time.Now().Add(time.Minute))
	_, errs[sessiontest.OpExists] = s.Exists(ctx, id)
	for _, err := range s.ByOwner(ctx, "ada") {
		errs[sessiontest.OpByOwner] = err
	}
	for _, err := range s.All(ctx) {
		errs[sessiontest.OpAll] = err
	}
	_, errs[sessiontest.OpRevisions] = s.Revisions(ctx, []session.ID{id, other})
	errs[sessiontest.OpDelete] = s.Delete(ctx, other, 0)
	return errs
}

func TestStoreCalls(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	id, other := s.Seed(user{Name: "ada"}).ID(), s.Seed(user{Name: "bob"}).ID()
	if calls := s.Calls(); calls != nil {
		t.Errorf("Seed was recorded: %v", calls)
	}
	everyCall(t.Context(), s, id, other)
	s.Load(t.Context(), other)
	want := []sessiontest.Call{
		{Op: sessiontest.OpLoad, ID: id},
		{Op: sessiontest.OpSave, ID: id},
		{Op: sessiontest.OpTouch, ID: id},
		{Op: sessiontest.OpExists, ID: id},
		{Op: sessiontest.OpByOwner, Owner: "ada"},
		{Op: sessiontest.OpAll},
		{Op: sessiontest.OpRevisions},
		{Op: sessiontest.OpDelete, ID: other},
		{Op: sessiontest.OpLoad, ID: other, Err: session.ErrNotFound},
	}
	if diff := cmp.Diff(want, s.Calls(), cmpopts.EquateErrors()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.Reset()
	if s.Calls() != nil || s.Saved() != nil {
		t.Error("Reset kept the calls or the records")
	}
}

func TestStoreFail(t *testing.T) {
	for _, op := range []sessiontest.Op{
		sessiontest.OpLoad, sessiontest.OpSave, sessiontest.OpTouch,
		sessiontest.OpDelete, sessiontest.OpExists, sessiontest.OpByOwner, sessiontest.OpAll, sessiontest.OpRevisions,
	} {
		t.Run(string(op), func(t *testing.T) {
			s := sessiontest.NewStore[user](t)
			boom := errors.New("disk full")
			s.Fail(op, boom)
			if err := everyCall(t.Context(), s, s.Seed(user{Name: "ada"}).ID(), s.Seed(user{Name: "bob"}).ID())[op]; err != boom {
				t.Errorf("%s returned %v, want %v", op, err, boom)
			}
			s.Fail(op, nil)
			if err := everyCall(t.Context(), s, s.Seed(user{Name: "ada"}).ID(), s.Seed(user{Name: "bob"}).ID())[op]; err != nil {
				t.Errorf("after the end of the fault, %s returned %v", op, err)
			}
		})
	}
}

func TestAFailingCallIsNotCarriedOut(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	token := s.Seed(user{Name: "ada"})
	s.Fail(sessiontest.OpDelete, io.EOF)
	s.Delete(t.Context(), token.ID(), 0)
	if live, _ := s.Direct().Exists(t.Context(), token.ID()); !live {
		t.Error("the failing Delete was carried out")
	}
}

func TestStoreLoseReply(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	token := s.Seed(user{Name: "ada"})
	rec, _ := s.Load(t.Context(), token.ID())
	s.LoseReply(sessiontest.OpSave, io.EOF)
	before := rec
	rec.Value.Name = "bob"
	if err := s.Save(t.Context(), &rec); err != io.EOF || rec.Revision != before.Revision {
		t.Errorf("Save returned %v and revision %d", err, rec.Revision)
	}
	if stored, _ := s.Direct().Load(t.Context(), token.ID()); stored.Value.Name != "bob" {
		t.Error("Save was not carried out")
	}
	if err := s.Save(t.Context(), &rec); !errors.Is(err, session.ErrConflict) {
		t.Errorf("the error of a refused call was replaced: %v", err)
	}
}

func TestStoreCorrupt(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	readable, newer := s.Seed(user{Name: "ada"}).ID(), s.Seed(user{Name: "ada"}).ID()
	s.Corrupt(newer, session.ErrNewer)
	rec, err := s.Load(t.Context(), newer)
	if broken, ok := errors.AsType[*session.DecodeError](err); !ok || broken.ID != newer || !errors.Is(err, session.ErrNewer) || !rec.ID.IsZero() {
		t.Errorf("Load returned %v and the error %v", rec, err)
	}
	for op, list := range map[sessiontest.Op]iter.Seq2[session.Record[user], error]{
		sessiontest.OpByOwner: s.ByOwner(t.Context(), "ada"),
		sessiontest.OpAll:     s.All(t.Context()),
	} {
		found, broken := 0, 0
		for rec, err := range list {
			switch {
			case rec.ID == readable && err == nil:
				found++
			case rec.ID.IsZero() && errors.Is(err, session.ErrNewer):
				broken++
			}
		}
		if found != 1 || broken != 1 {
			t.Errorf("%s yielded %d readable and %d unreadable records", op, found, broken)
		}
	}
	for _, c := range s.Calls()[1:] {
		if c.Err != nil {
			t.Errorf("%s ended with %v", c.Op, c.Err)
		}
	}
	s.Corrupt(newer, nil)
	if _, err := s.Load(t.Context(), newer); err != nil {
		t.Errorf("made readable again, Load returned %v", err)
	}
}

func TestStoreDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sessiontest.NewStore[user](t)
		id, start := s.Seed(user{Name: "ada"}).ID(), time.Now()
		s.Delay(sessiontest.OpLoad, time.Minute)
		if _, err := s.Load(t.Context(), id); err != nil || time.Since(start) != time.Minute {
			t.Errorf("Load returned %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Load(ctx, id)
		if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Load returned %v", err)
		}
		if took := time.Since(start); took != 61*time.Second {
			t.Errorf("Load returned after %v, want 61s", took)
		}
		s.Delay(sessiontest.OpLoad, 0)
		if _, err := s.Load(t.Context(), id); err != nil || time.Since(start) != 61*time.Second {
			t.Errorf("Load returned %v after %v", err, time.Since(start))
		}
	})
}

func TestStoreSaved(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	rec, _ := s.Load(t.Context(), s.Seed(user{Name: "ada"}).ID())
	stale := rec
	rec.Value.Name = "bob"
	if err := s.Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	s.Save(t.Context(), &stale)
	if diff := cmp.Diff([]session.Record[user]{rec}, s.Saved(), secrets); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
}

func TestStoreHooks(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	id := s.Seed(user{Name: "ada"}).ID()
	var order []string
	s.Before(func(c sessiontest.Call) {
		order = append(order, "before "+string(c.Op))
		if c.Op == sessiontest.OpSave { // another request changes the session first
			rec, _ := s.Direct().Load(t.Context(), c.ID)
			s.Direct().Save(t.Context(), &rec)
		}
	})
	s.After(func(c sessiontest.Call) {
		order = append(order, "after "+string(c.Op))
		if c.Op == sessiontest.OpSave && !errors.Is(c.Err, session.ErrConflict) {
			t.Errorf("Save returned %v, want a conflict", c.Err)
		}
	})
	rec, _ := s.Load(t.Context(), id)
	s.Save(t.Context(), &rec)
	s.Before(nil)
	s.After(nil)
	s.Load(t.Context(), id)
	if diff := cmp.Diff([]string{"before Load", "after Load", "before Save", "after Save"}, order); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
}

func TestStoreSeed(t *testing.T) {
	s := sessiontest.NewStore[user](t)
	v := user{Name: "ada", Tags: []string{"a"}}
	id := s.Seed(v).ID()
	v.Tags[0] = "changed later"
	got, err := s.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	want := session.Record[user]{
		ID: id, Revision: got.Revision, Secrets: got.Secrets, LoggedIn: now, Owner: "ada", Value: user{Name: "ada", Tags: []string{"a"}},
		Created: now, Renewed: now, Deadline: now.Add(session.DefaultLifetime), Expires: now.Add(session.DefaultIdleTimeout),
	}
	if diff := cmp.Diff(want, got, secrets, cmpopts.EquateApproxTime(time.Minute)); diff != "" {
		t.Errorf("seeded (-want +got):\n%s", diff)
	}

	began := time.Now().Add(-23 * time.Hour)
	got, _ = s.Load(t.Context(), s.SeedRecord(session.Record[user]{Owner: "eve", Created: began, Remembered: true}).ID())
	if got.Owner != "eve" || !got.Remembered || got.Renewed != got.Created || got.Deadline.After(now.Add(time.Hour+time.Minute)) || got.Expires.After(got.Deadline) {
		t.Errorf("seeded %+v", got)
	}
}

func TestFailPanicsForAnUnknownMethod(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Fail accepted a method that stores do not have")
		}
	}()
	sessiontest.NewStore[user](t).Fail("Laod", io.EOF)
}
