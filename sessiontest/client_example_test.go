package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// shop returns the handler of a shop with a form to put things into the cart.
func shop() http.Handler {
	carts, err := middleware.New(memstore.New[Cart](nil), nil)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		fmt.Fprintf(w, `<p>%d items</p><form method="post" action="/items"><input name="sku" required><button>Add</button></form>`, len(cart.Value().Items))
	}))
	mux.Handle("POST /items", middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		sku := r.FormValue("sku")
		cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	return carts.Handler(mux)
}

func ExampleNewClient() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, shop())
	ada.Get("/").At("/").Has("0 items").Told(sessiontest.NoNews)
	page := ada.Submit("Add", url.Values{"sku": {"tea"}})
	page.At("/").Has("1 items").Told(sessiontest.CookieSet)

	fmt.Println(page)
	fmt.Println(page.Text())
	// Output:
	// POST /items 303, GET / 200
	// 1 items Add
}

func ExamplePeek() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, shop())
	ada.Post("/items", url.Values{"sku": {"tea"}})
	sessiontest.Equal(t, sessiontest.Peek[Cart](ada), Cart{Items: []string{"tea"}})

	fmt.Println(sessiontest.Peek[Cart](ada).Value().Items)
	// Output: [tea]
}
