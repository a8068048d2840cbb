package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

//go:embed templates static
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"relative": relative}).ParseFS(files, "templates/*.html"))

// relative says how far from now t is, in its largest unit.
func relative(t time.Time) string {
	d := time.Until(t)
	if d > 0 {
		return "in " + period(d)
	}
	return period(-d) + " ago"
}

func period(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "a moment"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", d.Round(time.Minute)/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", d.Round(time.Hour)/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// static serves the style and the pictures.
func static() http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		server.ServeHTTP(w, r)
	})
}

// A page is the data of a template.
type page struct {
	Title    string
	Cart     Cart
	Notices  []string
	Problems []string
	Data     any // of this page alone
}

// show answers with a page, and with the notices that wait for the visitor.
func show(w http.ResponseWriter, cart *sessions.Session[Cart], name, title string, data any) {
	showAs(w, http.StatusOK, cart, name, title, data)
}

// showAs is show for an answer with another status.
func showAs(w http.ResponseWriter, status int, cart *sessions.Session[Cart], name, title string, data any) {
	notices := sessions.Take(cart, func(c *Cart) *[]string { return &c.Notices })
	problems := sessions.Take(cart, func(c *Cart) *[]string { return &c.Problems })
	render(w, status, name, page{title, cart.Value(), notices, problems, data})
}

// render writes nothing before the page is complete. Pages are not kept in any
// cache: after a log-out, the browser's back button must not bring them back.
func render(w http.ResponseWriter, status int, name string, p page) {
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, p); err != nil {
		slog.Error("page cannot be shown", "page", name, "error", err)
		http.Error(w, "This page is broken.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// redirect sends the browser on after a form, so that reloading the page does
// not send the form again.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther)
}
