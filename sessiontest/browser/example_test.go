package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/seed48429006/sessions/sessiontest/browser"
)

func greet(w http.ResponseWriter, r *http.Request) {
	if name := r.PostFormValue("name"); name != "" {
		http.SetCookie(w, &http.Cookie{Name: "name", Value: name, Secure: true, HttpOnly: true})
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if c, err := r.Cookie("name"); err == nil {
		fmt.Fprintf(w, "Hello %s", c.Value)
		return
	}
	fmt.Fprint(w, `<form method="post"><input name="name"><button>Log in</button></form>`)
}

func ExampleNew() {
	ctx := context.Background()
	b, err := browser.New(http.HandlerFunc(greet), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tab := b.Tab()
	if _, err := tab.Get(ctx, "/"); err != nil {
		fmt.Println(err)
		return
	}
	page, err := tab.Submit(ctx, "Log in", url.Values{"name": {"Ada"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page)
	fmt.Println(page.Body)
	// Output:
	// POST / 303, GET / 200
	// Hello Ada
}

// steps is a page with a link, and the address of each other page.
func steps(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, `%s %s <a href="/cart">Cart</a>`, r.Method, r.URL.Path)
}

func ExampleTab() {
	ctx := context.Background()
	b, err := browser.New(http.HandlerFunc(steps), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tab := b.Tab()
	for _, step := range []func() (*browser.Page, error){
		func() (*browser.Page, error) { return tab.Get(ctx, "/") },
		func() (*browser.Page, error) { return tab.Click(ctx, "Cart") },
		func() (*browser.Page, error) { return tab.Post(ctx, "/items", nil) },
		func() (*browser.Page, error) { return tab.Reload(ctx) },
		func() (*browser.Page, error) { return tab.Back(ctx) },
		func() (*browser.Page, error) { return tab.Fetch(ctx, "DELETE", "/items", "") },
	} {
		page, err := step()
		fmt.Println(page, err)
	}
	fmt.Println(tab.Page().Text())
	// Output:
	// GET / 200 <nil>
	// GET /cart 200 <nil>
	// POST /items 200 <nil>
	// POST /items 200 <nil>
	// GET /cart 200 <nil>
	// DELETE /items 200 <nil>
	// GET /cart Cart
}

func ExampleTab_Show() {
	b, err := browser.New(http.HandlerFunc(steps), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tab := b.Tab()
	if err := tab.Show("https://evil.test"); err != nil {
		fmt.Println(err)
		return
	}
	r, err := tab.Request(context.Background(), "/")
	fmt.Println(r.Header.Get("Sec-Fetch-Site"), err)
	// Output: cross-site <nil>
}

func ExampleBrowser() {
	b, err := browser.New(http.HandlerFunc(greet), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := b.Tab().Post(context.Background(), "/", url.Values{"name": {"Ada"}}); err != nil {
		fmt.Println(err)
		return
	}
	clone, other := b.Clone(), b.Other()
	b.Restart() // the cookie has no Max-Age
	fmt.Println(len(b.Cookies()), len(clone.Cookies()), len(other.Cookies()))
	// Output: 0 1 0
}
