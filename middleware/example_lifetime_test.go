package middleware_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// An ordinary session ends with the browser, after an hour without use, or after 24
// hours. A visitor who ticks "remember me" stays logged in for 30 days, here, and for two
// weeks with the zero Options.
func ExampleOptions_remember() {
	logins, err := middleware.New(memstore.New[Login](nil), &middleware.Options{
		Remember: session.Remember{Lifetime: 30 * 24 * time.Hour},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("POST /login", middleware.Handle(func(w http.ResponseWriter, r *http.Request, login *session.Session[Login]) {
		login.LogIn(func(l *Login) { l.Customer = r.PostFormValue("name") })
		login.Remember(r.PostFormValue("remember") != "")
	}))

	// The form says how long that is.
	fmt.Printf("remember me for %.0f days\n", logins.Options().Remember.Lifetime.Hours()/24)
	// Output: remember me for 30 days
}

// A lifetime that slides: a visitor who comes at least once a month stays logged in.
// The session is renewed once a day at most, since its cookie must last longer too.
func ExampleOptions_slidingLifetime() {
	const lifetime = 30 * 24 * time.Hour
	slide := func(login *session.Session[Login]) {
		if !login.IsNew() && time.Until(login.Deadline()) < lifetime-24*time.Hour {
			login.SetDeadline(time.Now().Add(lifetime))
		}
	}

	ctx := context.Background()
	login := logIn(newLogins(), "ada", "Firefox")
	slide(login) // in each request that counts as use
	if err := login.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(login.Deadline()).Round(time.Hour))
	// Output: 720h0m0s
}

// An idle timeout of one session, here of five minutes at a shared computer.
func ExampleOptions_idleTimeoutOfOneSession() {
	login := logIn(newLogins(), "ada", "the library's")
	login.SetIdleTimeout(5 * time.Minute) // in the log-in's handler
	if err := login.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(login.Expires()).Round(time.Minute))
	// Output: 5m0s
}
