package main

import (
	_ "embed"
	"html/template"
	"net/http"
	"regexp"

	"github.com/seed48429006/sessions"
)

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

var nameRule = regexp.MustCompile(`^[\pL\pN ]{1,20}$`)

// logIn believes the visitor: examples/login checks a password.
func logIn(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	name := r.PostFormValue("name")
	if !nameRule.MatchString(name) {
		http.Error(w, "A name has up to twenty letters and digits.", http.StatusUnprocessableEntity)
		return
	}
	user.LogIn(func(u *User) { u.Name = name })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request, user *sessions.Session[User]) {
	user.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
