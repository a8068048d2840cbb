package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
)

func ExampleNew() {
	carts, err := sessions.New(memstore.New[Cart](nil), &sessions.Options{
		Lifetime:    12 * time.Hour,
		IdleTimeout: 20 * time.Minute,
		MaxPerOwner: 5,
		Cookie:      sessions.Cookie{Name: "cart", SameSite: http.SameSiteStrictMode},
		Observe:     func(_ context.Context, e sessions.Event) { fmt.Println(e.Kind, e.Owner) },
	})
	if err != nil {
		log.Fatal(err)
	}
	h := carts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
	}))
	fmt.Println(ask(h, "POST", "/login", "").Cookies()[0].Name)
	// Output:
	// created ada
	// __Host-cart
}

func ExampleHandle() {
	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /items", sessions.Handle(addItem))
	w := httptest.NewRecorder()
	carts.Handler(mux).ServeHTTP(w, httptest.NewRequest("POST", "/items?sku=tea", nil))
	fmt.Print(w.Body)
	// Output: 1 items
}

// A page that asks for a log-in says why the visitor has to log in again.
func ExampleEnded() {
	carts, err := sessions.New(memstore.New[Cart](nil), &sessions.Options{KeepEnded: 7 * 24 * time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
	}))
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		end, err := sessions.Ended[Cart](r)
		if err != nil {
			sessions.Fail[Cart](w, r, err)
			return
		}
		switch end.Reason {
		case "": // a new visitor
		case sessions.ReasonExpired:
			fmt.Print("Your session has timed out. ")
		case sessions.ReasonRevoked, sessions.ReasonMaxPerOwner:
			fmt.Print("You have logged out, or logged in, on another device. ")
		default:
			fmt.Print("You were logged out. ")
		}
		fmt.Println("Please log in.")
	})
	h := carts.Handler(mux)
	cookie := ask(h, "POST", "/login", "").Cookies()[0].String()
	if _, err := carts.RevokeAll(context.Background(), "ada", sessions.ReasonRevoked); err != nil {
		log.Fatal(err)
	}
	ask(h, "GET", "/login", cookie)
	ask(h, "GET", "/login", "")
	// Output:
	// You have logged out, or logged in, on another device. Please log in.
	// Please log in.
}

// A second log-in is refused as long as the first one's session lives.
func ExampleAtMax() {
	carts, err := sessions.New(memstore.New[Cart](nil), &sessions.Options{MaxPerOwner: 1, AtMax: sessions.RefuseLogIn})
	if err != nil {
		log.Fatal(err)
	}
	h := carts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
		err := cart.Commit(r.Context())
		if errors.Is(err, sessions.ErrTooManySessions) {
			cart.Discard()
			fmt.Println("You are logged in on another device.")
		} else if err != nil {
			sessions.Fail[Cart](w, r, err)
		}
	}))
	fmt.Println(len(ask(h, "POST", "/login", "").Cookies()), "cookie")
	fmt.Println(len(ask(h, "POST", "/login", "").Cookies()), "cookies")
	// Output:
	// 1 cookie
	// You are logged in on another device.
	// 0 cookies
}

// FromContext serves code that has no request, such as a resolver for GraphQL.
func ExampleFromContext() {
	greeting := func(ctx context.Context) string {
		cart, err := sessions.FromContext[Cart](ctx)
		if err != nil {
			return "Hello, whoever you are!"
		}
		return "Hello, " + cart.Value().Customer + "!"
	}
	r := httptest.NewRequest("GET", "/", nil)
	fmt.Println(greeting(r.Context()))
	// Output: Hello, whoever you are!
}

func ExampleFail() {
	t := new(testing.T) // the test's own
	store := sessiontest.NewStore[Cart](t)
	store.Fail(sessiontest.OpSave, errors.New("disk on fire"))
	carts, err := sessions.New(store, nil)
	if err != nil {
		log.Fatal(err)
	}
	h := carts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = nil; c.Notices = []string{"Thank you!"} })
		if err := cart.Commit(r.Context()); err != nil {
			sessions.Fail[Cart](w, r, err)
			return
		}
		fmt.Fprintln(w, "your order is on its way")
	}))
	fmt.Println(ask(h, "POST", "/order", "").Status)
	// Output: 503 Service Unavailable
}

// An error handler may look like the rest of the site.
func ExampleStatus() {
	sorry := func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Header.Get("Accept") != "application/json" {
			sessions.DefaultErrorHandler(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(sessions.Status(err))
		fmt.Fprintln(w, `{"error": "the session was not saved"}`)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	sorry(w, r, fmt.Errorf("checkout: %w", sessions.ErrGone))
	fmt.Println(w.Code)
	// Output: 409
}

func ExampleDefaultErrorHandler() {
	w := httptest.NewRecorder()
	sessions.DefaultErrorHandler(w, httptest.NewRequest("GET", "/", nil), sessions.ErrUnavailable)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 503 Service temporarily unavailable. Please try again.
}

// A form has the ID of the session that its button ends.
func ExampleParseID() {
	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/sessions/end?id=not-an-id", nil)
	id, err := sessions.ParseID(r.FormValue("id"))
	if err == nil {
		err = carts.Revoke(r.Context(), "ada", id, sessions.ReasonRevoked)
	}
	fmt.Println(err)
	// Output: session: not found: an ID has 22 characters, not 9
}

func ExampleConfig() {
	config, err := sessions.ParseConfig([]byte(`{"store": "memory:", "lifetime": "12h"}`))
	if err != nil {
		log.Fatal(err)
	}
	carts, store, err := stores.FromConfig(context.Background(), config, "carts", codec.MessagePack[Cart](), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(carts.Options().Lifetime)
	// Output: 12h0m0s
}

func ExampleHeaderTransport() {
	api, err := sessions.New(memstore.New[Cart](nil), &sessions.Options{
		Transport: sessions.HeaderTransport("X-Session-Token"),
	})
	if err != nil {
		log.Fatal(err)
	}
	res := ask(api.Handler(sessions.Handle(addItem)), "POST", "/items?sku=tea", "")
	fmt.Println(len(res.Header.Get("X-Session-Token")), len(res.Cookies()))
	// Output: 66 0
}

func ExampleCookieOrHeader() {
	both, err := sessions.New(memstore.New[Cart](nil), &sessions.Options{
		Transport: sessions.CookieOrHeader("X-Session-Token"),
	})
	if err != nil {
		log.Fatal(err)
	}
	res := ask(both.Handler(sessions.Handle(addItem)), "POST", "/items?sku=tea", "")
	fmt.Println(len(res.Header.Get("X-Session-Token")), len(res.Cookies()))
	// Output: 0 1
}

func ExampleLogEvents() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "session" || a.Key == "duration" {
				return slog.Attr{} // which differ from run to run
			}
			return a
		},
	}))
	o := &sessions.Options{Observe: sessions.LogEvents(logger)}
	logIn(o)
	// Output: level=INFO msg="session created" owner=ada log_in=true changes=[Customer] attempts=1 method=POST route=/login
}

func ExampleObservers() {
	var metrics sessions.Metrics
	audit := func(_ context.Context, e sessions.Event) { fmt.Println("audit:", e.Kind, e.Owner) }
	o := &sessions.Options{Observe: sessions.Observers(audit, metrics.Observe)}
	logIn(o)
	fmt.Println("counted:", len(metrics.Snapshot()))
	// Output:
	// audit: created ada
	// counted: 1
}

// logIn logs a customer in with these options.
func logIn(o *sessions.Options) {
	carts, err := sessions.New(memstore.New[Cart](nil), o)
	if err != nil {
		log.Fatal(err)
	}
	ask(carts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
	})), "POST", "/login", "")
}
