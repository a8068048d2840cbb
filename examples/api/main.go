// Api is a JSON API without cookies: the token travels in a header of its own, which
// browsers do not send by themselves.
//
//	go run ./examples/api
//
// Open http://localhost:8080, a page that calls the API. Or:
//
//	curl -si -d '{"name": "ada", "password": "engine"}' http://localhost:8080/login
//	curl -s -H "X-Session-Token: $TOKEN" -d '{"text": "Write a program."}' http://localhost:8080/notes
//	curl -s -H "X-Session-Token: $TOKEN" http://localhost:8080/notes
//	curl -s -H "X-Session-Token: $TOKEN" -X DELETE http://localhost:8080/login
package main

import (
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A Client is the value of each session.
type Client struct {
	User  string
	Notes []string
}

// SessionOwner names the session's owner.
func (c Client) SessionOwner() string { return c.User }

// tokenHeader carries the token, both ways. A client keeps the value of the last
// response that has this header; an empty value says that the session has ended.
const tokenHeader = "X-Session-Token"

//go:embed page.html
var page string

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	h, err := newAPI(memstore.New[Client](nil))
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, h))
}

func newAPI(store sessions.Store[Client]) (http.Handler, error) {
	clients, err := sessions.New(store, &sessions.Options{
		Transport:    sessions.HeaderTransport(tokenHeader),
		ErrorHandler: fail,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "page.html", time.Time{}, strings.NewReader(page))
	})
	mux.Handle("POST /login", sessions.Handle(logIn))
	mux.Handle("DELETE /login", sessions.Handle(logOut))
	mux.Handle("GET /notes", loggedIn(listNotes))
	mux.Handle("POST /notes", loggedIn(addNote))
	return http.MaxBytesHandler(clients.Handler(mux), 16<<10), nil
}

// logIn answers with the token, in its header.
func logIn(w http.ResponseWriter, r *http.Request, client *sessions.Session[Client]) {
	var login struct{ Name, Password string }
	if !read(w, r, &login) {
		return
	}
	// A real service keeps a hash for each user: see examples/login.
	if login.Name == "" || subtle.ConstantTimeCompare([]byte(login.Password), []byte("engine")) == 0 {
		problem(w, http.StatusUnauthorized, "the name or the password is wrong")
		return
	}
	client.LogIn(func(c *Client) { *c = Client{User: login.Name} })
	answer(w, http.StatusOK, map[string]string{"user": login.Name})
}

func logOut(w http.ResponseWriter, r *http.Request, client *sessions.Session[Client]) {
	client.Destroy()
	w.WriteHeader(http.StatusNoContent)
}

func listNotes(w http.ResponseWriter, r *http.Request, client *sessions.Session[Client]) {
	answer(w, http.StatusOK, append([]string{}, client.Value().Notes...)) // [] rather than null
}

// Sessions stay small: things that belong to a user for good belong in a database.
const (
	maxNotes = 100
	maxText  = 500
)

func addNote(w http.ResponseWriter, r *http.Request, client *sessions.Session[Client]) {
	var note struct{ Text string }
	if !read(w, r, &note) {
		return
	}
	if note.Text == "" || len(note.Text) > maxText {
		problem(w, http.StatusBadRequest, "a note has a text of at most 500 bytes")
		return
	}
	client.Update(func(c *Client) {
		c.Notes = append(c.Notes, note.Text)
		c.Notes = c.Notes[max(0, len(c.Notes)-maxNotes):]
	})
	answer(w, http.StatusCreated, map[string]int{"notes": len(client.Value().Notes)})
}

// loggedIn lets only clients in that have logged in.
func loggedIn(h func(http.ResponseWriter, *http.Request, *sessions.Session[Client])) http.Handler {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, client *sessions.Session[Client]) {
		if client.Value().User == "" {
			problem(w, http.StatusUnauthorized, "log in first")
			return
		}
		h(w, r, client)
	})
}

// fail answers if the session could not be loaded or saved.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	status := sessions.Status(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	problem(w, status, http.StatusText(status))
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		problem(w, http.StatusBadRequest, "the body is no such JSON object")
		return false
	}
	return true
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}
