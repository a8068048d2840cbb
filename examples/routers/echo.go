package routers

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/seed48429006/sessions"
)

// Echo mounts the sessions around an echo. Echo's Recover is within, and makes an
// error of a panic; to drop the changes of a handler that panics, the error
// handler says so.
func Echo(carts *sessions.Manager[Cart]) http.Handler {
	e := echo.New()
	e.Use(middleware.Recover())
	answer := e.HTTPErrorHandler
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		if _, panicked := errors.AsType[*middleware.PanicStackError](err); panicked {
			echoDiscard(c)
		}
		answer(c, err)
	}
	echoRoutes(e)
	return carts.Handler(e)
}

func echoDiscard(c *echo.Context) {
	if cart, err := sessions.Get[Cart](c.Request()); err == nil {
		cart.Discard()
	}
}

// EchoInside has nothing but the plain Recover within the sessions: changes that
// a handler made before it panicked are saved.
func EchoInside(carts *sessions.Manager[Cart]) http.Handler {
	e := echo.New()
	e.Use(middleware.Recover())
	echoRoutes(e)
	return carts.Handler(e)
}

// EchoUse mounts them as one of echo's middlewares, with Recover around them:
// the changes of a handler that panics are dropped. Echo's error handler runs
// when the session has been saved.
func EchoUse(carts *sessions.Manager[Cart]) http.Handler {
	e := echo.New()
	e.Use(middleware.Recover(), echo.WrapMiddleware(carts.Handler))
	echoRoutes(e)
	return e
}

// EchoUseInside has Recover and a compressor within.
func EchoUseInside(carts *sessions.Manager[Cart]) http.Handler {
	e := echo.New()
	e.Use(echo.WrapMiddleware(carts.Handler), middleware.Gzip(), middleware.Recover())
	echoRoutes(e)
	return e
}

// echoCart is sessions.Handle for handlers in echo's style.
func echoCart(h func(*echo.Context, *sessions.Session[Cart]) error) echo.HandlerFunc {
	return func(c *echo.Context) error {
		cart, err := sessions.Get[Cart](c.Request())
		if err != nil {
			sessions.Fail[Cart](c.Response(), c.Request(), err)
			return nil
		}
		return h(c, cart)
	}
}

func echoAdd(c *echo.Context, cart *sessions.Session[Cart]) error {
	sku := c.Param("sku")
	cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
	return c.String(http.StatusOK, fmt.Sprintln(len(cart.Value().Items), "items"))
}

func echoRoutes(e *echo.Echo) {
	e.GET("/about", func(c *echo.Context) error { return c.String(http.StatusOK, "a shop") })
	e.GET("/cart", echoCart(echoShow))
	e.POST("/items/:sku", echoCart(echoAdd))
	e.POST("/login", echoCart(echoLogin))
	e.POST("/logout", echo.WrapHandler(sessions.Handle(logout)))
	e.POST("/silent", echoCart(echoSilent))
	e.POST("/refuse", echoCart(echoRefuse))
	e.POST("/stream", echoCart(echoStream))
	e.POST("/late", echoCart(echoLate))
	e.POST("/upgrade", echoCart(echoUpgrade))
	e.POST("/panic", echoCart(echoCrash))
	e.POST("/panic/logout", echo.WrapHandler(sessions.Handle(crashAtLogout)))
}

func echoShow(c *echo.Context, cart *sessions.Session[Cart]) error {
	return c.String(http.StatusOK, fmt.Sprintf("%s %v", cart.Value().Customer, cart.Value().Items))
}

func echoLogin(c *echo.Context, cart *sessions.Session[Cart]) error {
	customer := c.FormValue("customer")
	cart.LogIn(func(c *Cart) { c.Customer = customer })
	return c.Redirect(http.StatusSeeOther, "/cart")
}

func echoSilent(c *echo.Context, cart *sessions.Session[Cart]) error {
	appendItem(cart, "silence")
	return c.NoContent(http.StatusNoContent)
}

// echoRefuse leaves the answer to echo's error handler, which writes it when
// all middlewares have returned.
func echoRefuse(c *echo.Context, cart *sessions.Session[Cart]) error {
	appendItem(cart, "refusal")
	return echo.NewHTTPError(http.StatusTeapot, "no")
}

func echoStream(c *echo.Context, cart *sessions.Session[Cart]) error {
	appendItem(cart, "stream")
	if err := c.String(http.StatusOK, "first "); err != nil {
		return err
	}
	if err := http.NewResponseController(c.Response()).Flush(); err != nil {
		return err
	}
	<-Halfway
	_, err := c.Response().Write([]byte("second"))
	return err
}

func echoLate(c *echo.Context, cart *sessions.Session[Cart]) error {
	defer appendItem(cart, "latecomer")
	if err := c.String(http.StatusOK, "begun"); err != nil {
		return err
	}
	return http.NewResponseController(c.Response()).Flush()
}

func echoUpgrade(c *echo.Context, cart *sessions.Session[Cart]) error {
	appendItem(cart, "socket")
	takeOver(c.Response().(http.Hijacker))
	return nil
}

func echoCrash(c *echo.Context, cart *sessions.Session[Cart]) error {
	appendItem(cart, "half")
	panic("a bug")
}
