package sessiontest_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestRequestWithAStoredSession(t *testing.T) {
	r, s := sessiontest.Request(t, httptest.NewRequest("GET", "/", nil), user{Name: "ada"})
	got, err := middleware.Get[user](r)
	if err != nil || got != s {
		t.Fatalf("the request has the session %p, error %v, want %p", got, err, s)
	}
	if s.IsNew() || s.Modified() || s.Value().Name != "ada" {
		t.Errorf("new %v, modified %v, value %v", s.IsNew(), s.Modified(), s.Value())
	}
	s.Update(func(u *user) { u.Tags = []string{"a"} })
	if !slices.Equal(s.Changes(), []string{"Tags"}) {
		t.Errorf("changes %v", s.Changes())
	}
	if err := s.Commit(t.Context()); err != nil || s.Modified() {
		t.Errorf("Commit returned %v, modified %v", err, s.Modified())
	}
}

func TestRequestWithANewSession(t *testing.T) {
	_, s := sessiontest.Request(t, httptest.NewRequest("GET", "/", nil), user{})
	if !s.IsNew() {
		t.Error("the session is stored")
	}
}
