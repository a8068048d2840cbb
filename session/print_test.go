package session_test

import (
	"fmt"
	"testing"

	"github.com/seed48429006/sessions/session"
)

func TestASessionPrintsItsTypeOnly(t *testing.T) {
	s := session.New(newProbe(), nil)
	s.Set(state{User: "secret"})
	const want = "session.Session[session_test.state]"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints %q", verb, got)
		}
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
