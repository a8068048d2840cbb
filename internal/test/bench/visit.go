package bench

import (
	"fmt"
	"net/http"
)

// A Guest is a [Visitor] whose session is made and whose first visit is over, so
// that the next ones cost as much as all others.
type Guest struct {
	Visitor
	follows bool
}

// NewGuest returns a guest of the application.
func NewGuest(app App, c Case) (*Guest, error) {
	g := &Guest{app.Visitor(c), c.Follows()}
	g.SetCookie(Cookies("a=b"))
	if c.Cookie() && app.Can(New) {
		first := app.Visitor(New)
		first.SetCookie(Cookies("a=b"))
		first.Visit()
		status, cookie := first.Response()
		if status != http.StatusOK {
			return nil, fmt.Errorf("bench: a new session's status is %d", status)
		}
		g.SetCookie(Cookies(cookie))
	}
	g.Visit()
	if status, _ := g.Response(); status != http.StatusOK {
		return nil, fmt.Errorf("bench: the status of %s is %d", c, status)
	}
	return g, nil
}

// Visit makes a request, and takes the new cookie if the case needs it.
func (g *Guest) Visit() {
	g.Visitor.Visit()
	if g.follows {
		if _, cookie := g.Response(); cookie != "" {
			g.SetCookie(Cookies(cookie))
		}
	}
}

// Cookies returns the Cookie header of a browser that has other cookies too.
func Cookies(cookie string) string { return "theme=dark; " + cookie + "; lang=en" }
