// Package views shows pages.
package views

import (
	"fmt"
	"net/http"

	"fixture/scs/rooms/config"
)

var app *config.App

// Use sets the configuration.
func Use(a *config.App) { app = a }

// Data is what pages show.
type Data struct {
	Text                   string
	Flash, Warning, Failed string
	LoggedIn               bool
}

func defaults(d *Data, r *http.Request) *Data {
	d.Flash = app.Session.PopString(r.Context(), "flash")
	d.Warning = app.Session.PopString(r.Context(), "warning")
	d.Failed = app.Session.PopString(r.Context(), "error")
	if app.Session.Exists(r.Context(), "user_id") {
		d.LoggedIn = true
	}
	return d
}

// Show shows a page.
func Show(w http.ResponseWriter, r *http.Request, d *Data) {
	d = defaults(d, r)
	fmt.Fprintf(w, "%s|%s|%s|%s|%v", d.Text, d.Flash, d.Warning, d.Failed, d.LoggedIn)
}
