package flows

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/seed48429006/sessions"
)

// A Reader is the value of a session: the user, the token of the forms, and a message
// that is shown once.
type Reader struct {
	Name  string
	Form  string
	Flash string
	Theme string
}

func (r Reader) SessionOwner() string { return r.Name }

// newReader returns a site that shows feeds, modelled on Miniflux: forms have a
// token of the session, the log-in leads to the page that was asked for, and messages
// are shown once.
func newReader(store sessions.Store[Reader]) (http.Handler, error) {
	readers, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(showReaderLogin))
	mux.Handle("POST /login", sessions.Handle(checked(readerLogIn)))
	mux.Handle("GET /settings", sessions.Handle(showReaderSettings))
	mux.Handle("POST /settings", sessions.Handle(checked(saveReaderSettings)))
	mux.Handle("GET /unread", sessions.Handle(showUnread))
	mux.Handle("POST /logout", sessions.Handle(checked(readerLogOut)))
	return readers.Handler(mux), nil
}

type readerHandler = func(http.ResponseWriter, *http.Request, *sessions.Session[Reader])

// checked refuses forms without the session's token.
func checked(h readerHandler) readerHandler {
	return func(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
		if token := s.Value().Form; token == "" || r.PostFormValue("csrf") != token {
			http.Error(w, "Invalid or missing form token", http.StatusBadRequest)
			return
		}
		h(w, r, s)
	}
}

var readerPages = template.Must(template.New("").Parse(`
{{define "login"}}{{with .Flash}}<p>{{.}}</p>{{end}}<form method=post action=/login><input type=hidden name=csrf value="{{.Form}}">
<input type=hidden name=redirect_url value="{{.Next}}"><input name=username value="{{.Name}}" required>
<input name=password type=password required><button>Login</button></form>{{end}}
{{define "settings"}}{{with .Flash}}<p>{{.}}</p>{{end}}<form method=post><input type=hidden name=csrf value="{{.Form}}">
<select name=theme><option{{if eq .Theme "light"}} selected{{end}}>light<option{{if eq .Theme "dark"}} selected{{end}}>dark</select>
<button>Update</button></form>
<form method=post action=/logout><input type=hidden name=csrf value="{{.Form}}"><button>Logout</button></form>{{end}}`))

// A readerPage is the data of a page.
type readerPage struct {
	Reader
	Next string
}

func showReader(w http.ResponseWriter, name, next string, s *sessions.Session[Reader]) {
	flash := sessions.Take(s, func(r *Reader) *string { return &r.Flash })
	if s.Value().Form == "" {
		token := rand.Text()
		s.Update(func(r *Reader) { r.Form = token })
	}
	page := readerPage{s.Value(), next}
	page.Flash = flash
	if err := readerPages.ExecuteTemplate(w, name, page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func showReaderLogin(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
	if s.Value().Name != "" {
		http.Redirect(w, r, "/unread", http.StatusFound)
		return
	}
	showReader(w, "login", r.FormValue("redirect_url"), s)
}

func readerLogIn(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
	name, next := r.PostFormValue("username"), r.PostFormValue("redirect_url")
	if name != "admin" || r.PostFormValue("password") != password {
		s.Update(func(v *Reader) { v.Flash = "Invalid username or password." })
		showReader(w, "login", next, s)
		return
	}
	s.LogIn(func(v *Reader) { v.Name, v.Form = name, "" })
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		next = "/unread"
	}
	http.Redirect(w, r, next, http.StatusFound)
}

// user returns the name of the user, or sends the visitor to the log-in.
func user(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) string {
	name := s.Value().Name
	if name == "" {
		http.Redirect(w, r, "/?redirect_url="+r.URL.Path, http.StatusFound)
	}
	return name
}

func showUnread(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
	if name := user(w, r, s); name != "" {
		fmt.Fprintf(w, `Unread entries of %s. <a href=/settings>Settings</a>`, name)
	}
}

func showReaderSettings(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
	if user(w, r, s) != "" {
		showReader(w, "settings", "", s)
	}
}

func saveReaderSettings(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
	theme := r.PostFormValue("theme")
	s.Update(func(v *Reader) { v.Theme, v.Flash = theme, "Preferences saved!" })
	http.Redirect(w, r, "/settings", http.StatusFound)
}

func readerLogOut(w http.ResponseWriter, r *http.Request, s *sessions.Session[Reader]) {
	s.Destroy()
	http.Redirect(w, r, "/", http.StatusFound)
}
