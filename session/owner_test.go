package session_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type account struct{ User string }

func (a *account) SessionOwner() string { return a.User }

func TestOwnerOfAPointerType(t *testing.T) {
	store := memstore.New[*account](nil)
	s := session.New(store, nil)
	s.Set(&account{})
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, _ := s.Token()
	s.Update(func(a **account) { (*a).User = "ada" })
	err := s.Commit(t.Context())
	if after, _ := s.Token(); err != nil || after.Equal(before) {
		t.Errorf("a log-in keeps the token: %v", err)
	}
}

type typedUser string

type typedAccount struct{ User typedUser }

func (a typedAccount) SessionOwner() typedUser { return a.User }

func TestAnOwnerOfAnotherTypeIsRefused(t *testing.T) {
	if err := session.Check[typedAccount](); err == nil || !strings.Contains(err.Error(), "SessionOwner") {
		t.Errorf("got %v", err)
	}
}

type profile struct{ Name string }

func (a *profile) SessionOwner() string { return a.Name }

type withProfile struct {
	*profile
	Count int
}

func TestTheOwnerOfANilEmbeddedPointerIsEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		value withProfile
		want  string
	}{
		"nil": {withProfile{Count: 1}, ""},
		"set": {withProfile{profile: &profile{"ada"}}, "ada"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := session.OwnerOf(&test.value); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

type skippedOwner struct {
	Name  string `msgpack:"-" json:"-"`
	Count int
}

func (s skippedOwner) SessionOwner() string { return s.Name }

func TestAnOwnerInAFieldThatIsNotStoredIsAnError(t *testing.T) {
	s := session.New(memstore.New[skippedOwner](nil), nil)
	s.Set(skippedOwner{Name: "ada", Count: 1})
	if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok {
		t.Error("the log-in was saved without its owner")
	}
}
