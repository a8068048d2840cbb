package routers_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v5"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/examples/routers"
	"github.com/seed48429006/sessions/sessiontest"
)

// gin's c.Stream asks every writer for http.CloseNotifier.
func TestGinStream(t *testing.T) {
	s := newSite(t, func(carts *sessions.Manager[routers.Cart]) http.Handler {
		r := gin.New()
		r.GET("/", func(c *gin.Context) {
			c.Stream(func(w io.Writer) bool { io.WriteString(w, "x"); return false })
		})
		return carts.Handler(r)
	})
	s.want("GET", "/", 200, "x")
	s.quiet()
}

// A compressor around the sessions has set Content-Encoding before: the error
// response needs it. One within them has set it, too, but does not get the response.
func TestCompressors(t *testing.T) {
	for name, mount := range map[string]func(*sessions.Manager[routers.Cart]) http.Handler{
		"around": func(carts *sessions.Manager[routers.Cart]) http.Handler {
			return handlers.CompressHandler(routers.Gorilla(carts))
		},
		"within": func(carts *sessions.Manager[routers.Cart]) http.Handler {
			r := mux.NewRouter()
			r.Use(handlers.CompressHandler)
			r.Handle("/items/{sku}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[routers.Cart]) {
				appendItem(cart, mux.Vars(r)["sku"])
				io.WriteString(w, "1 items")
			}))
			return carts.Handler(r)
		},
	} {
		for _, op := range []sessiontest.Op{sessiontest.OpSave, sessiontest.OpLoad} {
			t.Run(fmt.Sprint(name, ", ", op), func(t *testing.T) {
				s := newSite(t, mount)
				s.want("POST", "/items/tea", 200, "1 items")
				s.store.Fail(op, errors.New("the disk is full"))
				s.want("POST", "/items/tea", 503, unavailable)
				s.quiet()
			})
		}
	}
}

// A handler that logs out and panics has its cookie cleared, once, although
// echo's error handler then writes through the manager's writer.
func TestOneCookie(t *testing.T) {
	s := newSite(t, routers.EchoUse)
	s.want("POST", "/items/tea", 200, "1 items")
	if n, _ := s.ask("POST", "/panic/logout").cookies(t); n != 1 {
		t.Errorf("%d cookies", n)
	}
}

// With echo.WrapMiddleware, echo's error handler runs after the manager's handler
// has returned, with the same request and writer. Its changes are saved, too.
func TestEchoErrorHandler(t *testing.T) {
	s := newSite(t, func(carts *sessions.Manager[routers.Cart]) http.Handler {
		h := routers.EchoUse(carts).(*echo.Echo)
		h.HTTPErrorHandler = func(c *echo.Context, err error) {
			cart, _ := sessions.Get[routers.Cart](c.Request())
			cart.Update(func(c *routers.Cart) { c.Items = append(c.Items, "notice") })
			c.String(418, "noted")
		}
		return h
	})
	s.want("POST", "/nowhere", 418, "noted")
	s.want("GET", "/cart", 200, "[notice]")
}
