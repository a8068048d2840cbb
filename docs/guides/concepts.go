package guides

import (
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
