package sessiontest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

// Equal fails the test and shows the difference if the session's value, with the changes
// made so far, is not want. The options go to [cmp.Diff]. For example,
// cmpopts.EquateEmpty makes a nil slice equal to an empty one.
func Equal[T any](tb testing.TB, s *session.Session[T], want T, opts ...cmp.Option) {
	tb.Helper()
	if diff := Diff(s, want, opts...); diff != "" {
		tb.Errorf("the session's value differs (-want +got):\n%s", diff)
	}
}

// Diff is [Equal] for code without a test. It returns the difference, or "" if there
// is none.
func Diff[T any](s *session.Session[T], want T, opts ...cmp.Option) string {
	return cmp.Diff(want, s.Value(), opts...)
}
