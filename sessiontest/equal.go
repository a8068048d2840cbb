package sessiontest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

// Equal fails the test if the session's value, with the changes made so far, is
// not want. The message shows the difference. Options are those of [cmp.Diff]:
// for example cmpopts.EquateEmpty, to take a nil slice for an empty one.
func Equal[T any](tb testing.TB, s *session.Session[T], want T, opts ...cmp.Option) {
	tb.Helper()
	if diff := cmp.Diff(want, s.Value(), opts...); diff != "" {
		tb.Errorf("the session's value is not what it should be (-want +got):\n%s", diff)
	}
}
