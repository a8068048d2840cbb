package middleware_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// A session that cannot be read, or that ends meanwhile, keeps no other from being
// edited.
func TestUpdateOwnerGoesOn(t *testing.T) {
	t.Parallel()
	st := sessiontest.NewStore[cart](t)
	a := newApp(t, st, nil)
	var ids []session.ID
	for range 4 {
		ids = append(ids, st.Seed(cart{Customer: "ada"}).ID())
	}
	st.Corrupt(ids[1], errors.New("damaged"))
	ended := false
	st.Before(func(c sessiontest.Call) {
		if c.Op == sessiontest.OpLoad && c.ID != ids[1] && !ended {
			ended = true
			if err := st.Direct().Delete(t.Context(), c.ID, 0); err != nil {
				t.Error(err)
			}
		}
	})
	n, err := a.UpdateOwner(t.Context(), "ada", func(c *cart) { c.Notes = append(c.Notes, "moved") })
	broken, ok := errors.AsType[*session.DecodeError](err)
	if wrong := !ok || broken.ID != ids[1]; wrong || n < 2 {
		t.Errorf("%d changed, %v", n, err)
	}
	edited := 0
	for rec := range st.Direct().ByOwner(t.Context(), "ada") {
		if slices.Equal(rec.Value.Notes, []string{"moved"}) {
			edited++
		}
	}
	if edited != n {
		t.Errorf("%d are edited, and %d counted", edited, n)
	}
}

func TestUpdateOwnerReportsEachFailure(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	first, second := a.visit(t, cart{Customer: "ada"}), a.visit(t, cart{Customer: "ada"})
	st.fail("Save", errDown)
	n, err := a.UpdateOwner(t.Context(), "ada", func(c *cart) { c.Items++ })
	if n != 0 || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%d changed, %v", n, err)
	}
	for _, cookie := range []string{first, second} {
		if id := a.id(t, cookie).String(); !strings.Contains(fmt.Sprint(err), id) {
			t.Errorf("the error does not name session %s: %v", id, err)
		}
	}
	if n, err := newApp(t, bare{newStore()}, nil).UpdateOwner(t.Context(), "ada", func(*cart) {}); n != 0 || !errors.Is(err, session.ErrUnsupported) {
		t.Errorf("a store without owners: %d, %v", n, err)
	}
}

// The event of an edit tells what was changed, and of whose session.
func TestEditIsReported(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	id := a.id(t, a.visit(t, cart{Customer: "ada"}))
	a.kinds()
	if err := a.Edit(t.Context(), id, func(c *cart) { c.Items = 7 }); err != nil {
		t.Fatal(err)
	}
	if len(a.events) != 1 || a.events[0].Kind != session.EventSaved || a.events[0].ID != id || a.events[0].Owner != "ada" || !slices.Equal(a.events[0].Changes, []string{"Items"}) {
		t.Errorf("the events are %+v", a.events)
	}
	if err := a.Edit(t.Context(), newToken().ID(), func(*cart) {}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("no session: %v", err)
	}
}
