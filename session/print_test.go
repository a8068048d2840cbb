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
