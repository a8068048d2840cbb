package sessiontest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// recorder is a testing.TB that records errors.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestEqual(t *testing.T) {
	s := session.New(memstore.New[user](nil), nil)
	s.Set(user{Name: "ada"})
	r := &recorder{TB: t}
	sessiontest.Equal(r, s, user{Name: "ada"})
	sessiontest.Equal(r, s, user{Name: "ada", Tags: []string{}}, cmpopts.EquateEmpty())
	if r.errors != nil {
		t.Errorf("Equal found a difference where there is none: %v", r.errors)
	}
	sessiontest.Equal(r, s, user{Name: "bob"})
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], `"ada"`) || !strings.Contains(r.errors[0], `"bob"`) {
		t.Errorf("Equal reported %q", r.errors)
	}
}
