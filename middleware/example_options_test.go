package middleware_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A program reads what differs between its installations from a file, and adds the
// rest.
func ExampleConfig_Options() {
	const file = `{
		"store": "redis://localhost:6379/0",
		"cookie_name": "shop",
		"max_age": 3600,
		"secret": "an example, which is no secret at all"
	}`
	var config middleware.Config
	if err := json.Unmarshal([]byte(file), &config); err != nil {
		log.Fatal(err)
	}
	o, store, err := config.Options()
	if err != nil {
		log.Fatal(err)
	}
	o.IdleTimeout = 10 * time.Minute
	fmt.Println(store, o.Lifetime, o.Cookie.Name, len(o.Secrets))
	fmt.Println(config, o)
	// Output:
	// redis://localhost:6379/0 1h0m0s shop 1
	// sessions.Config sessions.Options
}

// Browsers have the token in a cookie. An API client sends the header, empty at
// first, and finds its token there.
func ExampleCookieOrHeader() {
	drafts := newDrafts(&middleware.Options{Transport: middleware.CookieOrHeader("X-Session-Token")})
	h := drafts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "Dear Ada,") })
	}))
	browser := httptest.NewRequest("POST", "/lines", nil)
	client := httptest.NewRequest("POST", "/lines", nil)
	client.Header.Set("X-Session-Token", "")
	for _, r := range []*http.Request{browser, client} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println("cookies:", len(w.Result().Cookies()), "header:", len(w.Header().Get("X-Session-Token")))
	}
	// Output:
	// cookies: 1 header: 0
	// cookies: 0 header: 66
}

// A mistake in the file is told in its own words.
func ExampleParseConfig() {
	_, err := middleware.ParseConfig([]byte(`{"max_age": "a day", "dev": true}`))
	fmt.Println(err)

	config, err := middleware.ParseConfig([]byte(`{"max_age": "24h", "secret": "short"}`))
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = config.Options()
	fmt.Println(err)
	// Output:
	// sessions: max_age: must be a number of seconds, or a number with a unit, such as 90s, 15m, 24h or 30d
	// sessions: secret: 5 bytes; make one with `openssl rand -base64 32`
}

// The environment of a container sets what differs between installations.
func ExampleConfigFromEnv() {
	environ := []string{"SESSIONS_STORE=redis://redis:6379", "SESSIONS_REMEMBER=30d"} // os.Environ()
	config, err := middleware.ConfigFromEnv(environ)
	if err != nil {
		log.Fatal(err)
	}
	o, store, err := config.Options()
	fmt.Println(store, o.Remember.Lifetime, err)
	// Output: redis://redis:6379 720h0m0s <nil>
}
