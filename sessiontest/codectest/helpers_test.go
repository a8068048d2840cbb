package codectest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

type sample = profile.Profile

// recorder is a testing.TB that keeps its errors.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// inChild is set in the processes that run the suite on a flawed codec.
const inChild = "SESSIONTEST_FLAWED_CODEC"

// slug returns the name of a subtest.
func slug(name string) string { return strings.ReplaceAll(name, " ", "-") }
