// Todo is a small application of echo: visitors keep a list.
package main

import (
	"encoding/gob"
	"log"
	"net/http"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
)

func init() { gob.Register([]string{}) }

type server struct{ store sessions.Store }

func main() {
	log.Fatal(newEcho(&server{newMapStore()}).Start(":8080"))
}

func newEcho(s *server) *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(s.store))
	e.GET("/", list)
	e.POST("/add/:item", add)
	e.POST("/login/:name", logIn)
	return e
}

func list(c echo.Context) error {
	sess, err := session.Get("todo", c)
	if err != nil {
		return err
	}
	items, _ := sess.Values["items"].([]string)
	name, _ := sess.Values["name"].(string)
	return c.JSON(http.StatusOK, map[string]any{"name": name, "items": len(items), "new": sess.IsNew})
}

func add(c echo.Context) error {
	sess, err := session.Get("todo", c)
	if err != nil {
		return err
	}
	items, _ := sess.Values["items"].([]string)
	items = append(items, c.Param("item"))
	sess.Values["items"] = items
	if err := sess.Save(c.Request(), c.Response()); err != nil {
		return err
	}
	return c.NoContent(http.StatusCreated)
}

func logIn(c echo.Context) error {
	sess, _ := session.Get("todo", c)
	sess.Options = &sessions.Options{Path: "/", MaxAge: 86400 * 7, HttpOnly: true}
	sess.Values["name"] = c.Param("name")
	return sess.Save(c.Request(), c.Response())
}
