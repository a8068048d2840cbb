package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// newDrafts returns a manager of drafts in memory.
func newDrafts(o *middleware.Options) *middleware.Manager[Draft] {
	drafts, err := middleware.New(memstore.New[Draft](nil), o)
	if err != nil {
		log.Fatal(err)
	}
	return drafts
}

// post sends a form as a browser with this cookie does.
func post(h http.Handler, target, cookie string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", target, nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// cookieOf returns the cookie that a browser keeps of a response.
func cookieOf(w *httptest.ResponseRecorder) string {
	pair, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return pair
}

// New reports all mistakes in the options at once.
func ExampleNew() {
	store := memstore.New[Draft](nil)
	_, err := middleware.New(store, &middleware.Options{
		IdleTimeout: 30,
		Cookie:      middleware.Cookie{Name: "__Host-drafts"},
	})
	fmt.Println(err)

	drafts, err := middleware.New(store, &middleware.Options{
		IdleTimeout: 30 * time.Minute,
		Cookie:      middleware.Cookie{Name: "drafts"},
	})
	fmt.Println(drafts, err)
	// Output:
	// sessions: IdleTimeout is 30ns; is a unit missing, such as time.Second?
	// sessions: Cookie.Name is "__Host-drafts"; leave the prefix out, it is added as the other fields allow
	// sessions.Manager[middleware_test.Draft] <nil>
}

// The manager's handler goes around the application, and a check against requests
// across sites around that.
func ExampleManager_Handler() {
	drafts := newDrafts(nil)
	mux := http.NewServeMux()
	mux.Handle("POST /sign", middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "Yours, Ada") })
		fmt.Fprintln(w, "signed")
	}))
	h := http.NewCrossOriginProtection().Handler(drafts.Handler(mux))

	w := post(h, "/sign", "")
	name, _, _ := strings.Cut(cookieOf(w), "=")
	fmt.Print(name, " ", w.Body)
	// Output: __Host-session_id signed
}

// A handler takes its session as an argument.
func ExampleHandle() {
	drafts := newDrafts(nil)
	mux := http.NewServeMux()
	mux.Handle("POST /lines", middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, r.FormValue("line")) })
		fmt.Fprintln(w, len(draft.Value().Lines), "lines")
	}))
	h := drafts.Handler(mux)

	first := post(h, "/lines?line=Dear+Ada,", "")
	second := post(h, "/lines?line=thank+you.", cookieOf(first))
	fmt.Print(first.Body.String() + second.Body.String())
	// Output:
	// 1 lines
	// 2 lines
}

// A handler asks for its session only if it needs it. A request that does not ask
// for it costs no store command.
func ExampleGet() {
	drafts := newDrafts(nil)
	h := drafts.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/help" {
			fmt.Fprintln(w, "Write line by line.")
			return
		}
		draft, err := middleware.Get[Draft](r)
		if err != nil {
			middleware.Fail[Draft](w, r, err)
			return
		}
		fmt.Fprintln(w, "new:", draft.IsNew())
	}))
	for _, path := range []string{"/help", "/draft"} {
		w := post(h, path, "")
		fmt.Printf("Vary %q: %s", w.Header().Get("Vary"), w.Body)
	}
	// Output:
	// Vary "": Write line by line.
	// Vary "Cookie": new: true
}

// Sign adds a line to the draft of the request to which the context belongs.
func Sign(ctx context.Context, name string) error {
	draft, err := middleware.FromContext[Draft](ctx)
	if err != nil {
		return err
	}
	draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "Yours, "+name) })
	return nil
}

// Code below a handler needs only the context.
func ExampleFromContext() {
	h := newDrafts(nil).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := Sign(r.Context(), "Charles"); err != nil {
			middleware.Fail[Draft](w, r, err)
			return
		}
		draft, _ := middleware.Get[Draft](r) // the same session
		fmt.Fprintln(w, draft.Value().Lines)
	}))
	fmt.Print(post(h, "/sign", "").Body)
	// Output: [Yours, Charles]
}

// A job calls code that was written for requests.
func ExampleNewContext() {
	drafts := newDrafts(nil)
	ctx := context.Background()
	draft, err := drafts.Open(ctx, "") // or with the token that the job was given
	if err != nil {
		log.Fatal(err)
	}
	if err := Sign(middleware.NewContext(ctx, draft), "Charles"); err != nil {
		log.Fatal(err)
	}
	if err := draft.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(draft.Value().Lines, draft.IsNew())
	// Output: [Yours, Charles] false
}

// A full store takes no changes.
type fullStore struct{ session.Store[Draft] }

func (fullStore) Save(context.Context, *session.Record[Draft]) error {
	return errors.New("out of memory")
}

// A handler that must know that the change was saved, before it goes on, commits it.
func ExampleFail() {
	drafts, err := middleware.New(fullStore{memstore.New[Draft](nil)}, nil)
	if err != nil {
		log.Fatal(err)
	}
	h := drafts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "Sent.") })
		if err := draft.Commit(r.Context()); err != nil {
			middleware.Fail[Draft](w, r, err)
			return
		}
		fmt.Println("the letter is sent")
	}))
	w := post(h, "/send", "")
	fmt.Printf("%d %s", w.Code, w.Body)
	// Output: 503 Service temporarily unavailable. Please try again.
}

// An API answers in its own format.
func ExampleStatus() {
	answer := func(w http.ResponseWriter, r *http.Request, err error) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(middleware.Status(err))
		fmt.Fprintf(w, `{"retry": %t}`, errors.Is(err, session.ErrUnavailable))
	}
	drafts, err := middleware.New(fullStore{memstore.New[Draft](nil)}, &middleware.Options{ErrorHandler: answer})
	if err != nil {
		log.Fatal(err)
	}
	h := drafts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "Dear Ada,") })
		fmt.Fprint(w, `{}`)
	}))
	w := post(h, "/lines", "")
	fmt.Println(w.Code, w.Body)
	// Output: 503 {"retry": true}
}

// A page that polls does not keep its visitor logged in.
func ExamplePassive() {
	logins := newLogins()
	mux := http.NewServeMux()
	mux.Handle("GET /time-left", middleware.Passive(middleware.Handle(func(w http.ResponseWriter, r *http.Request, login *session.Session[Login]) {
		fmt.Fprint(w, time.Until(login.Expires()).Round(time.Minute))
	})))
	token, _ := logIn(logins, "ada", "Firefox").Token()

	r, w := httptest.NewRequest("GET", "/time-left", nil), httptest.NewRecorder()
	r.Header.Set("Cookie", "__Host-session_id="+token.Reveal())
	logins.Handler(mux).ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: 1h0m0s
}

// A log names the customer if the request has loaded the session anyway.
func ExampleLoaded() {
	logins := newLogins()
	token, _ := logIn(logins, "ada", "Firefox").Token()
	line := func(r *http.Request) {
		customer := "unknown"
		if login, ok := middleware.Loaded[Login](r.Context()); ok {
			customer = login.Value().Customer
		}
		fmt.Println(r.URL.Path, "by", customer)
	}
	h := logins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer line(r)
		if r.URL.Path == "/account" {
			middleware.Get[Login](r)
		}
	}))
	for _, path := range []string{"/account", "/logo"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Cookie", "__Host-session_id="+token.Reveal())
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	// Output:
	// /account by ada
	// /logo by unknown
}
