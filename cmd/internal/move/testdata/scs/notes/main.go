// Notes is a small application: visitors log in and write notes.
package main

import (
	"encoding/gob"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

func init() {
	gob.Register([]string{})
	gob.Register(time.Time{})
}

type application struct {
	sessions *scs.SessionManager
	users    map[string]user
	notes    map[int][]string
}

type user struct {
	ID       int
	Password string
}

func main() {
	addr := flag.String("addr", ":8080", "address")
	secure := flag.Bool("secure", true, "served by TLS")
	flag.Parse()

	sessionManager := scs.New()
	sessionManager.Lifetime = 12 * time.Hour
	sessionManager.IdleTimeout = 20 * time.Minute
	sessionManager.Cookie.Name = "notes"
	if *secure {
		sessionManager.Cookie.Secure = true
	}

	app := newApplication(sessionManager)
	log.Fatal(http.ListenAndServe(*addr, app.routes()))
}

func newApplication(sessionManager *scs.SessionManager) *application {
	return &application{
		sessions: sessionManager,
		users:    map[string]user{"ada": {1, "lovelace"}},
		notes:    map[int][]string{},
	}
}
