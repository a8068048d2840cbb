package guides

import (
	"context"

	"github.com/seed48429006/sessions"
)

// Staff is the session of an employee.
type Staff struct{ User, Role string }

// SessionOwner names the session's owner.
func (s Staff) SessionOwner() string { return s.User }

// setRole gives all sessions of an employee another role.
func setRole(ctx context.Context, staff *sessions.Manager[Staff], user, role string) (int, error) {
	changed, err := staff.UpdateOwner(ctx, user, func(s *Staff) { s.Role = role })
	return changed, err
}
