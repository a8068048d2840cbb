// Login is a site with accounts: a password, "remember me", the list of devices
// that are logged in, and a page that wants to know the password again.
//
//	go run ./examples/login
//
// Open http://localhost:8080 and log in as ada with the password "engine". Or:
//
//	curl -c jar -b jar -L -d name=ada -d password=engine -d remember=on http://localhost:8080/login
//	curl -c jar -b jar http://localhost:8080/
package main

import (
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A Login is the value of each session.
type Login struct {
	User   string // empty before the log-in
	Device string
}

// SessionOwner makes the sessions of one user findable.
func (l Login) SessionOwner() string { return l.User }

// fresh is how long a typed password counts for sensitive pages.
const fresh = 5 * time.Minute

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	s, err := newSite(memstore.New[Login](nil), accounts{"ada": newPassword("engine", hashRounds)})
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, s.handler()))
}

// A site holds the things that handlers share.
type site struct {
	logins   *sessions.Manager[Login]
	accounts accounts
}

func newSite(store sessions.Store[Login], accounts accounts) (*site, error) {
	logins, err := sessions.New(store, &sessions.Options{
		Lifetime:    12 * time.Hour,
		IdleTimeout: time.Hour,
		Remember:    session.Remember{Lifetime: 30 * 24 * time.Hour}, // if "remember me" is ticked
		MaxPerOwner: 10,                                              // the oldest log-in ends
	})
	return &site{logins, accounts}, err
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(s.home))
	mux.Handle("GET /login", sessions.Handle(s.showLogin))
	mux.Handle("POST /login", sessions.Handle(s.logIn))
	mux.Handle("POST /logout", sessions.Handle(s.logOut))
	mux.Handle("POST /devices/end", sessions.Handle(s.endDevice))
	mux.Handle("POST /devices/end-others", sessions.Handle(s.endOtherDevices))
	mux.Handle("GET /secret", sessions.Handle(s.secret))
	return http.NewCrossOriginProtection().Handler(s.logins.Handler(mux))
}
