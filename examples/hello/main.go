// Hello is the program of the README: a session in one page of code.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Visit is the value of each visitor's session.
type Visit struct {
	Name  string
	Count int
}

// SessionOwner names the session's owner.
func (v Visit) SessionOwner() string { return v.Name }

func main() {
	visits, err := sessions.New(memstore.New[Visit](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(hello))
	mux.Handle("POST /login", sessions.Handle(login))
	mux.Handle("POST /logout", sessions.Handle(logout))

	csrf := http.NewCrossOriginProtection()
	log.Fatal(http.ListenAndServe("localhost:8080", csrf.Handler(visits.Handler(mux))))
}

func hello(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	visit.Update(func(v *Visit) { v.Count++ })
	v := visit.Value()
	fmt.Fprintf(w, "Hello %s, this is your visit number %d.\n", v.Name, v.Count)
}

func login(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	visit.LogIn(func(v *Visit) { v.Name = r.FormValue("name") }) // after checking a password
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logout(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	visit.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
