// Rooms is an application of several packages: visitors book rooms.
package main

import (
	"encoding/gob"
	"log"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"fixture/scs/rooms/booking"
	"fixture/scs/rooms/config"
	"fixture/scs/rooms/web"
)

var app config.App

var session *scs.SessionManager

func main() {
	handler := setUp(false)
	log.Fatal(http.ListenAndServe(":8080", handler))
}

func setUp(production bool) http.Handler {
	gob.Register(booking.Reservation{})
	gob.Register(map[string]int{})
	app.Production = production

	session = scs.New()
	session.Lifetime = 24 * time.Hour
	session.Cookie.Persist = true
	session.Cookie.SameSite = http.SameSiteLaxMode
	session.Cookie.Secure = app.Production
	session.Store = newFileStore("sessions.d")

	app.Session = session
	web.Use(&app)
	return session.LoadAndSave(web.Routes())
}
