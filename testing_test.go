package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
)

// shop returns the handler of a shop that keeps its sessions in store.
func shop(tb testing.TB, store sessions.Store[Cart]) http.Handler {
	tb.Helper()
	carts, err := sessions.New(store, nil)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /items", sessions.Handle(addItem))
	mux.Handle("GET /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		fmt.Fprintln(w, cart.Value().Customer, len(cart.Value().Items), "items")
	}))
	mux.Handle("POST /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		name := r.PostFormValue("name")
		cart.LogIn(func(c *Cart) { c.Customer = name })
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	return carts.Handler(mux)
}

var tea = url.Values{"sku": {"tea"}}

func TestAddItem(t *testing.T) {
	r, cart := sessiontest.Request(t, sessiontest.FormRequest("/items", tea), Cart{Customer: "ada"})
	addItem(httptest.NewRecorder(), r, cart)
	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
}

func TestLogIn(t *testing.T) {
	ada := sessiontest.NewClient(t, shop(t, sessiontest.NewStore[Cart](t)))
	ada.Post("/items", tea).Has("1 items").Told(sessiontest.CookieSet)
	thief := ada.Copy()
	ada.Post("/login", url.Values{"name": {"ada"}}).At("/").Has("ada 1 items").Told(sessiontest.CookieRenewed)
	thief.Get("/").Has("0 items")
}

func TestCartExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada := sessiontest.NewClient(t, shop(t, sessiontest.NewStore[Cart](t)))
		ada.Post("/items", tea)
		time.Sleep(24 * time.Hour) // takes no time
		ada.Get("/").Has("0 items")
	})
}

func TestStoreDown(t *testing.T) {
	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shop(t, store))
	ada.Post("/items", tea)
	store.Down() // or Slow, LoseReplies, ChangeMeanwhile, EndMeanwhile
	ada.Post("/items", tea).Failed(sessions.ErrUnavailable).Told(sessiontest.NoNews)
}

func TestDoubleClick(t *testing.T) {
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		ada := sessiontest.NewClient(t, shop(t, sessiontest.NewStore[Cart](t)))
		ada.Post("/items", tea)
		add := func(tab *sessiontest.Client) { tab.Post("/items", tea) }
		o.Together(ada, add, add)
		ada.Get("/").Has("3 items")
	})
}
