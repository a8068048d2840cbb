package guides

import (
	"log"
	"net/http"

	"github.com/seed48429006/sessions"
)

// Routes returns the pages of a small application.
func Routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(showAccount))
	mux.Handle("POST /items", sessions.Handle(addItem))
	mux.Handle("POST /order", order(func(user string) { log.Println("mail to", user) }))
	mux.Handle("POST /logout", sessions.Handle(logOut))
	return mux
}
