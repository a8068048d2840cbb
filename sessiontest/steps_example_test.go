package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

func ExampleBrowserClient() {
	t := new(testing.T) // the test's own

	b, err := browser.New(shop(), &browser.Options{URL: "http://localhost:8080", TrustLocalhost: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	ada := sessiontest.BrowserClient(t, b.Tab())
	ada.Post("/items", tea).Told(sessiontest.CookieSet)
	fmt.Println(ada.Page().URL)
	// Output: http://localhost:8080/
}

func ExampleClient_Submit() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, shop())
	ada.Get("/")
	ada.Submit("Add", url.Values{"sku": {"tea"}}).Has("1 items")    // by the button's text
	ada.Submit("/items", url.Values{"sku": {"cup"}}).Has("2 items") // by the form's action
	fmt.Println(ada.Page().Text(), t.Failed())
	// Output: 2 items Add false
}

func ExampleClient_Click() {
	t := new(testing.T) // the test's own

	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `%s <a href="/cart">Your cart</a>`, r.URL.Path)
	})
	ada := sessiontest.NewClient(t, h)
	ada.Get("/")
	fmt.Println(ada.Click("cart").At("/cart").Text())
	// Output: /cart Your cart
}

func ExampleClient_Back() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, shop())
	ada.Get("/").Has("0 items")
	ada.Post("/items", tea).Has("1 items")
	fmt.Println(ada.Back().Text())   // as the browser has kept it
	fmt.Println(ada.Reload().Text()) // as it is now
	// Output:
	// 0 items Add
	// 1 items Add
}

func ExampleClient_Fetch() {
	t := new(testing.T) // the test's own

	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.Header.Get("Content-Type"))
	})
	ada := sessiontest.NewClient(t, h)
	fmt.Println(ada.Fetch("PUT", "/items/1", `{"count": 2}`).HasStatus(200).Body)
	// Output: PUT application/json
}

func ExampleClient_Request() {
	t := new(testing.T) // the test's own

	h := shop()
	ada := sessiontest.NewClient(t, h)
	ada.Post("/items", tea)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, ada.Request("/"))
	fmt.Println(w.Body.String()[:14])
	// Output: <p>1 items</p>
}

func ExampleClient_Tab() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, shop())
	ada.Post("/items", tea)
	ada.Tab().Get("/").Has("1 items")   // another tab
	ada.Other().Get("/").Has("0 items") // another person
	thief := ada.Copy()                 // a thief of the cookies
	thief.Get("/").Has("1 items")
	fmt.Println(t.Failed())
	// Output: false
}

func ExampleClient_TabAt() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, http.NewCrossOriginProtection().Handler(shop()))
	ada.Post("/items", tea)
	fmt.Println(ada.TabAt("https://evil.test").Post("/items", tea).HasStatus(403))
	ada.Get("/").Has("1 items")
	// Output: POST /items 403
}

func ExampleClient_Restart() {
	t := new(testing.T) // the test's own

	ada := sessiontest.NewClient(t, shop())
	ada.Post("/items", tea)
	ada.Restart()
	ada.Get("/").Has("0 items") // the session was not a remembered one: its cookie has no Max-Age
	fmt.Println(len(ada.Cookies()), t.Failed())
	// Output: 0 false
}

func ExamplePage_Told() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	fmt.Println(ada.Get("/").Told(sessiontest.NoNews).Cookie)
	fmt.Println(ada.Post("/", tea).Told(sessiontest.CookieSet).Cookie)
	// Output:
	// left as it was
	// set
}

func ExamplePage_Failed() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	ada := sessiontest.NewClient(t, shopOn(store))
	ada.Post("/", tea).Failed(nil)
	store.Down()
	page := ada.Post("/", tea).HasStatus(503).Failed(session.ErrUnavailable)
	fmt.Println(page.Err)
	// Output: session: store unavailable: sessiontest: the store is down
}
