package main

import (
	"embed"
	"html/template"
	"net/http"
)

//go:embed pages.html
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages.html"))

// show answers with a page that no cache keeps: after a log-out, the browser's back
// button must not bring it back.
func show(w http.ResponseWriter, status int, page string, data any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, page, data); err != nil {
		panic(http.ErrAbortHandler) // half a page must not look whole
	}
}
