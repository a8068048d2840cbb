package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Item struct{ SKU string }

type Cart struct {
	Customer string
	Items    []Item
	Notices  []string
}

func (c Cart) SessionOwner() string { return c.Customer }

func addItem(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	item := Item{SKU: r.FormValue("sku")}
	cart.Update(func(c *Cart) { c.Items = append(c.Items, item) })
	fmt.Fprintln(w, len(cart.Value().Items), "items")
}

// ask makes a request as a browser with this cookie would.
func ask(h http.Handler, method, target, cookie string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func Example() {
	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("POST /items", sessions.Handle(addItem))
	h := carts.Handler(mux)

	var cookie string
	for _, sku := range []string{"tea", "cup"} {
		res := ask(h, "POST", "/items?sku="+sku, cookie)
		for _, c := range res.Cookies() {
			fmt.Println("cookie", c.Name)
			cookie = c.Name + "=" + c.Value
		}
		var n int
		fmt.Fscan(res.Body, &n)
		fmt.Println(n, "items")
	}
	// Output:
	// cookie __Host-session_id
	// 1 items
	// 2 items
}

func ExampleGet() {
	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cart, err := sessions.Get[Cart](r)
		if err != nil { // the store does not answer
			http.Error(w, "please try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Println("new:", cart.IsNew(), "items:", len(cart.Value().Items))
	})
	res := ask(carts.Handler(show), "GET", "/", "")
	fmt.Println("cookies:", len(res.Cookies()))
	// Output:
	// new: true items: 0
	// cookies: 0
}

func ExampleSession_LogIn() {
	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	name := "ada"
	login := sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.LogIn(func(c *Cart) { c.Customer = name }) // after checking the password
	})
	h := carts.Handler(login)
	planted := ask(h, "POST", "/login", "").Cookies()[0]
	issued := ask(h, "POST", "/login", planted.Name+"="+planted.Value).Cookies()[0]
	fmt.Println("another token:", issued.Value != planted.Value)
	// Output: another token: true
}

func ExampleTake() {
	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	cart, err := carts.Open(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	w := &printer{}
	cart.Update(func(c *Cart) { c.Notices = append(c.Notices, "Thank you!") })
	for range 2 {
		for _, notice := range sessions.Take(cart, func(c *Cart) *[]string { return &c.Notices }) {
			fmt.Fprintln(w, notice)
		}
	}
	// Output: Thank you!
}

type printer struct{}

func (*printer) Write(p []byte) (int, error) { return fmt.Print(string(p)) }

// manage shows what a manager does for one owner.
func manage(ctx context.Context, url string, id session.ID) error {
	store, err := stores.Open(ctx, url, "shop", codec.MessagePack[Cart]())
	if err != nil {
		return err
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		return err
	}
	for rec, err := range carts.ByOwner(ctx, "ada") {
		fmt.Println(rec.ID, rec.Created, err)
	}
	err = carts.Revoke(ctx, "ada", id, sessions.ReasonRevoked) // end this one
	if err != nil {
		return err
	}
	cart, err := sessions.FromContext[Cart](ctx)
	if err != nil {
		return err
	}
	ended, err := carts.RevokeAll(ctx, "ada", sessions.ReasonRevoked, cart.ID()) // log out everywhere else
	fmt.Println(ended)
	return err
}

func TestManage(t *testing.T) {
	if err := manage(t.Context(), "memory:", session.ID{}); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
}

// Sessions of one owner are found by what SessionOwner returns.
func ExampleManager() {
	ctx := context.Background()
	store, err := stores.Open(ctx, "memory:", "shop", codec.MessagePack[Cart]())
	if err != nil {
		fmt.Println(err)
		return
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var cart *sessions.Session[Cart]
	for range 3 {
		cart, err = carts.Open(ctx, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
		if err := cart.Commit(ctx); err != nil {
			fmt.Println(err)
			return
		}
	}
	ended, err := carts.RevokeAll(ctx, "ada", sessions.ReasonRevoked, cart.ID()) // log out everywhere else
	fmt.Println(ended, err)
	// Output: 2 <nil>
}
