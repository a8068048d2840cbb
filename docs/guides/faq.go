package guides

import (
	"errors"
	"net/http"

	"github.com/seed48429006/sessions"
)

// NewLogInAgain makes a manager that leads visitors whose session was ended to the
// log-in page.
func NewLogInAgain(store sessions.Store[Account]) (*sessions.Manager[Account], error) {
	o := &sessions.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		if errors.Is(err, sessions.ErrGone) {
			http.Redirect(w, r, "/login?again", http.StatusSeeOther)
			return
		}
		sessions.DefaultErrorHandler(w, r, err)
	}}
	return sessions.New(store, o)
}
