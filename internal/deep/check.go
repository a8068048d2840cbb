package deep

import (
	"reflect"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// Check returns one error for each field of T that sessions cannot keep, with its path:
// channels, functions, interfaces, unexported fields, and zero values that a codec cannot
// store. Fields that a tag skips are exempt.
func Check[T any]() []error {
	t := reflect.TypeFor[T]()
	if errs := typeinfo.Problems(t); len(errs) > 0 {
		return errs
	}
	return typeinfo.ZeroProblems(t)
}
