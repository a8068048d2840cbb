package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// shopOn returns the handler of a shop whose sessions are kept in store.
func shopOn(store session.Store[Cart]) http.Handler {
	carts, err := middleware.New(store, nil)
	if err != nil {
		panic(err)
	}
	return carts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		if sku := r.PostFormValue("sku"); sku != "" {
			cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
		}
		fmt.Fprintln(w, len(cart.Value().Items), "items")
	}))
}

var tea = url.Values{"sku": {"tea"}}

func ExampleEveryOrder() {
	_ = func(t *testing.T) {
		sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
			ada := sessiontest.NewClient(t, shopOn(sessiontest.NewStore[Cart](t)))
			ada.Post("/", tea)
			add := func(tab *sessiontest.Client) { tab.Post("/", tea) }
			o.Together(ada, add, add)
			ada.Get("/").Has("3 items")
		})
	}
	// Output:
}

func ExampleEveryOutage() {
	_ = func(t *testing.T) {
		sessiontest.EveryOutage(t, func(t testing.TB, o *sessiontest.Order) {
			ada := sessiontest.NewClient(t, shopOn(sessiontest.NewStore[Cart](t)))
			var page *sessiontest.Page
			o.Together(ada, func(tab *sessiontest.Client) { page = tab.Post("/", tea) })
			if items := sessiontest.Peek[Cart](ada).Value().Items; page.Err == nil && len(items) != 1 {
				t.Errorf("the answer is %q, but the items are %q", page.Body, items)
			}
		})
	}
	// Output:
}

func ExampleStore_Down() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	ada.Post("/", tea)
	store.Down()
	page := ada.Get("/").Failed(session.ErrUnavailable).Told(sessiontest.NoNews)
	fmt.Println(page)
	store.Up()
	fmt.Println(ada.Get("/"))
	// Output:
	// GET / 503
	// GET / 200
}

func ExampleStore_Slow() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	ada.Post("/", tea)
	store.Slow(time.Millisecond) // an hour takes as long inside a bubble of testing/synctest
	fmt.Println(ada.Get("/"))
	// Output: GET / 200
}

func ExampleStore_LoseReplies() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	store.LoseReplies()
	ada.Post("/", tea).Failed(session.ErrUnavailable)
	fmt.Println(len(store.Saved()), "session is stored, and", len(ada.Cookies()), "cookies are set")
	// Output: 1 session is stored, and 0 cookies are set
}

func ExampleStore_ChangeMeanwhile() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	ada.Post("/", tea)
	store.ChangeMeanwhile(func(c *Cart) { c.Items = append(c.Items, "cup") })
	ada.Post("/", tea)
	fmt.Println(sessiontest.Peek[Cart](ada).Value().Items)
	// Output: [tea cup tea]
}

func ExampleStore_EndMeanwhile() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	ada.Post("/", tea)
	store.EndMeanwhile()
	fmt.Println(ada.Post("/", tea).Failed(session.ErrGone))
	// Output: POST / 409
}

func ExampleStore_RenewMeanwhile() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	ada.Post("/", tea)
	store.RenewMeanwhile()
	fmt.Println(ada.Post("/", tea).Failed(session.ErrGone))
	// Output: POST / 409
}

func ExampleFormRequest() {
	r := sessiontest.FormRequest("/items", url.Values{"sku": {"tea"}})
	fmt.Println(r.Method, r.URL, r.PostFormValue("sku"))
	// Output: POST /items tea
}
