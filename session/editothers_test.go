package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func adas(rec *session.Record[state]) bool { return rec.Owner == "ada" }

func noteOutside(v *state) { v.Notes = append(v.Notes, "outside") }

// editAll edits ada's sessions, as Manager.UpdateOwner does.
func editAll(ctx context.Context, store session.Store[state]) error {
	var ids []session.ID
	for rec, err := range store.(session.Indexer[state]).ByOwner(ctx, "ada") {
		if err != nil {
			return err
		}
		ids = append(ids, rec.ID)
	}
	for _, id := range ids {
		if _, err := session.Edit(ctx, store, nil, id, adas, noteOutside); err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Whatever the order, an edit from outside is made once, and costs no request anything.
func TestEveryOrderOfAnEditFromOutside(t *testing.T) {
	ada := state{User: "ada", Count: 1}
	for name, o := range map[string]overlap{
		"an update":         {Start: ada, Handlers: []request{note("0")}},
		"two updates":       {Start: ada, Handlers: []request{note("0"), note("1")}, Faults: noFault},
		"a touch":           {Start: ada, Handlers: []request{read}, Age: 10 * time.Minute},
		"a passive update":  {Start: ada, Handlers: []request{both(passive, note("0"))}, Age: 10 * time.Minute},
		"a rotation":        {Start: ada, Handlers: []request{read}, Age: 10 * time.Minute, Policy: &session.Policy{RotateEvery: time.Minute}},
		"a renewal":         {Start: ada, Handlers: []request{both(note("0"), renew)}},
		"remembering":       {Start: ada, Handlers: []request{both(note("0"), remember(true))}},
		"another log-in":    {Start: ada, Handlers: []request{both(note("0"), logIn("ada"))}},
		"a log-out":         {Start: ada, Handlers: []request{logOut}},
		"a change to bob":   {Start: ada, Handlers: []request{both(note("0"), become("bob"))}},
		"a change from bob": {Start: state{User: "bob", Count: 1}, Handlers: []request{both(note("0"), become("ada"))}},
		"a revocation":      {Start: ada, Others: []other{revokeAll}},
		"another edit":      {Start: ada, Others: []other{editAll}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Others = append(o.Others, editAll)
			overlaps(t, o, func(tb testing.TB, out outcome) {
				rec, err := out.Load(out.Start)
				if ends := name == "a log-out" || name == "a revocation"; ends && errors.Is(err, session.ErrNotFound) {
					return
				}
				if err != nil {
					tb.Fatal(err)
				}
				edits, done := 0, 0
				for _, note := range rec.Value.Notes {
					if note == "outside" {
						edits++
					}
				}
				for i, r := range out.Results {
					switch noted := slices.Contains(rec.Value.Notes, fmt.Sprint(i)); {
					case !r.Done():
					case i >= len(o.Handlers):
						done++
					case notes(name) && !noted:
						tb.Errorf("the change of request %d is lost", i)
					}
					if i < len(o.Handlers) && r.Err != nil && out.Fault == "" {
						tb.Errorf("request %d: %v", i, r.Err)
					}
				}
				stays := o.Start.User == "ada" && name != "a change to bob"
				if stays && name != "a revocation" && edits < done || edits > len(o.Others) {
					tb.Errorf("%d edits from outside are there, and %d were done", edits, done)
				}
				if rec.Expires.Before(rec.Created.Add(time.Hour)) {
					tb.Error("the edit takes the session's time")
				}
			})
		})
	}
}

// notes reports whether the requests of an overlap note their numbers.
func notes(name string) bool {
	return !slices.Contains([]string{"a touch", "a rotation", "a log-out"}, name)
}

// Each row is an edit from outside, forty minutes after the visitor's last use.
func TestEdit(t *testing.T) {
	all := func(*session.Record[state]) bool { return true }
	for name, test := range map[string]struct {
		condition func(*session.Record[state]) bool
		edit      func(*state)
		before    func(t *testing.T, store *probe, token session.Token)
		err       error
		changed   bool
		calls     string // with those of the other request
	}{
		"works":                       {adas, noteOutside, nil, nil, true, "Load Save"},
		"has no effect":               {adas, func(*state) {}, nil, nil, false, "Load"},
		"does not meet its condition": {func(rec *session.Record[state]) bool { return rec.Owner == "bob" }, noteOutside, nil, session.ErrNotFound, false, "Load"},
		"changes the owner":           {all, func(v *state) { v.User = "bob" }, nil, session.ErrUnsupported, false, "Load"},
		"takes the owner away":        {all, func(v *state) { v.User = "" }, nil, session.ErrUnsupported, false, "Load"},
		"meets a change": {adas, noteOutside, func(t *testing.T, p *probe, token session.Token) {
			meanwhile(t, p, token, "Save", 1, increment)
		}, nil, true, "Load Save Load Save Load Save"},
		"meets the same change": {adas, func(v *state) { v.Count = 7 }, func(t *testing.T, p *probe, token session.Token) {
			meanwhile(t, p, token, "Save", 1, func(v *state) { v.Count = 7 })
		}, nil, false, "Load Save Load Save Load"},
		"meets a log-out": {adas, noteOutside, func(t *testing.T, p *probe, token session.Token) {
			p.once("Save", func() error { p.aside(func() { must(t, p, token, logOut) }); return nil })
		}, session.ErrNotFound, false, "Load Save Load Delete"},
		"meets another owner": {adas, noteOutside, func(t *testing.T, p *probe, token session.Token) {
			p.once("Save", func() error { p.aside(func() { must(t, p, token, become("bob")) }); return nil })
		}, session.ErrNotFound, false, "Load Save Load Save Load"},
		"meets a log-in": {adas, noteOutside, func(t *testing.T, p *probe, token session.Token) {
			p.once("Save", func() error { p.aside(func() { must(t, p, token, logIn("ada")) }); return nil })
		}, nil, true, "Load Save Load Save Load Save"},
		"finds the store down":  {adas, noteOutside, func(_ *testing.T, p *probe, _ session.Token) { p.fail("Load", false) }, session.ErrUnavailable, false, "Load"},
		"loses the reply":       {adas, noteOutside, func(_ *testing.T, p *probe, _ session.Token) { p.fail("Save", true) }, session.ErrUnavailable, false, "Load Save"},
		"cannot be stored":      {adas, func(v *state) { v.Next = v }, nil, nil, false, "Load"},
		"has ended its context": {adas, noteOutside, nil, context.Canceled, false, "Load Save"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{User: "ada"})
				time.Sleep(40 * time.Minute)
				before := record(t, store, token.ID())
				if test.before != nil {
					test.before(t, store, token)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.err == context.Canceled {
					store.once("Save", func() error { cancel(); return ctx.Err() })
				}
				store.calls()
				changed, err := session.Edit(ctx, store, nil, token.ID(), test.condition, test.edit)
				want := test.err
				if _, encode := errors.AsType[*session.EncodeError](err); name == "cannot be stored" && encode {
					want = err
				}
				if got := store.calls(); !errors.Is(err, want) || changed != test.changed || got != test.calls {
					t.Errorf("%v, changed %v, calls %q", err, changed, got)
				}
				if name == "works" {
					after := record(t, store, token.ID())
					if after.Expires != before.Expires || after.Secrets != before.Secrets || after.LoggedIn != before.LoggedIn || after.Deadline != before.Deadline {
						t.Errorf("the edit is a use: %+v", after)
					}
					if got := value(t, store, token); len(got.Notes) != 1 {
						t.Errorf("the visitor has %+v", got)
					}
				}
			})
		})
	}
	t.Run("finds no session", func(t *testing.T) {
		if _, err := session.Edit(t.Context(), newProbe(), nil, session.NewID(), all, noteOutside); !errors.Is(err, session.ErrNotFound) {
			t.Error(err)
		}
	})
}
