package guides

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/seed48429006/sessions"
)

// An Export is the program's data of one session, for its user.
type Export struct {
	ID                         sessions.ID
	Created, LoggedIn, Expires time.Time
	Value                      Account
	Unreadable                 bool `json:",omitempty"`
}

// ExportUser returns a user's sessions as JSON.
func ExportUser(ctx context.Context, accounts *sessions.Manager[Account], user string) ([]byte, error) {
	exports := []Export{}
	for rec, err := range accounts.ByOwner(ctx, user) {
		if unreadable, ok := errors.AsType[*sessions.DecodeError](err); ok {
			exports = append(exports, Export{ID: unreadable.ID, Unreadable: true})
			continue
		}
		if err != nil {
			return nil, err
		}
		exports = append(exports, Export{ID: rec.ID, Created: rec.Created, LoggedIn: rec.LoggedIn, Expires: rec.Expires, Value: rec.Value})
	}
	return json.MarshalIndent(exports, "", "  ")
}

// Users stand for the application's table of users.
type Users interface {
	Delete(ctx context.Context, user string) error
	Exists(ctx context.Context, user string) (bool, error)
}

// DeleteUser removes a user and ends the sessions. The user goes first, so that no one
// can log in as them afterwards.
func DeleteUser(ctx context.Context, users Users, accounts *sessions.Manager[Account], user string) error {
	if err := users.Delete(ctx, user); err != nil {
		return err
	}
	_, err := accounts.RevokeAll(ctx, user, "user_removed")
	return err
}

// logInExisting logs a user in, after the password was checked. If the user was removed in
// the meantime, the session that has just begun ends again: DeleteUser may have been too
// early to see it.
func logInExisting(ctx context.Context, users Users, account *sessions.Session[Account], user string) error {
	account.LogIn(func(a *Account) { *a = Account{User: user} })
	if err := account.Commit(ctx); err != nil {
		return err
	}
	exists, err := users.Exists(ctx, user)
	if err == nil && exists {
		return nil
	}
	account.Destroy()
	return errors.Join(err, account.Commit(ctx), errRemoved)
}

var errRemoved = errors.New("the user was removed")
