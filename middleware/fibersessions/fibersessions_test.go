package fibersessions_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/middleware/fibersessions"
	"github.com/seed48429006/sessions/sessiontest"
)

type Cart struct {
	Customer string
	Items    []string
}

func (c Cart) SessionOwner() string { return c.Customer }

// newFiber is the program of the package's comment, and more.
func newFiber(carts *sessions.Manager[Cart]) fasthttp.RequestHandler {
	app := fiber.New()
	app.Use(fibersessions.New(carts.Handler))
	app.Post("/items", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		sku := strings.Clone(c.FormValue("sku"))
		cart.Update(func(v *Cart) { v.Items = append(v.Items, sku) })
		return c.SendString("added")
	})
	app.Post("/login", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		cart.LogIn(func(v *Cart) { v.Customer = "ada" })
		return c.Redirect().To("/")
	})
	app.Get("/", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		return c.SendString(fmt.Sprint(cart.Value()))
	})
	app.Get("/public", func(c fiber.Ctx) error { return c.SendString("public") })
	app.Post("/refused", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		cart.Update(func(v *Cart) { v.Items = append(v.Items, "kept") })
		return fiber.NewError(http.StatusTeapot, "refused")
	})
	app.Post("/stream", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		cart.Update(func(v *Cart) { v.Items = append(v.Items, "streamed") })
		c.Set("X-Kind", "stream")
		return c.SendStreamWriter(func(w *bufio.Writer) { fmt.Fprint(w, "one "); w.Flush(); fmt.Fprint(w, "two") })
	})
	app.Post("/logout", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		cart.Destroy()
		return c.SendStatus(http.StatusNoContent)
	})
	return app.Handler()
}

// newFastHTTP is the same, for the pages that the test of it needs.
func newFastHTTP(carts *sessions.Manager[Cart]) fasthttp.RequestHandler {
	return fibersessions.FastHTTP(carts.Handler, func(ctx context.Context, request *fasthttp.RequestCtx) {
		cart, err := sessions.FromContext[Cart](ctx)
		if err != nil {
			request.Error(err.Error(), http.StatusInternalServerError)
			return
		}
		if string(request.Path()) == "/items" {
			sku := string(request.FormValue("sku"))
			cart.Update(func(v *Cart) { v.Items = append(v.Items, sku) })
		}
		fmt.Fprint(request, cart.Value())
	})
}

// A visitor is a browser that talks to a fasthttp server.
type visitor struct {
	t      *testing.T
	client *http.Client
}

func serve(t *testing.T, h fasthttp.RequestHandler) func() *visitor {
	listener := fasthttputil.NewInmemoryListener()
	server := &fasthttp.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	dial := func(context.Context, string, string) (net.Conn, error) { return listener.Dial() }
	return func() *visitor {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &visitor{t, &http.Client{Jar: jar, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
	}
}

func (v *visitor) do(method, path string, form url.Values) (*http.Response, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, "http://localhost"+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rs, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer rs.Body.Close()
	body, err := io.ReadAll(rs.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return rs, string(body)
}

func newCarts(t *testing.T) (*sessions.Manager[Cart], *sessiontest.Store[Cart]) {
	store := sessiontest.NewStore[Cart](t)
	carts, err := sessions.New(store, &sessions.Options{Cookie: sessions.Cookie{Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	return carts, store
}

func TestFiber(t *testing.T) {
	carts, store := newCarts(t)
	ada := serve(t, newFiber(carts))()
	tea := url.Values{"sku": {"tea"}}

	rs, body := ada.do("GET", "/public", nil)
	if body != "public" || rs.Header.Get("Vary") != "" || len(store.Calls()) != 0 {
		t.Errorf("a page without a session: %q, Vary %q, %d calls of the store", body, rs.Header.Get("Vary"), len(store.Calls()))
	}
	if rs, body := ada.do("POST", "/items", tea); body != "added" || len(rs.Cookies()) != 1 || rs.Header.Get("Cache-Control") == "" {
		t.Errorf("%q, cookies %v", body, rs.Cookies())
	}
	if _, body := ada.do("POST", "/login", nil); body != "{ada [tea]}" {
		t.Errorf("after the log-in and its redirect: %q", body)
	}
	if rs, body := ada.do("POST", "/refused", nil); rs.StatusCode != http.StatusTeapot || body != "refused" {
		t.Errorf("an error of the handler: %d %q", rs.StatusCode, body)
	}
	if rs, body := ada.do("POST", "/stream", nil); body != "one two" || rs.Header.Get("X-Kind") != "stream" || rs.Header.Get("Vary") == "" || rs.Header.Get("Content-Of-Fiber-Stream") != "" {
		t.Errorf("a stream: %q, %v", body, rs.Header)
	}
	if _, body := ada.do("GET", "/", nil); body != "{ada [tea kept streamed]}" {
		t.Errorf("at the end: %q", body)
	}
	ada.do("POST", "/logout", nil)
	if _, body := ada.do("GET", "/", nil); body != "{ []}" {
		t.Errorf("after the log-out: %q", body)
	}
}

// If the store fails, nothing of fiber's response is sent, streams included.
func TestFiberWhileTheStoreIsDown(t *testing.T) {
	carts, store := newCarts(t)
	ada := serve(t, newFiber(carts))()
	ada.do("POST", "/login", nil)
	store.Fail(sessiontest.OpSave, io.ErrUnexpectedEOF)
	for _, path := range []string{"/items", "/stream", "/refused"} {
		rs, body := ada.do("POST", path, url.Values{"sku": {"tea"}})
		if rs.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "temporarily unavailable") {
			t.Errorf("%s: %d %q %v", path, rs.StatusCode, body, rs.Header)
		}
	}
	store.Fail(sessiontest.OpSave, nil)
	if _, body := ada.do("GET", "/", nil); body != "{ada []}" {
		t.Errorf("afterwards: %q", body)
	}
}

// newKinds has responses of many kinds, of which each reads the session if there is one.
func newKinds(middleware ...any) fasthttp.RequestHandler {
	app := fiber.New()
	if len(middleware) > 0 {
		app.Use(middleware...)
	}
	for path, answer := range map[string]func(c fiber.Ctx) error{
		"/large":  func(c fiber.Ctx) error { return c.SendString(strings.Repeat("x", 10_000)) },
		"/close":  func(c fiber.Ctx) error { c.Response().SetConnectionClose(); return c.SendString("closed") },
		"/204":    func(c fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) },
		"/304":    func(c fiber.Ctx) error { c.Set("Etag", "x"); return c.SendStatus(http.StatusNotModified) },
		"/empty":  func(c fiber.Ctx) error { return nil },
		"/cookie": func(c fiber.Ctx) error { c.Cookie(&fiber.Cookie{Name: "a", Value: "b"}); return c.SendString("set") },
		"/typeless": func(c fiber.Ctx) error {
			c.Response().Header.SetNoDefaultContentType(true)
			return c.SendString("no type")
		},
		"/stream": func(c fiber.Ctx) error {
			return c.SendStreamWriter(func(w *bufio.Writer) { fmt.Fprint(w, "one") })
		},
		"/upgrade": func(c fiber.Ctx) error {
			c.Status(http.StatusSwitchingProtocols)
			c.Set("Connection", "Upgrade")
			c.Set("Upgrade", "echo")
			c.RequestCtx().Hijack(func(conn net.Conn) { io.WriteString(conn, "taken over") })
			return nil
		},
	} {
		app.Get(path, func(c fiber.Ctx) error {
			if cart, err := sessions.FromContext[Cart](c.Context()); err == nil {
				cart.Update(func(v *Cart) { v.Items = append(v.Items, "tea") })
			}
			return answer(c)
		})
	}
	return app.Handler()
}

// exchange returns all that a server sends, but for the fields of its own and of sessions.
func exchange(t *testing.T, h fasthttp.RequestHandler, method, path string) string {
	t.Helper()
	listener := fasthttputil.NewInmemoryListener()
	server := &fasthttp.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	conn, err := listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", method, path,
		map[bool]string{true: "Upgrade", false: "close"}[path == "/upgrade"])
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	lines := slices.DeleteFunc(strings.Split(head, "\r\n"), func(line string) bool {
		return slices.ContainsFunc([]string{"Date: ", "Cache-Control: ", "Vary: ", "Set-Cookie: session_id="}, func(own string) bool { return strings.HasPrefix(line, own) })
	})
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

// A response with a session is what it is without, but for the fields that sessions add.
func TestResponsesOfAllKinds(t *testing.T) {
	carts, store := newCarts(t)
	bare, managed := newKinds(), newKinds(fibersessions.New(carts.Handler))
	for _, path := range []string{"/large", "/close", "/204", "/304", "/empty", "/cookie", "/typeless", "/stream", "/upgrade", "/none"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if path == "/upgrade" && method == http.MethodHead {
				continue
			}
			want, got := exchange(t, bare, method, path), exchange(t, managed, method, path)
			if want != got {
				t.Errorf("%s %s: got\n%s\nwant\n%s", method, path, got, want)
			}
		}
	}
	store.Fail(sessiontest.OpSave, io.ErrUnexpectedEOF)
	listener := fasthttputil.NewInmemoryListener()
	defer listener.Close()
	go fasthttp.Serve(listener, managed)
	conn, err := listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /upgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\r\n"+
		"GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	for r, want := bufio.NewReader(conn), []int{http.StatusServiceUnavailable, http.StatusNotFound}; len(want) > 0; want = want[1:] {
		rs, err := http.ReadResponse(r, nil)
		if err != nil || rs.StatusCode != want[0] {
			t.Fatalf("an upgrade while the store is down: %+v, %v, want status %d", rs, err, want[0])
		}
		io.Copy(io.Discard, rs.Body)
	}
}

func TestFastHTTP(t *testing.T) {
	carts, _ := newCarts(t)
	open := serve(t, newFastHTTP(carts))
	ada, bob := open(), open()
	for range 2 {
		ada.do("POST", "/items", url.Values{"sku": {"tea"}})
	}
	if _, body := ada.do("GET", "/", nil); body != "{ [tea tea]}" {
		t.Errorf("ada: %q", body)
	}
	if _, body := bob.do("GET", "/", nil); body != "{ []}" {
		t.Errorf("bob: %q", body)
	}
}

func ExampleNew() {
	carts, err := sessions.New(sessiontest.NewStore[Cart](new(testing.T)), nil)
	if err != nil {
		panic(err)
	}
	app := fiber.New()
	app.Use(fibersessions.New(carts.Handler))
	app.Post("/items", func(c fiber.Ctx) error {
		cart, err := sessions.FromContext[Cart](c.Context())
		if err != nil {
			return err
		}
		sku := strings.Clone(c.FormValue("sku")) // fiber's strings live as long as the request
		cart.Update(func(v *Cart) { v.Items = append(v.Items, sku) })
		return c.SendString("added")
	})
}

func ExampleFastHTTP() {
	carts, err := sessions.New(sessiontest.NewStore[Cart](new(testing.T)), nil)
	if err != nil {
		panic(err)
	}
	server := &fasthttp.Server{Handler: fibersessions.FastHTTP(carts.Handler, func(ctx context.Context, request *fasthttp.RequestCtx) {
		cart, err := sessions.FromContext[Cart](ctx)
		if err != nil {
			request.Error(err.Error(), sessions.Status(err))
			return
		}
		fmt.Fprint(request, len(cart.Value().Items), " items")
	})}
	_ = server
}
