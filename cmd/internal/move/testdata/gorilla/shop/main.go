// Shop is a small application: visitors log in and collect things in a basket.
package main

import (
	"encoding/gob"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/sessions"
)

type contextKey int

const (
	authName = "auth"
	cartName = "basket"

	userKey contextKey = iota
)

// A Line is one line of a basket.
type Line struct {
	Name  string
	Count int
}

var store = sessions.NewCookieStore([]byte("an example, which is no secret at all"))

func init() {
	gob.Register([]Line{})
	gob.Register(userKey)
	gob.Register(time.Time{})
	store.Options = &sessions.Options{Path: "/", MaxAge: 86400 * 7, HttpOnly: true}
}

func main() {
	log.Println("listening")
	log.Fatal(http.ListenAndServe(":8080", routes()))
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("GET /staff/{$}", home)
	mux.HandleFunc("POST /staff/login", staffLogIn)
	mux.HandleFunc("POST /login", logIn)
	mux.HandleFunc("POST /logout", logOut)
	mux.HandleFunc("POST /add/{name}", add)
	mux.HandleFunc("POST /empty", empty)
	mux.HandleFunc("POST /forget", forget)
	mux.Handle("GET /admin", onlyUsers(http.HandlerFunc(admin)))
	return mux
}

// user returns the user of a session.
func user(s *sessions.Session) (string, bool) {
	name, ok := s.Values[userKey].(string)
	return name, ok
}

func onlyUsers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := store.Get(r, authName)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if _, ok := user(s); !ok {
			s.AddFlash("log in first", "warning")
			if err := s.Save(r, w); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func home(w http.ResponseWriter, r *http.Request) {
	auth, _ := store.Get(r, authName)
	basket, _ := store.Get(r, cartName)
	var text []string
	if notices := auth.Flashes(); len(notices) > 0 {
		for _, n := range notices {
			text = append(text, n.(string))
		}
	}
	for _, n := range auth.Flashes("warning") {
		text = append(text, fmt.Sprint("warning: ", n))
	}
	auth.Save(r, w)
	name, ok := user(auth)
	if !ok {
		name = "nobody"
	}
	lines, _ := basket.Values["lines"].([]Line)
	visits := basket.Values["visits"]
	if visits == nil {
		visits = 0
	}
	fmt.Fprintf(w, "%s has %v, %v changes. %s", name, lines, visits, strings.Join(text, ", "))
}

func logIn(w http.ResponseWriter, r *http.Request) {
	s, err := store.Get(r, authName)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.Values[userKey] = r.FormValue("name")
	s.Values["since"] = time.Now()
	s.AddFlash("welcome")
	err = s.Save(r, w)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// staffOptions are those of cookies for the staff's pages.
func staffOptions() *sessions.Options {
	return &sessions.Options{Path: "/staff", MaxAge: 3600, HttpOnly: true}
}

func staffLogIn(w http.ResponseWriter, r *http.Request) {
	s, _ := store.Get(r, authName)
	s.Values[userKey] = r.FormValue("name")
	s.Options = staffOptions()
	if err := s.Save(r, w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/staff/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request) {
	s, _ := store.Get(r, authName)
	delete(s.Values, userKey)
	delete(s.Values, "since")
	s.AddFlash("bye")
	s.Save(r, w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func add(w http.ResponseWriter, r *http.Request) {
	s, _ := store.Get(r, cartName)
	lines, ok := s.Values["lines"].([]Line)
	if !ok {
		lines = []Line{}
	}
	s.Values["lines"] = append(lines, Line{r.PathValue("name"), 1})
	if _, counted := s.Values["visits"]; counted {
		s.Values["visits"] = s.Values["visits"].(int) + 1
	} else {
		s.Values["visits"] = 1
	}
	if err := s.Save(r, w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func empty(w http.ResponseWriter, r *http.Request) {
	s, _ := store.Get(r, cartName)
	s.Values["lines"], s.Values["visits"] = []Line{}, 0
	sessions.Save(r, w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func forget(w http.ResponseWriter, r *http.Request) {
	s, _ := store.Get(r, cartName)
	s.Options.MaxAge = -1
	_ = s.Save(r, w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func admin(w http.ResponseWriter, r *http.Request) {
	s, _ := store.Get(r, authName)
	if since, ok := s.Values["since"].(time.Time); ok && time.Since(since) < time.Hour {
		fmt.Fprint(w, "secrets")
		return
	}
	http.Error(w, "too old", http.StatusForbidden)
}
