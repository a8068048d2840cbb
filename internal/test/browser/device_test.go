package browser_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/browser"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

const deviceCookie = "__Host-session_id"

// A vault is a site that binds its sessions.
type vault struct {
	*httptest.Server
	logins *sessions.Manager[Login]
	store  sessions.Store[Login]

	mu       sync.Mutex
	requests []string // with the status of each
	cookie   string   // that came last
	proto    string
	events   map[session.EventKind]int
}

func openVault(t *testing.T, store sessions.Store[Login], http2 bool) *vault {
	t.Helper()
	v := &vault{store: store, events: map[session.EventKind]int{}}
	var err error
	v.logins, err = sessions.New(store, &sessions.Options{
		DeviceBound: sessions.DeviceBound{Enabled: true},
		Observe: func(_ context.Context, e sessions.Event) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.events[e.Kind]++
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
		login.LogIn(func(l *Login) { l.User = r.FormValue("name") })
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	mux.Handle("GET /logout", sessions.Handle(func(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
		login.Destroy()
	}))
	mux.Handle("GET /", sessions.Handle(func(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
		fmt.Fprintf(w, "%q", login.Value().User)
	}))
	mux.HandleFunc("GET /favicon.ico", http.NotFound)
	mux.HandleFunc("GET /plain", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "plain") })
	guarded := http.NewCrossOriginProtection().Handler(v.logins.Handler(mux))
	v.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		guarded.ServeHTTP(rec, r)
		v.mu.Lock()
		path, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/.sessions"), "/device/")
		if path != strings.TrimPrefix(r.URL.Path, "/.sessions") {
			path = "refresh"
		}
		v.requests = append(v.requests, fmt.Sprint(r.Method, " ", path, " ", rec.Code))
		v.proto = r.Proto
		if c, err := r.Cookie(deviceCookie); err == nil {
			v.cookie = c.Value
		}
		v.mu.Unlock()
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}))
	v.Config.ErrorLog = log.New(io.Discard, "", 0) // of the browser's own probes
	v.EnableHTTP2 = http2
	v.StartTLS()
	t.Cleanup(v.Close)
	return v
}

// count returns how many requests begin with a text, since the last call.
func (v *vault) count(prefix string) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	v.requests = nil
	return n
}

func (v *vault) seen(kind session.EventKind) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.events[kind]
}

func (v *vault) lastCookie() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cookie
}

// shows checks a page's text.
func shows(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("the page says %s, want %s", got, want)
	}
}

// at returns whose session a cookie opens if it is used at a later time.
func (v *vault) at(t *testing.T, cookie string, later time.Duration) string {
	t.Helper()
	token, err := session.ParseToken(cookie)
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Load(t.Context(), v.store, &session.Policy{Observe: func(_ context.Context, e session.Event) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.events[e.Kind]++
	}}, token, time.Now().Add(later))
	if err != nil {
		t.Fatal(err)
	}
	return s.Value().User
}

func TestDeviceBound(t *testing.T) {
	browser.Require(t)
	c := codec.MessagePack[Login]()
	stores := map[string]func(*testing.T) sessions.Store[Login]{
		"memory": func(*testing.T) sessions.Store[Login] { return memstore.New[Login](nil) },
		"redis": func(t *testing.T) sessions.Store[Login] {
			client, err := redisstore.NewClient(redisserver.URL(redisserver.Start(t).Addr()))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { client.Close() })
			store, err := redisstore.New(client, "vault", c, nil)
			if err != nil {
				t.Fatal(err)
			}
			return store
		},
		"sqlite": func(t *testing.T) sessions.Store[Login] {
			db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "vault.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			store, err := sqlstore.New(db, sqlstore.SQLite, c, &sqlstore.Options{CreateTable: true})
			if err != nil {
				t.Fatal(err)
			}
			return store
		},
	}
	for name, open := range stores {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", name, http2), func(t *testing.T) {
				testDeviceBound(t, openVault(t, open(t), http2), http2)
			})
		}
	}
}

func testDeviceBound(t *testing.T, v *vault, http2 bool) {
	profile := t.TempDir()
	b := browser.OpenDevTools(t, v.Server, profile)
	expire := func() { b.ExpireCookie(deviceCookie, v.URL) }

	// The log-in binds.
	shows(t, b.Go(v.URL+"/login?name=ada"), `"ada"`)
	b.Until("creationEventDetails")
	if v.seen(session.EventBound) != 1 || v.seen(session.EventUnproven) != 0 || (v.proto == "HTTP/2.0") != http2 {
		t.Fatalf("events %v over %s", v.events, v.proto)
	}
	shows(t, b.Go(v.URL+"/"), `"ada"`)

	// The secret ends, and the next page goes on, by one request.
	copied := v.lastCookie()
	v.count("")
	expire()
	shows(t, b.Go(v.URL+"/"), `"ada"`)
	b.Until(`"refreshResult":"Refreshed"`)
	if n := v.count("POST refresh"); n != 1 {
		t.Errorf("%d requests for a refresh", n)
	}

	// Parallel fetches wait for one refresh.
	expire()
	got := b.Run(`Promise.all([...Array(8).keys()].map(i => fetch("/"+i).then(r => r.text()))).then(all => all.join())`)
	shows(t, got, strings.TrimSuffix(strings.Repeat(`"ada",`, 8), ","))
	if n := v.count("POST refresh"); n != 1 {
		t.Errorf("%d requests for a refresh of parallel fetches", n)
	}

	// The copy that was taken before is refused after its grace, and reported. A copy
	// of the present one ends with its secret.
	before := v.seen(session.EventReused)
	if got := v.at(t, copied, 31*time.Second); got != "" || v.seen(session.EventReused) != before+1 {
		t.Errorf("the copied cookie opens the session of %q; %d reports", got, v.seen(session.EventReused)-before)
	}
	fresh := v.lastCookie()
	if got := v.at(t, fresh, 10*time.Minute); got != "ada" {
		t.Errorf("the cookie has ended before its time: %q", got)
	}
	if got := v.at(t, fresh, 10*time.Minute+30*time.Second); got != "" {
		t.Errorf("the copied cookie opens the session of %q when the secret has ended", got)
	}

	// A link of another site.
	other := strings.Replace(v.URL, "127.0.0.1", "localhost", 1)
	shows(t, b.Go(other+"/plain"), "plain")
	expire()
	shows(t, b.Follow(v.URL+"/"), `"ada"`)

	// The browser is closed and opened again.
	shows(t, b.Go(v.URL+"/"), `"ada"`)
	b.Close()
	b = browser.OpenDevTools(t, v.Server, profile)
	shows(t, b.Go(v.URL+"/"), `"ada"`)
	expire()
	shows(t, b.Go(v.URL+"/"), `"ada"`)

	// Ended by another device.
	if _, err := v.logins.RevokeAll(t.Context(), "ada", session.ReasonRevoked); err != nil {
		t.Fatal(err)
	}
	expire()
	shows(t, b.Go(v.URL+"/"), `""`)
	b.Until(`"deletionReason":"ServerRequested"`)

	// A log-in that comes by another site's link, and one in place of it.
	shows(t, b.Go(other+"/plain"), "plain")
	shows(t, b.Follow(v.URL+"/login?name=bob"), `"bob"`)
	b.Until("creationEventDetails")
	shows(t, b.Go(v.URL+"/login?name=eve"), `"eve"`)
	b.Until("creationEventDetails")
	shows(t, b.Go(v.URL+"/"), `"eve"`)
	expire()
	shows(t, b.Go(v.URL+"/"), `"eve"`)

	// A log-out, after which no refresh logs in.
	b.Go(v.URL + "/logout")
	v.count("")
	shows(t, b.Go(v.URL+"/"), `""`)
	b.Until(`"deletionReason":"ServerRequested"`)
	shows(t, b.Go(v.URL+"/"), `""`)
	if n := v.count("POST refresh"); n != 1 {
		t.Errorf("%d requests for a refresh after the log-out", n)
	}
	if n := v.seen(session.EventUnproven); n != 0 {
		t.Errorf("%d proofs were refused", n)
	}
}
