package guides

import (
	"encoding/json"
	"net/http"

	"github.com/seed48429006/sessions"
)

// answerJSON is an error handler for an API.
func answerJSON(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(sessions.Status(err))
	json.NewEncoder(w).Encode(map[string]string{"error": http.StatusText(sessions.Status(err))})
}

// NewAPI makes a manager for an API, which carries the token in a header.
func NewAPI(store sessions.Store[Account]) (*sessions.Manager[Account], error) {
	return sessions.New(store, &sessions.Options{
		Transport:    sessions.HeaderTransport("X-Session-Token"),
		ErrorHandler: answerJSON,
	})
}
