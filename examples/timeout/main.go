// Timeout warns a visitor two minutes before the session ends, lets it be extended, and
// shows the log-in form when it has ended. The page asks the server again and again,
// and does not keep the session alive by that.
//
//	go run ./examples/timeout
//
// Open http://localhost:8080. To see the warning sooner, give it an idle timeout:
//
//	go run ./examples/timeout -idle 150s
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"html/template"
	"log"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// warning is how long before the end the page warns.
const warning = 2 * time.Minute

// A Login is the value of each session.
type Login struct{ User string }

// SessionOwner names the session's owner.
func (l Login) SessionOwner() string { return l.User }

func main() {
	idle := flag.Duration("idle", 15*time.Minute, "how long a session lives without use")
	flag.Parse()
	h, err := newSite(memstore.New[Login](nil), *idle)
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://localhost:8080")
	log.Fatal(http.ListenAndServe("localhost:8080", h))
}

func newSite(store sessions.Store[Login], idle time.Duration) (http.Handler, error) {
	logins, err := sessions.New(store, &sessions.Options{IdleTimeout: idle})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(home))
	mux.Handle("GET /left", sessions.Passive(sessions.Handle(timeLeft)))
	mux.Handle("POST /stay", sessions.Handle(stay))
	mux.Handle("POST /login", sessions.Handle(logIn))
	mux.Handle("POST /logout", sessions.Handle(logOut))
	return http.NewCrossOriginProtection().Handler(logins.Handler(mux)), nil
}

// timeLeft answers the page's script. It is passive: asking does not reset the idle
// timeout.
func timeLeft(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	left := 0.0 // no user is logged in, or the session has ended
	if login.Value().User != "" {
		left = max(0, time.Until(login.Expires()).Seconds())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(map[string]float64{"seconds": left})
}

// stay is a use of the session as any other request. It says how long that lasts.
func stay(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	if err := login.Commit(r.Context()); err != nil {
		sessions.Fail[Login](w, r, err)
		return
	}
	timeLeft(w, r, login)
}

func logIn(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	login.LogIn(func(l *Login) { l.User = r.PostFormValue("name") }) // a real site checks a password first
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	login.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("").Parse(pageText))

func home(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, map[string]any{"User": login.Value().User, "Warning": warning.Seconds()}); err != nil {
		panic(http.ErrAbortHandler) // half a page must not look whole
	}
}
