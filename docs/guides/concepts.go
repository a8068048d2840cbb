package guides

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// order changes the session, and sends mail when it knows that the change is stored.
func order(sendConfirmation func(user string)) http.HandlerFunc {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
		account.Update(func(a *Account) { a.Items = nil })
		if err := account.Commit(r.Context()); err != nil {
			sessions.Fail[Account](w, r, err)
			return
		}
		sendConfirmation(account.Value().User)
	})
}

// rotating has tokens replaced by use, and ends a session whose former token comes back.
func rotating() *sessions.Options {
	o := &sessions.Options{RotateEvery: 15 * time.Minute, EndOnReuse: true}
	return o
}

var errNothing = errors.New("there is nothing to order")

// orderOnce takes the items out of the session, once.
func orderOnce(r *http.Request, account *sessions.Session[Account]) ([]string, error) {
	order, err := sessions.Once(r.Context(), account, func(a *Account) ([]string, error) {
		if len(a.Items) == 0 {
			return nil, errNothing
		}
		order := a.Items
		a.Items = nil
		return order, nil
	})
	return order, err
}

// follow shows the account of a connection, as it is now.
func follow(accounts *sessions.Manager[Account], r *http.Request, account *sessions.Session[Account], show func(Account)) error {
	ctx, changes := accounts.WatchChanges(r.Context(), account)
	for {
		select {
		case <-changes:
			if err := account.Reload(ctx); err != nil {
				return err
			}
			show(account.Value())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
