package guides

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores"
)

// Serve keeps the application open until it fails.
func Serve(ctx context.Context, addr string, mux *http.ServeMux) error {
	accounts, store, err := stores.FromEnv(ctx, os.Environ(), "shop", codec.MessagePack[Account](), &sessions.Options{
		IdleTimeout: 30 * time.Minute, // unless SESSIONS_IDLE_TIMEOUT says otherwise
	})
	if err != nil {
		return err
	}
	defer store.Close()
	return http.ListenAndServe(addr, accounts.Handler(mux))
}

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
