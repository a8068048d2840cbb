// Hello is the program of the README: a session in one page of code.
//
//	go run ./examples/hello
package main

import (
	"flag"
	"fmt"
	"html"
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
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	visits, err := sessions.New(memstore.New[Visit](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(hello))
	mux.Handle("POST /login", sessions.Handle(login))
	mux.Handle("POST /logout", sessions.Handle(logout))

	csrf := http.NewCrossOriginProtection()
	fmt.Println("Open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, csrf.Handler(visits.Handler(mux))))
}

const page = `<!DOCTYPE html><title>Hello</title>
<p>Hello %s, this is your visit number %d.
<form method="post" action="/login"><input name="name" aria-label="Name"> <button>Log in</button></form>
<form method="post" action="/logout"><button>Log out</button></form>`

func hello(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	visit.Update(func(v *Visit) { v.Count++ })
	v := visit.Value()
	fmt.Fprintf(w, page, html.EscapeString(v.Name), v.Count)
}

func login(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	name := r.FormValue("name") // check a password here
	visit.LogIn(func(v *Visit) { v.Name = name })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logout(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
	visit.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
