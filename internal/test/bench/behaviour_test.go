package bench_test

import (
	"context"
	"encoding/gob"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/session"
	gorilla "github.com/gorilla/sessions"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
)

// The README's table says how each library behaves. These are the rows of it that a
// program can show.
func TestBehaviour(t *testing.T) {
	for _, tt := range []struct {
		library string
		serve   func(t *testing.T, s *site) string
		want    behaviour
	}{
		{"sessions", serveSessions, behaviour{overlap: "first quick slow", logOut: "", late: "first late", failure: "Service temporarily unavailable. Please try again."}},
		{"scs", serveSCS, behaviour{overlap: "first slow", logOut: "first slow", late: "first", failure: "Internal Server Error\ndone"}},
		{"gorilla", serveGorilla, behaviour{overlap: "first slow", logOut: "first slow", late: "first late", failure: "done"}},
		{"fiber", serveFiber, behaviour{overlap: "first slow", logOut: "first slow", late: "first late", failure: "Internal Server Error"}},
	} {
		t.Run(tt.library, func(t *testing.T) {
			s := &site{store: store{kept: map[string][]byte{}}, arrived: make(chan bool), proceed: make(chan bool)}
			s.url = tt.serve(t, s)
			got := behaviour{s.during(t, "/add?name=quick"), s.during(t, "/end"), s.late(t), s.failure(t)}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A behaviour is what a session holds, or what a visitor reads, after a fault.
type behaviour struct{ overlap, logOut, late, failure string }

// during visits a path while another request is under way, which has read the session
// before and changes it afterwards.
func (s *site) during(t *testing.T, path string) string {
	cookie, _ := s.visit(t, "/add?name=first", "")
	end := s.begin(t, "/add?wait=1&name=slow", cookie)
	s.visit(t, path, cookie)
	end()
	_, names := s.visit(t, "/show", cookie)
	return names
}

// late changes a stored session after the response has begun.
func (s *site) late(t *testing.T) string {
	cookie, _ := s.visit(t, "/add?name=first", "")
	s.visit(t, "/late?name=late", cookie)
	_, names := s.visit(t, "/show", cookie)
	return names
}

// failure returns what the visitor reads when the change cannot be stored.
func (s *site) failure(t *testing.T) string {
	cookie, _ := s.visit(t, "/add?name=first", "")
	s.store.fail(true)
	defer s.store.fail(false)
	_, body := s.visit(t, "/add?name=second", cookie)
	return body
}

// A site keeps a list of names in each session.
type site struct {
	url              string
	store            store
	arrived, proceed chan bool
}

// names are the session of a request.
type names interface {
	Add(name string)
	All() []string
	End()
}

// answer handles a request. Write sends a part of the response.
func (s *site) answer(n names, path string, query url.Values, write func(string)) {
	switch path {
	case "/show":
		write(strings.Join(n.All(), " "))
		return
	case "/end":
		n.End()
	case "/late":
		write("begun")
		n.Add(query.Get("name"))
		return
	case "/add":
		n.All()
		if query.Has("wait") {
			s.arrived <- true
			<-s.proceed
		}
		n.Add(query.Get("name"))
	}
	write("done")
}

// begin starts a request and returns when its handler waits. The function that it
// returns lets the request end.
func (s *site) begin(t *testing.T, path, cookie string) (end func()) {
	t.Helper()
	ended := make(chan bool)
	go func() {
		defer close(ended)
		s.visit(t, path, cookie)
	}()
	<-s.arrived
	return func() { s.proceed <- true; <-ended }
}

// visit returns the cookie that the response sets and its text.
func (s *site) visit(t *testing.T, path, cookie string) (set, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", s.url+path, nil)
	if err != nil {
		t.Error(err)
		return "", ""
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return "", ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if cookies := resp.Cookies(); len(cookies) > 0 {
		set = cookies[0].Name + "=" + cookies[0].Value
	}
	return set, strings.TrimSpace(string(text))
}

func (s *site) start(t *testing.T, h http.Handler) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

type nameList struct{ Names []string }

type ownNames struct{ s *sessions.Session[nameList] }

func (n ownNames) Add(name string) {
	n.s.Update(func(l *nameList) { l.Names = append(l.Names, name) })
}
func (n ownNames) All() []string { return n.s.Value().Names }
func (n ownNames) End()          { n.s.Destroy() }

func serveSessions(t *testing.T, s *site) string {
	kept := sessiontest.NewStore[nameList](t)
	s.store.onFail = func(fails bool) {
		if kept.Up(); fails {
			kept.Down()
		}
	}
	m, err := sessions.New(kept, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.start(t, m.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, list *sessions.Session[nameList]) {
		s.answer(ownNames{list}, r.URL.Path, r.URL.Query(), func(text string) { io.WriteString(w, text) })
	})))
}

type scsNames struct {
	m   *scs.SessionManager
	ctx context.Context
}

func (n scsNames) All() []string   { return strings.Fields(n.m.GetString(n.ctx, "names")) }
func (n scsNames) Add(name string) { n.m.Put(n.ctx, "names", strings.Join(append(n.All(), name), " ")) }
func (n scsNames) End()            { n.m.Destroy(n.ctx) }

func serveSCS(t *testing.T, s *site) string {
	m := scs.New()
	m.Store = scsStore{&s.store}
	return s.start(t, m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answer(scsNames{m, r.Context()}, r.URL.Path, r.URL.Query(), func(text string) { io.WriteString(w, text) })
	})))
}

type gorillaNames struct {
	s    *gorilla.Session
	save func()
}

func (n gorillaNames) All() []string {
	list, _ := n.s.Values["names"].([]string)
	return list
}

func (n gorillaNames) Add(name string) {
	n.s.Values["names"] = append(n.All(), name)
	n.save()
}

func (n gorillaNames) End() {
	n.s.Options.MaxAge = -1
	n.save()
}

// serveGorilla uses gorilla's own store on the server's side, which keeps files. The
// handler of this site does not look at the error of Save.
func serveGorilla(t *testing.T, s *site) string {
	gob.Register([]string{})
	folder := t.TempDir() + "/sessions"
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s.store.onFail = func(fails bool) { // files cannot be written while their folder is away
		from, to := folder, folder+".away"
		if !fails {
			from, to = to, from
		}
		if err := os.Rename(from, to); err != nil {
			t.Error(err)
		}
	}
	kept := gorilla.NewFilesystemStore(folder, []byte(strings.Repeat("k", 32)))
	return s.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list, _ := kept.Get(r, "session") // a new one if it cannot be read
		s.answer(gorillaNames{list, func() { list.Save(r, w) }}, r.URL.Path, r.URL.Query(), func(text string) { io.WriteString(w, text) })
	}))
}

type fiberNames struct{ m *session.Middleware }

func (n fiberNames) All() []string {
	list, _ := n.m.Get("names").([]string)
	return list
}
func (n fiberNames) Add(name string) { n.m.Set("names", append(n.All(), name)) }
func (n fiberNames) End()            { n.m.Destroy() }

func serveFiber(t *testing.T, s *site) string {
	handler, kept := session.NewWithStore(session.Config{Storage: fiberStore{&s.store}})
	kept.RegisterType([]string{})
	app := fiber.New()
	app.Get("/*", handler, func(c fiber.Ctx) error {
		query, err := url.ParseQuery(string(c.Request().URI().QueryString()))
		if err != nil {
			return err
		}
		s.answer(fiberNames{session.FromContext(c)}, c.Path(), query, func(text string) { c.WriteString(text) })
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := errors.Join(app.Shutdown(), <-served); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// A store keeps bytes, and fails to write them when it is told to.
type store struct {
	mu     sync.Mutex
	kept   map[string][]byte
	fails  bool
	onFail func(bool) // for a library that has another store
}

var errStore = errors.New("the store is down")

func (s *store) fail(fails bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fails
	if s.onFail != nil {
		s.onFail(fails)
	}
}

func (s *store) get(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[key]
}

func (s *store) set(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails {
		return errStore
	}
	s.kept[key] = value
	return nil
}

func (s *store) delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, key)
	return nil
}

type scsStore struct{ s *store }

func (s scsStore) Delete(token string) error { return s.s.delete(token) }
func (s scsStore) Find(token string) ([]byte, bool, error) {
	b := s.s.get(token)
	return b, b != nil, nil
}
func (s scsStore) Commit(token string, b []byte, _ time.Time) error { return s.s.set(token, b) }

type fiberStore struct{ s *store }

func (s fiberStore) Get(key string) ([]byte, error)                               { return s.s.get(key), nil }
func (s fiberStore) Set(key string, value []byte, _ time.Duration) error          { return s.s.set(key, value) }
func (s fiberStore) Delete(key string) error                                      { return s.s.delete(key) }
func (s fiberStore) GetWithContext(_ context.Context, key string) ([]byte, error) { return s.Get(key) }
func (s fiberStore) SetWithContext(_ context.Context, key string, value []byte, d time.Duration) error {
	return s.Set(key, value, d)
}
func (s fiberStore) DeleteWithContext(_ context.Context, key string) error { return s.Delete(key) }
func (s fiberStore) ResetWithContext(context.Context) error                { return errors.ErrUnsupported }
func (s fiberStore) Reset() error                                          { return errors.ErrUnsupported }
func (s fiberStore) Close() error                                          { return nil }
