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
