// Package web has the handlers.
package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"fixture/scs/rooms/booking"
	"fixture/scs/rooms/config"
	"fixture/scs/rooms/views"
)

var app *config.App

// Use sets the configuration.
func Use(a *config.App) {
	app = a
	views.Use(a)
}

// Routes returns the pages.
func Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("POST /choose/{room}", choose)
	mux.HandleFunc("POST /book", book)
	mux.HandleFunc("POST /login", logIn)
	mux.HandleFunc("POST /logout", logOut)
	mux.HandleFunc("GET /count/{page}", count)
	return mux
}

// tell leaves a notice for the next page.
func tell(ctx context.Context, kind, text string) {
	app.Session.Put(ctx, kind, text)
}

func home(w http.ResponseWriter, r *http.Request) {
	text := "no room"
	if res, ok := app.Session.Get(r.Context(), "reservation").(booking.Reservation); ok {
		text = fmt.Sprintf("room %d for %d nights", res.Room, res.Nights)
	}
	views.Show(w, r, &views.Data{Text: text})
}

func choose(w http.ResponseWriter, r *http.Request) {
	room, err := strconv.Atoi(r.PathValue("room"))
	if err != nil {
		tell(r.Context(), "error", "no such room")
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	res := booking.Reservation{Room: room, Nights: 2, Start: time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)}
	app.Session.Put(r.Context(), "reservation", res)
	tell(r.Context(), "flash", "chosen")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func book(w http.ResponseWriter, r *http.Request) {
	res, ok := app.Session.Get(r.Context(), "reservation").(booking.Reservation)
	if !ok {
		tell(r.Context(), "warning", "choose a room first")
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	app.Session.Remove(r.Context(), "reservation")
	tell(r.Context(), "flash", fmt.Sprintf("room %d is yours", res.Room))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logIn(w http.ResponseWriter, r *http.Request) {
	_ = app.Session.RenewToken(r.Context())
	if r.FormValue("password") != "please" {
		tell(r.Context(), "error", "who are you?")
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	app.Session.Put(r.Context(), "user_id", 7)
	app.Session.RememberMe(r.Context(), r.FormValue("remember") != "")
	tell(r.Context(), "flash", "welcome")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request) {
	if err := app.Session.Destroy(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	tell(r.Context(), "flash", "bye")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// count counts the visits of each page, under keys that are not known here.
func count(w http.ResponseWriter, r *http.Request) {
	key := "visits:" + r.PathValue("page")
	n := app.Session.GetInt(r.Context(), key)
	app.Session.Put(r.Context(), key, n+1)
	fmt.Fprint(w, n+1)
}
