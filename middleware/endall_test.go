package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// Every session ends: of owners and of nobody, readable or not.
func TestEndAll(t *testing.T) {
	t.Parallel()
	st := sessiontest.NewStore[cart](t)
	a := newApp(t, st, nil)
	for i := range 100 {
		st.Seed(cart{Customer: []string{"", "ada", "eve"}[i%3], Items: 1})
	}
	st.Corrupt(st.Seed(cart{Customer: "ada"}).ID(), errors.New("damaged"))
	if n, err := a.EndAll(t.Context(), ""); n != 101 || err != nil || st.Direct().Len() != 0 {
		t.Errorf("%d ended, %d are left: %v", n, st.Direct().Len(), err)
	}
	revoked := 0
	for _, kind := range a.kinds() {
		if kind == session.EventRevoked {
			revoked++
		}
	}
	if n, err := a.EndAll(t.Context(), ""); n != 0 || err != nil || revoked != 101 {
		t.Errorf("%d ended again: %v; %d were reported", n, err, revoked)
	}
}

// A session that cannot be ended keeps no other alive. Many failures are told in short.
func TestEndAllGoesOn(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	for range 50 {
		a.visit(t, cart{Customer: "ada"})
	}
	st.fail("Delete", errDown)
	n, err := a.EndAll(t.Context(), "")
	if n != 0 || !errors.Is(err, session.ErrUnavailable) || strings.Count(fmt.Sprint(err), "\n") != 20 || !strings.Contains(fmt.Sprint(err), "and 30 more failures") {
		t.Errorf("%d ended: %v", n, err)
	}
	st.fail("Delete", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := a.EndAll(ctx, ""); n != 0 || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("without time: %d ended, %v", n, err)
	}
	if n, err := a.EndAll(t.Context(), ""); n != 50 || err != nil {
		t.Errorf("%d ended: %v", n, err)
	}
	if n, err := newApp(t, bare{newStore()}, nil).EndAll(t.Context(), ""); n != 0 || !errors.Is(err, session.ErrUnsupported) {
		t.Errorf("a store without lists: %d, %v", n, err)
	}
}
