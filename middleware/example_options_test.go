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
		"lifetime": 3600,
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

// Mistakes in the file are told all at once, in its own words.
func ExampleParseConfig() {
	_, err := middleware.ParseConfig([]byte(`{"lifetime": "a day", "secret": "short"}`))
	fmt.Println(err)
	// Output:
	// sessions: lifetime: must be a number of seconds, or a number with a unit, such as 90s, 15m, 24h or 30d
	// sessions: secret: 5 bytes; make one with `openssl rand -base64 32`
}

// The environment of a container sets what differs between installations.
func ExampleConfigFromEnv() {
	environ := []string{"SESSIONS_STORE=redis://redis:6379", "SESSIONS_REMEMBER_LIFETIME=30d"} // os.Environ()
	config, err := middleware.ConfigFromEnv(environ)
	if err != nil {
		log.Fatal(err)
	}
	o, store, err := config.Options()
	fmt.Println(store, o.Remember.Lifetime, err)
	// Output: redis://redis:6379 720h0m0s <nil>
}

// What operators set takes the place of the program's own options.
func ExampleConfig_Apply() {
	config, err := middleware.ConfigFromEnv([]string{"SESSIONS_IDLE_TIMEOUT=15m"}) // os.Environ()
	if err != nil {
		log.Fatal(err)
	}
	o := &middleware.Options{Lifetime: 12 * time.Hour, IdleTimeout: 30 * time.Minute}
	store, err := config.Apply(o)
	fmt.Println(store, o.Lifetime, o.IdleTimeout, err)
	// Output: memory: 12h0m0s 15m0s <nil>
}

// Names that are near to ours are mistakes. Others are ignored, such as those that
// Kubernetes makes for a service that is called "sessions".
func ExampleConfigFromEnv_names() {
	_, err := middleware.ConfigFromEnv([]string{"SESSIONS_PORT=tcp://10.0.0.7:6379", "SESSIONS_SERVICE_HOST=10.0.0.7"})
	fmt.Println(err)
	_, err = middleware.ConfigFromEnv([]string{"SESSIONS_SECERT=…", "SESSIONS_SECRET_FILE=/no/such/file"})
	fmt.Println(err)
	// Output:
	// <nil>
	// sessions: unknown variable "SESSIONS_SECERT"; SESSIONS_SECRET is meant, or choose another name
	// sessions: SESSIONS_SECRET_FILE: no such file or directory
}
