package guides

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// Streams are live connections that end with their sessions, and with the server.
type Streams struct {
	accounts *sessions.Manager[Account]
	closing  context.Context // ends when the server shuts down
}

// NewStreams returns streams that let the server shut down.
func NewStreams(accounts *sessions.Manager[Account], server *http.Server) *Streams {
	closing, shut := context.WithCancel(context.Background())
	server.RegisterOnShutdown(shut)
	return &Streams{accounts, closing}
}

// events sends the time until the session or the server ends.
func (s *Streams) events(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
	if account.Value().User == "" {
		http.Error(w, "Log in first.", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	fmt.Fprint(w, ": welcome\n\n")
	out.Flush() // the session is committed here: change it before
	ended := s.accounts.Watch(r.Context(), account)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended.Done():
			fmt.Fprintf(w, "event: end\ndata: %v\n\n", context.Cause(ended))
			return
		case <-s.closing.Done():
			fmt.Fprint(w, "event: restart\ndata: connect again\n\n")
			return
		case now := <-tick.C:
			fmt.Fprintf(w, "data: %s\n\n", now.Format(time.TimeOnly))
			out.Flush()
		}
	}
}

// Handler mounts the stream.
func (s *Streams) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /events", sessions.Handle(s.events))
	return s.accounts.Handler(mux)
}
