package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/browser"
	"github.com/seed48429006/sessions/middleware/inspector"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A Login is the value of each session.
type Login struct{ User string }

// SessionOwner names the session's owner.
func (l Login) SessionOwner() string { return l.User }

// An operator finds a visitor's session on a phone, and ends it.
func TestInspector(t *testing.T) {
	inspect := inspector.New[Login](nil)
	logins, err := sessions.New(memstore.New[Login](nil), &sessions.Options{Observe: inspect.Observe})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/", http.StripPrefix("/admin", inspect.Handler(logins)))
	mux.Handle("GET /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
		login.LogIn(func(l *Login) { l.User = "ada" })
	}))
	mux.Handle("GET /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
		fmt.Fprintf(w, "Hello, %s.", login.Value().User)
	}))
	server := httptest.NewServer(logins.Handler(mux))
	defer server.Close()
	site := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)

	const width = 320
	ada, operator := browser.Open(t, browser.Options{}).Tab(), browser.Open(t, browser.Options{Width: width}).Tab()
	ada.Go(site + "/login")
	ada.Go(site + "/")
	ada.Shows("Hello, ada.")
	for _, page := range []string{"", "survey", "owner?name=ada"} {
		operator.Go(site + "/admin/" + page)
		operator.Shows("ada")
		var over int
		if operator.Run(`return document.documentElement.scrollWidth - arguments[0]`, &over, width); over > 0 {
			t.Errorf("/admin/%s is %d pixels wider than the screen", page, over)
		}
		if dir := os.Getenv("SESSIONS_SCREENSHOTS"); dir != "" {
			name, _, _ := strings.Cut(page, "?")
			operator.Screenshot(filepath.Join(dir, "inspector-"+name+".png"))
		}
	}
	operator.Click("button.end")
	operator.Shows("Are you sure?")
	operator.Click("button.end")
	operator.Shows("Sessions ended: 1.")
	ada.Go(site + "/")
	ada.Shows("Hello, .")
}
