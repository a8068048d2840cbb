package bench

import (
	"bytes"
	"net/http"

	"github.com/boj/redistore"
	"github.com/gorilla/sessions"
)

var (
	gorillaRedis = Subject{Library: "gorilla", Store: "Redis", Needs: Redis, Open: func(addr string) (App, error) {
		store, err := redistore.NewRediStore(256, "tcp", addr, "", "", gorillaKey)
		if err != nil {
			return nil, err
		}
		store.SetMaxAge(int(IdleTimeout.Seconds()))
		return GorillaOn(store, store.Close), nil
	}}
	gorillaCookie = Subject{Library: "gorilla", Store: "signed cookie", Open: func(string) (App, error) {
		return GorillaOn(sessions.NewCookieStore(gorillaKey), nil), nil
	}}
)

var gorillaKey = bytes.Repeat([]byte("k"), 32)

// GorillaOn returns an application of gorilla/sessions with a store. To close it
// calls the function, unless that is nil.
//
// Gorilla loads a session when a handler asks for it. Its only idle timeout is the
// store's, which begins anew at each save: with an idle timeout, a handler saves in each
// request. It cannot give a session a new ID.
func GorillaOn(store sessions.Store, close func() error) App {
	handler := func(save bool, do func(*Cart) bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s, err := store.Get(r, "session")
			cart, _ := s.Values["cart"].(Cart)
			if err != nil || !do(&cart) {
				fail(w, "no cart")
				return
			}
			if save {
				s.Values["cart"] = cart
				if err := s.Save(r, w); err != nil {
					fail(w, err.Error())
					return
				}
			}
			w.Write(done)
		}
	}
	any := func(*Cart) bool { return true }
	read := func(c *Cart) bool { return len(c.Items) == Items }
	change := func(c *Cart) bool {
		if len(c.Items) == 0 {
			*c = NewCart()
		}
		c.Items[0].Quantity++
		return true
	}
	return &webApp{close: close, cases: map[Case]http.Handler{
		NoCookie: http.HandlerFunc(nothing), NotUsed: http.HandlerFunc(nothing), NotUsedIdle: handler(true, any),
		Read: handler(false, read), ReadIdle: handler(true, read),
		Change: handler(true, change), New: handler(true, change),
	}}
}
