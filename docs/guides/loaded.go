package guides

import (
	"context"

	"github.com/seed48429006/sessions"
)

// userOf returns the user of a request, for its line in a log. It is empty if the request
// has not asked for the session.
func userOf(ctx context.Context) string {
	if account, ok := sessions.Loaded[Account](ctx); ok {
		return account.Value().User
	}
	return ""
}

// UserOf returns the function with which a log names the user of a request.
func UserOf() func(context.Context) string { return userOf }
