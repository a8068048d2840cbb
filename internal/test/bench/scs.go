package bench

import (
	"encoding/gob"
	"net/http"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/redis/go-redis/v9"
)

func init() { gob.Register(Cart{}) }

var (
	scsMemory = Subject{Library: "scs", Store: "memory", Open: func(string) (App, error) {
		return SCSOn(memstore.NewWithCleanupInterval(0), nil), nil
	}}
	scsRedis = Subject{Library: "scs", Store: "Redis", Needs: Redis, Open: func(addr string) (App, error) {
		client := redis.NewClient(&redis.Options{Addr: addr})
		return SCSOn(goredisstore.New(client), client.Close), nil
	}}
)

// SCSOn returns an application of scs with a store. To close it calls the
// function, unless that is nil.
func SCSOn(store scs.Store, close func() error) App {
	idle, always := scs.New(), scs.New()
	idle.Store, always.Store = store, store
	idle.IdleTimeout = IdleTimeout
	app := &webApp{cases: map[Case]http.Handler{}, close: close}
	for _, c := range append(Cases(), Count) {
		m := always
		if c.Idle() {
			m = idle
		}
		app.cases[c] = m.LoadAndSave(scsHandler(m, c))
	}
	return app
}

func scsHandler(m *scs.SessionManager, c Case) http.HandlerFunc {
	cart := func(r *http.Request) Cart {
		cart, _ := m.Get(r.Context(), "cart").(Cart)
		return cart
	}
	switch c {
	case Read, ReadIdle:
		return func(w http.ResponseWriter, r *http.Request) {
			if len(cart(r).Items) != Items {
				fail(w, "no cart")
				return
			}
			w.Write(done)
		}
	case Change, New:
		return func(w http.ResponseWriter, r *http.Request) {
			cart := cart(r)
			if len(cart.Items) == 0 {
				cart = NewCart()
			}
			cart.Items[0].Quantity++
			m.Put(r.Context(), "cart", cart)
			w.Write(done)
		}
	case Count:
		return func(w http.ResponseWriter, r *http.Request) { tell(w, cart(r)) }
	case LogIn:
		return func(w http.ResponseWriter, r *http.Request) {
			cart := cart(r)
			if err := m.RenewToken(r.Context()); err != nil || len(cart.Items) != Items {
				fail(w, "no cart")
				return
			}
			cart.Customer = customer
			m.Put(r.Context(), "cart", cart)
			w.Write(done)
		}
	}
	return nothing
}
