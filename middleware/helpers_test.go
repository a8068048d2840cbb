package middleware_test

import (
	"errors"

	"github.com/seed48429006/sessions/session"
)

func isLate(err error) bool {
	return errors.Is(err, session.ErrLate) && !errors.Is(err, session.ErrUnavailable)
}
