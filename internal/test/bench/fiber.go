package bench

import (
	"net"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/session"
	"github.com/redis/go-redis/v9"
	"github.com/valyala/fasthttp"
)

var (
	fiberMemory = Subject{Library: "fiber", Store: "memory", Open: func(string) (App, error) {
		return FiberOn(nil, nil), nil
	}}
	fiberRedis = Subject{Library: "fiber", Store: "Redis", Needs: Redis, Open: func(addr string) (App, error) {
		client := redis.NewClient(&redis.Options{Addr: addr})
		return FiberOn(fiberStorage{client}, client.Close), nil
	}}
	bareFiber = Subject{Library: "bare handler", Store: "fiber", Open: func(string) (App, error) {
		app := &fiberApp{app: fiber.New(), cases: map[Case]fiber.Handler{}}
		for _, c := range Cases() {
			app.cases[c] = fiberNothing
			app.app.Get("/"+string(c), fiberNothing)
		}
		return app, nil
	}}
)

// A fiberApp is an application of fiber, which has an HTTP server of its own: it
// compares with the bare handler of fiber.
type fiberApp struct {
	app   *fiber.App
	cases map[Case]fiber.Handler
	close func() error
}

// FiberOn returns an application of fiber's session middleware with a storage; nil
// is its memory. To close it calls the function, unless that is nil.
//
// The middleware loads and saves a session in every request and always has an
// idle timeout, so that there are no cases without.
func FiberOn(store fiber.Storage, close func() error) App {
	middleware, sessions := session.NewWithStore(session.Config{Storage: store, IdleTimeout: IdleTimeout})
	sessions.RegisterType(Cart{})
	app := &fiberApp{app: fiber.New(), close: close, cases: map[Case]fiber.Handler{
		NoCookie: fiberNothing, NotUsedIdle: fiberNothing, ReadIdle: fiberRead,
		Change: fiberChange, New: fiberChange, LogIn: fiberLogIn,
	}}
	for c, h := range app.cases {
		app.app.Get("/"+string(c), middleware, h)
	}
	return app
}

func fiberNothing(c fiber.Ctx) error { return c.Send(done) }

func fiberRead(c fiber.Ctx) error {
	if cart, _ := session.FromContext(c).Get("cart").(Cart); len(cart.Items) != Items {
		return fiber.ErrInternalServerError
	}
	return c.Send(done)
}

func fiberChange(c fiber.Ctx) error {
	s := session.FromContext(c)
	cart, _ := s.Get("cart").(Cart)
	if len(cart.Items) == 0 {
		cart = NewCart()
	}
	cart.Items[0].Quantity++
	s.Set("cart", cart)
	return c.Send(done)
}

func fiberLogIn(c fiber.Ctx) error {
	s := session.FromContext(c)
	cart, _ := s.Get("cart").(Cart)
	if len(cart.Items) != Items {
		return fiber.ErrInternalServerError
	}
	if err := s.Regenerate(); err != nil {
		return err
	}
	cart.Customer = customer
	s.Set("cart", cart)
	return c.Send(done)
}

func (a *fiberApp) Can(c Case) bool { return a.cases[c] != nil }

func (a *fiberApp) Serve(l net.Listener) error {
	return a.app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true})
}

func (a *fiberApp) Close() error {
	if a.close == nil {
		return nil
	}
	return a.close()
}

func (a *fiberApp) Visitor(c Case) Visitor {
	v := &fiberVisitor{handler: a.app.Handler()}
	v.ctx.Init(new(fasthttp.Request), nil, nil)
	v.ctx.Request.Header.SetMethod("GET")
	v.ctx.Request.SetRequestURI("http://localhost/" + string(c))
	return v
}

// A fiberVisitor calls fiber as its HTTP server does.
type fiberVisitor struct {
	handler fasthttp.RequestHandler
	ctx     fasthttp.RequestCtx
}

func (v *fiberVisitor) SetCookie(cookie string) {
	v.ctx.Request.Header.DelAllCookies() // Set alone adds to them
	v.ctx.Request.Header.Set("Cookie", cookie)
}

func (v *fiberVisitor) Visit() {
	v.ctx.Response.Reset()
	v.ctx.ResetUserValues()
	v.handler(&v.ctx)
}

func (v *fiberVisitor) Response() (status int, cookie string) {
	for _, value := range v.ctx.Response.Header.Cookies() {
		cookie, _, _ = strings.Cut(string(value), ";")
	}
	return v.ctx.Response.StatusCode(), cookie
}
