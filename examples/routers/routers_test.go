package routers_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/examples/routers"
	"github.com/seed48429006/sessions/sessiontest"
)

// The outcomes of a handler that panics.
const (
	breaks = "the connection breaks, changes are dropped"
	drops  = "500, changes are dropped"
	keeps  = "500, changes are saved"
)

// mounts are the ways to have sessions. Those whose recover middleware is around
// the sessions and stops http.ErrAbortHandler, too, answer a response that is broken
// off: the server logs that, and the client gets nothing of it.
var mounts = []struct {
	name    string
	mount   func(*sessions.Manager[routers.Cart]) http.Handler
	panics  string
	answers bool
}{
	{"ServeMux", routers.ServeMux, breaks, false},
	{"ServeMuxByRoute", routers.ServeMuxByRoute, breaks, false},
	{"Chi", routers.Chi, drops, false},
	{"ChiUse", routers.ChiUse, drops, false},
	{"ChiInside", routers.ChiInside, keeps, false},
	{"Gorilla", routers.Gorilla, breaks, false},
	{"GorillaUse", routers.GorillaUse, drops, true},
	{"GorillaInside", routers.GorillaInside, keeps, false},
	{"Echo", routers.Echo, drops, false},
	{"EchoInside", routers.EchoInside, keeps, false},
	{"EchoUse", routers.EchoUse, drops, false},
	{"EchoUseInside", routers.EchoUseInside, keeps, false},
	{"Gin", routers.Gin, drops, false},
	{"GinInside", routers.GinInside, keeps, false},
	{"GinNested", routers.GinNested, drops, true},
}

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultErrorWriter = io.Discard // Recovery prints stacks
	log.SetOutput(io.Discard)           // and so does RecoveryHandler
	os.Exit(m.Run())
}

// onMounts runs a test on a site of every mount, with a visitor who has an item
// in the cart.
func onMounts(t *testing.T, test func(*site)) {
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			s := newSite(t, m.mount)
			s.want("POST", "/items/tea", 200, "1 items")
			test(s)
			s.quiet()
		})
	}
}

func TestNewSessionAndParameters(t *testing.T) {
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			s := newSite(t, m.mount)
			if n, _ := s.want("GET", "/cart", 200, "[]").cookies(t); n != 0 {
				t.Error("a cookie for nothing")
			}
			if n, c := s.want("POST", "/items/tea", 200, "1 items").cookies(t); n != 1 || c == nil {
				t.Errorf("%d cookies", n)
			}
			if n, _ := s.want("POST", "/items/milk%20jug", 200, "2 items").cookies(t); n != 0 {
				t.Error("the client has that cookie")
			}
			s.want("GET", "/cart", 200, "[tea milk jug]")
			s.quiet()
		})
	}
}

func TestLogInRenewsTheToken(t *testing.T) {
	onMounts(t, func(s *site) {
		planted := s.cookie()
		got := s.want("POST", "/login", http.StatusSeeOther, "")
		if n, c := got.cookies(s.t); n != 1 || c == nil || c.Value == planted {
			s.t.Errorf("%d cookies", n)
		}
		if to := got.header.Get("Location"); to != "/cart" {
			s.t.Errorf("on to %q", to)
		}
		s.want("GET", "/cart", 200, "ada [tea]")
		s.setCookie(planted)
		s.want("GET", "/cart", 200, "[]")
	})
}

func TestLogOutClearsTheCookie(t *testing.T) {
	onMounts(t, func(s *site) {
		gone := s.cookie()
		if n, c := s.want("POST", "/logout", 200, "bye").cookies(s.t); n != 1 || c == nil || c.MaxAge >= 0 {
			s.t.Errorf("%d cookies, %v", n, c)
		}
		if s.cookie() != "" {
			s.t.Error("the browser has the cookie")
		}
		s.setCookie(gone)
		s.want("GET", "/cart", 200, "[]")
	})
}

func TestNothingForNothing(t *testing.T) {
	onMounts(t, func(s *site) {
		s.store.Reset()
		for _, got := range []answer{s.want("GET", "/about", 200, "a shop"), s.ask("GET", "/nowhere")} {
			if got.header["Set-Cookie"] != nil || strings.Contains(got.header.Get("Vary"), "Cookie") {
				s.t.Errorf("%d %v", got.status, got.header)
			}
		}
		if ops := s.calls(); len(ops) > 0 {
			s.t.Errorf("the store was asked to %v", ops)
		}
	})
}

func TestStreaming(t *testing.T) {
	onMounts(t, func(s *site) {
		res, err := s.browser.Post(s.server.URL+"/stream", "", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		defer res.Body.Close()
		first := make([]byte, len("first "))
		if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first " {
			s.t.Errorf("%q, %v", first, err)
		}
		if n := len(s.store.Saved()); n != 2 {
			s.t.Errorf("%d saves before the first byte", n)
		}
		routers.Halfway <- struct{}{}
		if remainder, err := io.ReadAll(res.Body); err != nil || string(remainder) != "second" {
			s.t.Errorf("%q, %v", remainder, err)
		}
		s.want("GET", "/cart", 200, "[tea stream]")
	})
}

func TestHijacking(t *testing.T) {
	onMounts(t, func(s *site) {
		s.want("POST", "/upgrade", 200, "hijacked")
		s.want("GET", "/cart", 200, "[tea socket]")
	})
}

func TestErrorsAreAnswers(t *testing.T) {
	onMounts(t, func(s *site) {
		if got := s.ask("POST", "/refuse"); got.status != http.StatusTeapot || !strings.Contains(got.body, "no") {
			s.t.Errorf("%d %q", got.status, got.body)
		}
		s.want("POST", "/silent", http.StatusNoContent, "")
		s.want("GET", "/cart", 200, "[tea refusal silence]")
		s.setCookie("")
		if n, c := s.ask("POST", "/refuse").cookies(s.t); n != 1 || c == nil {
			s.t.Errorf("an error sets %d cookies", n)
		}
		s.want("GET", "/cart", 200, "[refusal]")
	})
}

// unavailable is what DefaultErrorHandler says.
const unavailable = "Service temporarily unavailable. Please try again."

func TestNothingIsSentIfTheStoreFails(t *testing.T) {
	for _, path := range []string{"/items/milk", "/login", "/logout", "/silent", "/refuse", "/stream", "/upgrade"} {
		t.Run(path, func(t *testing.T) {
			onMounts(t, func(s *site) {
				for _, op := range []sessiontest.Op{sessiontest.OpSave, sessiontest.OpDelete} {
					s.store.Fail(op, errors.New("the disk is full"))
				}
				answered := make(chan struct{})
				go func() {
					select {
					case routers.Halfway <- struct{}{}:
					case <-answered:
					}
				}()
				got := s.want("POST", path, http.StatusServiceUnavailable, unavailable)
				close(answered)
				if got.header["Set-Cookie"] != nil || got.header["Location"] != nil || got.header.Get("Retry-After") == "" {
					s.t.Error(got.header)
				}
			})
		})
	}
}

func TestAStoreThatDoesNotAnswer(t *testing.T) {
	onMounts(t, func(s *site) {
		s.store.Fail(sessiontest.OpLoad, errors.New("no route to host"))
		s.want("GET", "/cart", http.StatusServiceUnavailable, unavailable)
		s.want("POST", "/items/milk", http.StatusServiceUnavailable, unavailable)
		s.want("GET", "/about", 200, "a shop")
	})
}

func TestLateChanges(t *testing.T) {
	onMounts(t, func(s *site) {
		s.want("POST", "/late", 200, "begun")
		s.want("GET", "/cart", 200, "[tea latecomer]")
	})
}

func TestLateFailuresBreakTheResponseOff(t *testing.T) {
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			s := newSite(t, m.mount)
			s.want("POST", "/items/tea", 200, "1 items")
			s.store.Fail(sessiontest.OpSave, errors.New("the disk is full"))
			if got := s.ask("POST", "/late"); got.err == nil {
				t.Errorf("%d %q, %v", got.status, got.body, got.err)
			}
			if !m.answers {
				s.quiet()
			}
		})
	}
}

func TestPanics(t *testing.T) {
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			s := newSite(t, m.mount)
			s.want("POST", "/items/tea", 200, "1 items")
			got := s.ask("POST", "/panic")
			if m.panics == breaks && got.err == nil || m.panics != breaks && got.status != 500 {
				t.Errorf("%d %q, %v", got.status, got.body, got.err)
			}
			if m.panics == keeps {
				s.want("GET", "/cart", 200, "[tea half]")
			} else {
				s.want("GET", "/cart", 200, "[tea]")
			}
			s.setCookie("")
			if n, _ := s.ask("POST", "/panic").cookies(t); (n == 1) != (m.panics == keeps) {
				t.Errorf("a visitor without a session gets %d cookies", n)
			}
			if m.panics != breaks {
				s.quiet()
			}
		})
	}
}

func TestLogOutStandsThoughTheHandlerPanics(t *testing.T) {
	for _, m := range mounts {
		t.Run(m.name, func(t *testing.T) {
			s := newSite(t, m.mount)
			s.want("POST", "/items/tea", 200, "1 items")
			gone := s.cookie()
			got := s.ask("POST", "/panic/logout")
			if _, c := got.cookies(t); m.panics != breaks && (c == nil || c.MaxAge >= 0) {
				t.Errorf("the cookie is not cleared: %q", got.header["Set-Cookie"])
			}
			s.setCookie(gone)
			s.want("GET", "/cart", 200, "[]")
		})
	}
}
