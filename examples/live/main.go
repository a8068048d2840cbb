// Live is a chat whose messages come as server-sent events. The stream ends when the
// session does: by a log-out here, in another tab, or by an administrator.
//
//	go run ./examples/live
//
// Open http://localhost:8080 in two tabs, and log out in one of them. Or:
//
//	curl -c jar -b jar -d name=ada http://localhost:8080/login
//	curl -c jar -b jar -N http://localhost:8080/events &
//	curl -c jar -b jar -d text=Hello http://localhost:8080/messages
//	curl -c jar -b jar -X POST http://localhost:8080/logout
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A User is the value of each session.
type User struct{ Name string }

// SessionOwner names the session's owner.
func (u User) SessionOwner() string { return u.Name }

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	c, err := newChat(memstore.New[User](nil))
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, c.handler()))
}

// A chat holds the things that handlers share.
type chat struct {
	users *sessions.Manager[User]
	hub   hub
}

func newChat(store sessions.Store[User]) (*chat, error) {
	users, err := sessions.New(store, nil)
	return &chat{users: users}, err
}

func (c *chat) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(show))
	mux.Handle("POST /login", sessions.Handle(logIn))
	mux.Handle("POST /logout", sessions.Handle(logOut))
	mux.Handle("POST /messages", sessions.Handle(c.say))
	mux.Handle("GET /events", sessions.Handle(c.events))
	return http.NewCrossOriginProtection().Handler(c.users.Handler(mux))
}

// heartbeat keeps proxies from ending a silent stream, and tells the server of
// clients that are gone.
const heartbeat = 30 * time.Second

// events sends the messages for as long as the session lives.
func (c *chat) events(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	if user.Value().Name == "" {
		http.Error(w, "Log in first.", http.StatusUnauthorized) // the browser does not try again
		return
	}
	ctx := c.users.Watch(r.Context(), user)
	messages, leave := c.hub.join()
	defer leave()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // for nginx
	out := http.NewResponseController(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	send := func(event, data string) error {
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, data); err != nil {
			return err
		}
		return out.Flush()
	}
	err := send("welcome", user.Value().Name)
	for err == nil {
		select {
		case text, ok := <-messages:
			if !ok {
				return // this client is too slow; the browser connects again
			}
			err = send("message", text)
		case <-beat.C:
			err = send("beat", "")
		case <-ctx.Done():
			// After a log-in the session goes on: the browser connects again, with its new cookie.
			if errors.Is(context.Cause(ctx), sessions.ErrNotFound) {
				send("end", "")
			}
			return
		}
	}
}

// say sends a message to all.
func (c *chat) say(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	name, text := user.Value().Name, strings.Join(strings.Fields(r.PostFormValue("text")), " ")
	if name == "" {
		http.Error(w, "Log in first.", http.StatusUnauthorized)
		return
	}
	c.hub.send(name + ": " + text)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
