package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A stream of server-sent events ends with its session: at a log-out in any tab, at
// "log out everywhere", or when the session expires.
func ExampleManager_Watch() {
	logins := newLogins()
	stream := middleware.Handle(func(w http.ResponseWriter, r *http.Request, login *session.Session[Login]) {
		ctx := logins.Watch(r.Context(), login)
		w.Header().Set("Content-Type", "text/event-stream")
		flusher := http.NewResponseController(w)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				fmt.Fprintf(w, "data: %s\n\n", now.Format(time.TimeOnly))
			case <-ctx.Done():
				if errors.Is(context.Cause(ctx), session.ErrNotFound) {
					fmt.Fprint(w, "event: logged-out\ndata:\n\n")
				}
				return // after a renewal, the browser connects again with its new cookie
			}
			if flusher.Flush() != nil {
				return
			}
		}
	})
	http.Handle("GET /events", stream)
}

// The end of the session comes with its cause.
func ExampleManager_Watch_cause() {
	logins := newLogins()
	login := logIn(logins, "ada", "Firefox")
	ctx := logins.Watch(context.Background(), login)

	logins.RevokeAll(context.Background(), "ada", session.ReasonRevoked) // "log out everywhere"
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	// Output: session: not found
}

// A WebSocket's messages keep the session from idling out: Commit moves its idle end
// now and then, although nothing is changed.
func ExampleManager_Watch_keepAlive() {
	logins := newLogins()
	serve := func(ctx context.Context, login *session.Session[Login], messages <-chan string) error {
		ctx = logins.Watch(ctx, login)
		for {
			select {
			case message := <-messages:
				if err := login.Commit(ctx); err != nil {
					return err
				}
				fmt.Println(login.Value().Customer, "says", message)
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}

	ctx, hangUp := context.WithCancel(context.Background())
	messages := make(chan string)
	go func() {
		messages <- "hello"
		hangUp()
	}()
	fmt.Println(serve(ctx, logIn(logins, "ada", "Firefox"), messages))
	// Output:
	// ada says hello
	// context canceled
}

// A connection shows the present value: another request has changed it.
func ExampleManager_WatchChanges() {
	logins := newLogins()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	login := logIn(logins, "ada", "Firefox")
	ctx, changes := logins.WatchChanges(ctx, login)

	logins.Edit(context.Background(), login.ID(), func(l *Login) { l.Browser = "Chromium" })
	select {
	case <-changes:
		if err := login.Reload(ctx); err != nil {
			fmt.Println(err)
		}
		fmt.Println(login.Value().Browser)
	case <-ctx.Done():
		fmt.Println(context.Cause(ctx))
	}
	// Output: Chromium
}
