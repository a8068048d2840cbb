package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

const userKey = "authenticatedUserID"

var seenKey = "first_seen"

func (app *application) now() time.Time { return time.Now() }

func (app *application) home(w http.ResponseWriter, r *http.Request) {
	flash := app.sessions.PopString(r.Context(), "flash")
	id := app.sessions.GetInt(r.Context(), userKey)
	if flash != "" {
		fmt.Fprintln(w, flash)
	}
	fmt.Fprintf(w, "user %d has %q", id, app.notes[id])
}

func (app *application) login(w http.ResponseWriter, r *http.Request) {
	u, ok := app.users[r.PostFormValue("name")]
	if !ok || u.Password != r.PostFormValue("password") {
		app.sessions.Put(r.Context(), "attempts", app.sessions.GetInt(r.Context(), "attempts")+1)
		http.Error(w, "wrong name or password", http.StatusUnprocessableEntity)
		return
	}
	err := app.sessions.RenewToken(r.Context())
	if err != nil {
		app.serverError(w, err)
		return
	}
	app.sessions.Put(r.Context(), userKey, u.ID)
	app.sessions.Remove(r.Context(), "attempts")

	path := app.sessions.PopString(r.Context(), "redirectPathAfterLogin")
	if path == "" {
		path = "/"
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

func (app *application) logout(w http.ResponseWriter, r *http.Request) {
	if err := app.sessions.RenewToken(r.Context()); err != nil {
		app.serverError(w, err)
		return
	}
	app.sessions.Remove(r.Context(), userKey)
	app.sessions.Put(r.Context(), "flash", "You have been logged out.")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (app *application) addNote(w http.ResponseWriter, r *http.Request) {
	id := app.sessions.GetInt(r.Context(), userKey)
	text := strings.TrimSpace(r.PostFormValue("text"))
	app.notes[id] = append(app.notes[id], text)

	recent, ok := app.sessions.Get(r.Context(), "recent").([]string)
	if !ok {
		recent = []string{}
	}
	recent = append(recent, text)
	app.sessions.Put(r.Context(), "recent", recent)
	app.sessions.Put(r.Context(), "flash", fmt.Sprintf("Note %d saved.", len(recent)))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (app *application) serverError(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
