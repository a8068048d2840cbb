package guides_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/stores/memstore"
)

func accounts(t *testing.T, o *sessions.Options) *sessions.Manager[guides.Account] {
	t.Helper()
	m, err := sessions.New(memstore.New[guides.Account](nil), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// opened returns a stored session and its token.
func opened[T any](t *testing.T, m *sessions.Manager[T], v T) (*sessions.Session[T], string) {
	t.Helper()
	s, err := m.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Set(v)
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, _ := s.Token()
	return s, token.Reveal()
}

func TestRotatingOptionsAreAccepted(t *testing.T) {
	if o := accounts(t, guides.Rotating()).Options(); o.RotateEvery == 0 || !o.EndOnReuse {
		t.Errorf("%+v", o.RotateEvery)
	}
}

func TestAnOrderIsMadeOnce(t *testing.T) {
	m := accounts(t, nil)
	_, token := opened(t, m, guides.Account{Items: []string{"tea"}})
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/order", nil)
	var orders [][]string
	for range 2 {
		s, err := m.Open(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if items, err := guides.OrderOnce(r, s); err == nil {
			orders = append(orders, items)
		}
	}
	if len(orders) != 1 || !slices.Equal(orders[0], []string{"tea"}) {
		t.Errorf("the orders are %v", orders)
	}
}

func TestALongConnectionShowsChangesUntilTheEnd(t *testing.T) {
	m := accounts(t, nil)
	live, token := opened(t, m, guides.Account{User: "ada"})
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/live", nil)
	shown, over := make(chan guides.Account), make(chan error)
	go func() { over <- guides.Follow(m, r, live, func(a guides.Account) { shown <- a }) }()
	other, err := m.Open(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	for count := 1; ; count++ { // the connection may not watch yet
		other.Update(func(a *guides.Account) { a.Items = append(a.Items, "tea") })
		if err := other.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case a := <-shown:
			if len(a.Items) == 0 || len(a.Items) > count {
				t.Errorf("after %d changes it shows %v", count, a.Items)
			}
		default:
			continue
		}
		break
	}
	if err := m.End(t.Context(), live.ID(), sessions.ReasonOperator); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case <-shown:
			continue
		case err := <-over:
			if !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, sessions.ErrGone) {
				t.Errorf("it ends with %v", err)
			}
		}
		break
	}
}

func TestARoleIsTakenFromAllSessions(t *testing.T) {
	staff, err := sessions.New(memstore.New[guides.Staff](nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		opened(t, staff, guides.Staff{User: "ada", Role: "admin"})
	}
	if n, err := guides.SetRole(t.Context(), staff, "ada", "clerk"); n != 3 || err != nil {
		t.Errorf("changed %d: %v", n, err)
	}
	for rec, err := range staff.ByOwner(context.Background(), "ada") {
		if err != nil || rec.Value.Role != "clerk" {
			t.Errorf("%+v: %v", rec.Value, err)
		}
	}
}
