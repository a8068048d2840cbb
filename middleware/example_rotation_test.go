package middleware_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// The token of a session that has logged in lives for a quarter of an hour of use. A
// former one that comes back later was copied: the session ends.
func ExampleOptions_rotateEvery() {
	store := sessiontest.NewStore[Login](nil)
	logins, err := middleware.New(store, &middleware.Options{
		RotateEvery: 15 * time.Minute,
		EndOnReuse:  true,
		Observe: func(_ context.Context, e session.Event) {
			if e.Kind == session.EventReused {
				log.Printf("a copied token of session %v was used", e.ID)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	show := logins.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, login *session.Session[Login]) {
		fmt.Fprint(w, login.Value().Customer)
	}))

	// A visitor who logged in twenty minutes ago.
	token, err := store.TrySeed(session.Record[Login]{
		Renewed: time.Now().Add(-20 * time.Minute),
		Value:   Login{Customer: "ada", Browser: "Firefox"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", "__Host-session_id="+token.Reveal())
		show.ServeHTTP(w, r)
		fmt.Println(w.Body, "cookies:", len(w.Result().Cookies()))
	}
	// Output:
	// ada cookies: 1
	// ada cookies: 0
}
