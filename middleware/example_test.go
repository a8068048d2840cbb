package middleware_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Draft is what a visitor's session holds.
type Draft struct{ Lines []string }

// edit serves one long-lived connection, over whatever protocol: its first line
// is the token, which the client got from the web application; each other line is
// added to the draft.
//
// The session is opened anew for each message. A connection may last for hours,
// in which other requests change the session, renew it or log out.
func edit(drafts *middleware.Manager[Draft], conn net.Conn) {
	defer conn.Close()
	ctx := context.Background()
	lines := bufio.NewScanner(conn)
	lines.Scan()
	token := lines.Text()
	for lines.Scan() {
		if err := addLine(ctx, drafts, token, lines.Text()); errors.Is(err, session.ErrNotFound) {
			fmt.Fprintln(conn, "please log in again")
			return
		} else if err != nil {
			fmt.Fprintln(conn, "please try again")
			continue
		}
		fmt.Fprintln(conn, "saved")
	}
}

func addLine(ctx context.Context, drafts *middleware.Manager[Draft], token, line string) error {
	draft, err := drafts.Open(ctx, token)
	if err != nil {
		return err
	}
	draft.Update(func(d *Draft) { d.Lines = append(d.Lines, line) })
	return draft.Commit(ctx)
}

// A long-lived connection works on the session of a web application.
func ExampleManager_Open() {
	drafts, err := middleware.New(memstore.New[Draft](nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	draft, err := drafts.Open(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	draft.Set(Draft{Lines: []string{"Dear Ada,"}})
	if err := draft.Commit(ctx); err != nil {
		fmt.Println(err)
		return
	}
	token, _ := draft.Token()

	client, server := net.Pipe()
	go edit(drafts, server)
	fmt.Fprintln(client, token.Reveal())
	answers := bufio.NewReader(client)
	for _, line := range []string{"thank you for the engine.", "Yours, Charles"} {
		fmt.Fprintln(client, line)
		answer, _ := answers.ReadString('\n')
		fmt.Print(answer)
	}

	draft, err = drafts.Open(ctx, token.Reveal())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(draft.Value().Lines, " "))
	draft.Destroy()
	if err := draft.Commit(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprintln(client, "P.S.")
	rest, _ := io.ReadAll(answers)
	fmt.Print(string(rest))
	// Output:
	// saved
	// saved
	// Dear Ada, thank you for the engine. Yours, Charles
	// please log in again
}

// An API client that keeps no cookies finds its token in a header.
func ExampleHeaderTransport() {
	drafts, err := middleware.New(memstore.New[Draft](nil), &middleware.Options{
		Transport: middleware.HeaderTransport("X-Session-Token"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	add := drafts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "line") })
		fmt.Println(len(draft.Value().Lines), "lines")
	}))
	var token string
	for range 2 {
		r := httptest.NewRequest("POST", "/lines", nil)
		if token != "" {
			r.Header.Set("X-Session-Token", token)
		}
		w := httptest.NewRecorder()
		add.ServeHTTP(w, r)
		if sent := w.Header().Get("X-Session-Token"); sent != "" {
			token = sent
			fmt.Println("a token of", len(token), "characters")
		}
	}
	// Output:
	// 1 lines
	// a token of 66 characters
	// 2 lines
}

// An application's own page for a session that another request has ended.
func ExampleDefaultErrorHandler() {
	failed := func(w http.ResponseWriter, r *http.Request, err error) {
		if errors.Is(err, session.ErrGone) {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		middleware.DefaultErrorHandler(w, r, err)
	}
	drafts, err := middleware.New(memstore.New[Draft](nil), &middleware.Options{ErrorHandler: failed})
	if err != nil {
		log.Fatal(err)
	}
	var token string
	h := drafts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, d *session.Session[Draft]) {
		d.Update(func(d *Draft) { d.Lines = append(d.Lines, r.URL.Path) })
		if token != "" { // another request logs out meanwhile
			other, err := drafts.Open(r.Context(), token)
			if err != nil {
				log.Fatal(err)
			}
			other.Destroy()
			other.Commit(r.Context())
		}
	}))
	send := func(cookie string) *http.Response {
		r := httptest.NewRequest("POST", "/write", nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	cookie, _, _ := strings.Cut(send("").Header.Get("Set-Cookie"), ";")
	_, token, _ = strings.Cut(cookie, "=")
	res := send(cookie)
	fmt.Println(res.StatusCode, res.Header.Get("Location"))
	// Output: 303 /login
}
