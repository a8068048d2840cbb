package routers_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/examples/routers"
)

// In echo v4, a timeout around the sessions answers by another writer than theirs:
// a change in the error handler would be lost, and is refused. Within the
// sessions, it is saved.
func TestEchoTimeout(t *testing.T) {
	for name, within := range map[string]bool{"around the sessions": false, "within the sessions": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(carts *sessions.Manager[routers.Cart]) http.Handler {
				e := echo.New()
				//lint:ignore SA1019 applications still use it
				timeout := middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: time.Minute})
				mount := echo.WrapMiddleware(carts.Handler)
				if within {
					e.Use(mount, timeout)
				} else {
					e.Use(timeout, mount)
				}
				e.POST("/refuse", func(c echo.Context) error {
					cart, err := sessions.Get[routers.Cart](c.Request())
					if err != nil {
						return err
					}
					appendItem(cart, "refusal")
					return errors.New("no")
				})
				e.GET("/cart", echo.WrapHandler(sessions.Handle(show)))
				e.HTTPErrorHandler = func(_ error, c echo.Context) {
					cart, err := sessions.Get[routers.Cart](c.Request())
					if errors.Is(err, sessions.ErrLate) {
						c.String(http.StatusTeapot, "late")
						return
					}
					appendItem(cart, "notice")
					c.String(http.StatusTeapot, "noted")
				}
				return e
			})
			if within {
				s.want("POST", "/refuse", http.StatusTeapot, "noted")
				s.want("GET", "/cart", http.StatusOK, "[refusal notice]")
			} else {
				s.want("POST", "/refuse", http.StatusTeapot, "late")
				s.want("GET", "/cart", http.StatusOK, "[refusal]")
			}
			s.quiet()
		})
	}
}

func appendItem(cart *sessions.Session[routers.Cart], item string) {
	cart.Update(func(c *routers.Cart) { c.Items = append(c.Items, item) })
}

// show answers with the items in the cart.
func show(w http.ResponseWriter, r *http.Request, cart *sessions.Session[routers.Cart]) {
	fmt.Fprint(w, cart.Value().Items)
}
