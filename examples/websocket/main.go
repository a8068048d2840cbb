// Websocket keeps a connection open for as long as the session lives, and saves each
// message in the session.
//
//	go run .     (in examples/websocket, which is a module of its own)
//
// Open http://localhost:8080 in two tabs, and log out in one of them.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net/http"

	"github.com/coder/websocket"
	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A User is the value of each session.
type User struct {
	Name     string
	Messages int
}

// SessionOwner names the session's owner.
func (u User) SessionOwner() string { return u.Name }

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	s, err := newSite(memstore.New[User](nil))
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, s.handler()))
}

type site struct{ users *sessions.Manager[User] }

func newSite(store sessions.Store[User]) (*site, error) {
	users, err := sessions.New(store, nil)
	return &site{users}, err
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(show))
	mux.Handle("POST /login", sessions.Handle(logIn))
	mux.Handle("POST /logout", sessions.Handle(logOut))
	mux.Handle("GET /connect", sessions.Handle(s.connect))
	return http.NewCrossOriginProtection().Handler(s.users.Handler(mux))
}

// connect answers messages until the session ends. Accept refuses the pages of other
// sites: browsers send them the cookie of a WebSocket, and CrossOriginProtection lets
// all GET requests pass.
func (s *site) connect(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	if user.Value().Name == "" {
		http.Error(w, "Log in first.", http.StatusUnauthorized)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	ended := s.users.Watch(r.Context(), user)
	stop := context.AfterFunc(ended, func() { conn.Close(websocket.StatusPolicyViolation, "your session has ended") })
	defer stop()
	for {
		_, text, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := s.answer(r.Context(), conn, user, text); err != nil {
			conn.Close(websocket.StatusTryAgainLater, "your message was not saved")
			return
		}
	}
}

// answer counts a message in the session. The response is under way, so this handler
// must commit the change itself.
func (s *site) answer(ctx context.Context, conn *websocket.Conn, user *sessions.Session[User], text []byte) error {
	user.Update(func(u *User) { u.Messages++ })
	if err := user.Commit(ctx); err != nil {
		return err
	}
	u := user.Value()
	return conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "%s %d: %s", u.Name, u.Messages, text))
}

// logIn believes the visitor: examples/login checks a password.
func logIn(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	name := r.PostFormValue("name")
	user.LogIn(func(u *User) { *u = User{Name: name} })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	user.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

func show(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, user.Value()); err != nil {
		panic(http.ErrAbortHandler) // half a page must not look whole
	}
}
