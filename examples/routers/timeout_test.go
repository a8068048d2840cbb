package routers_test

import (
	"net/http"
	"testing"
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
	echo4 "github.com/labstack/echo/v4"
	echo4middleware "github.com/labstack/echo/v4/middleware"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/examples/routers"
)

// slow changes the cart, and is not done in time.
func slow(w http.ResponseWriter, r *http.Request, cart *sessions.Session[routers.Cart]) {
	appendItem(cart, "half")
	<-r.Context().Done()
}

// A timeout's answer comes with nothing saved, whichever framework's it is and
// wherever it stands.
func TestTimeoutsSaveNothing(t *testing.T) {
	const limit = 20 * time.Millisecond
	type handler = func(http.Handler) http.Handler
	standard := func(h http.Handler) http.Handler { return http.TimeoutHandler(h, limit, "timeout") }
	chis := chimiddleware.Timeout(limit)
	within := func(timeout handler) func(*sessions.Manager[routers.Cart]) http.Handler {
		return func(carts *sessions.Manager[routers.Cart]) http.Handler {
			return carts.Handler(timeout(sessions.Handle(slow)))
		}
	}
	around := func(timeout handler) func(*sessions.Manager[routers.Cart]) http.Handler {
		return func(carts *sessions.Manager[routers.Cart]) http.Handler {
			return timeout(carts.Handler(sessions.Handle(slow)))
		}
	}
	for name, mount := range map[string]func(*sessions.Manager[routers.Cart]) http.Handler{
		"TimeoutHandler within": within(standard),
		"TimeoutHandler around": around(standard),
		"chi's within":          within(chis),
		"chi's around":          around(chis),
		"chi's around one route": func(carts *sessions.Manager[routers.Cart]) http.Handler {
			return carts.Handler(routers.ChiTimeout(limit, slow))
		},
		"echo's within": func(carts *sessions.Manager[routers.Cart]) http.Handler {
			e := echo.New()
			e.Use(echo.WrapMiddleware(carts.Handler), middleware.ContextTimeout(limit))
			e.POST("/slow", func(c *echo.Context) error {
				sessions.Handle(slow)(c.Response(), c.Request())
				return c.Request().Context().Err()
			})
			return e
		},
		"echo 4's, by a context": func(carts *sessions.Manager[routers.Cart]) http.Handler {
			e := echo4.New()
			e.Use(echo4.WrapMiddleware(carts.Handler), echo4middleware.ContextTimeout(limit))
			e.POST("/slow", func(c echo4.Context) error {
				sessions.Handle(slow)(c.Response(), c.Request())
				return c.Request().Context().Err()
			})
			return e
		},
		"echo 4's": func(carts *sessions.Manager[routers.Cart]) http.Handler {
			e := echo4.New()
			//lint:ignore SA1019 applications still use it
			e.Use(echo4.WrapMiddleware(carts.Handler), echo4middleware.TimeoutWithConfig(echo4middleware.TimeoutConfig{Timeout: limit}))
			e.POST("/slow", echo4.WrapHandler(sessions.Handle(slow)))
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(carts *sessions.Manager[routers.Cart]) http.Handler {
				mux := http.NewServeMux()
				mux.Handle("/", routers.ServeMux(carts))
				mux.Handle("/slow", mount(carts))
				return mux
			})
			s.want("POST", "/items/tea", 200, "1 items")
			if got := s.ask("POST", "/slow"); got.status != http.StatusServiceUnavailable && got.status != http.StatusGatewayTimeout {
				t.Errorf("%d %q, %v", got.status, got.body, got.err)
			}
			s.want("GET", "/cart", 200, "[tea]")
		})
	}
}
