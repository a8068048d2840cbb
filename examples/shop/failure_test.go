package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
)

// Each page that cannot reach its session speaks of itself: of the deed that was
// not done, or of the page that cannot be shown.
func TestFailureSpeaksOfThePage(t *testing.T) {
	store := sessiontest.NewStore[Cart](t)
	shop, shipped := open(t, store)
	ada := newVisitor(t, shop)
	ada.fill("Ada")
	store.Fail(sessiontest.OpLoad, errors.New("disk on fire"))
	tests := []struct{ route, want, retry string }{
		{"GET /", "cannot show you our goods", "/"},
		{"GET /cart", "cannot show you your cart", "/cart"},
		{"GET /login?next=/checkout", "cannot show you the log-in page", "/login?next=/checkout"},
		{"GET /checkout", "cannot show you the checkout", "/checkout"},
		{"GET /checkout/delivery", "cannot show you the checkout", "/checkout/delivery"},
		{"GET /checkout/review", "cannot show you the checkout", "/checkout/review"},
		{"GET /sessions", "cannot show you your sessions", "/sessions"},
		{"POST /cart", "could not put that into your cart", "/"},
		{"POST /cart/tea", "could not change your cart", "/cart"},
		{"POST /login", "could not log you in", "/login"},
		{"POST /logout", "may still be logged in here", "/"},
		{"POST /checkout/delivery", "could not save your address", "/checkout/delivery"},
		{"POST /checkout/review", "Your order was not placed", "/checkout/review"},
		{"POST /sessions/end", "could not end that session", "/sessions"},
		{"POST /sessions/end-others", "could not log you out everywhere else", "/sessions"},
	}
	for _, test := range tests {
		t.Run(test.route, func(t *testing.T) {
			method, path, _ := strings.Cut(test.route, " ")
			visit := ada.get
			if method == "POST" {
				visit = func(path string) answer { return ada.post(path) }
			}
			got := visit(path)
			if got.status != http.StatusServiceUnavailable {
				t.Errorf("status %d", got.status)
			}
			got.has(t, test.want, `href="`+test.retry+`">Try again`, "Please try again soon.").lacks(t, "disk on fire")
		})
	}
	if len(shipped) != 0 {
		t.Error("an order was shipped")
	}
}

// A change that cannot be saved is named as well as a session that cannot be loaded.
func TestFailureToSaveSpeaksOfThePage(t *testing.T) {
	store := sessiontest.NewStore[Cart](t)
	shop, _ := open(t, store)
	v := newVisitor(t, shop)
	store.Fail(sessiontest.OpSave, errors.New("disk on fire"))
	v.post("/cart", "sku", "tea").has(t, "could not put that into your cart")
	v.post("/login", "name", "Ada", "password", password).has(t, "could not log you in")
	if len(v.cookies) != 0 {
		t.Error("a session that was not saved has a cookie")
	}
}

func TestNotFound(t *testing.T) {
	shop, _ := open(t, nil)
	v := newVisitor(t, shop)
	for _, got := range []answer{v.get("/nowhere"), v.post("/cart", "sku", "yacht"), v.post("/cart/yacht", "quantity", "1")} {
		if got.status != http.StatusNotFound {
			t.Errorf("%s: status %d", got.path, got.status)
		}
		got.has(t, "nothing at this address", "Back to the shop", "/static/style.css").lacks(t, "Try again")
	}
}

func TestProblemsAreNotGoodNews(t *testing.T) {
	shop, _ := open(t, nil)
	v := newVisitor(t, shop)
	v.post("/cart", "sku", "tea").has(t, `class="notices" role="status"`).lacks(t, `role="alert"`)
	v.post("/cart/tea", "quantity", "1000").has(t, `class="notices problems" role="alert"`).lacks(t, `role="status"`)
	v.get("/cart").lacks(t, `role="alert"`)
}

// The page stays where the product is.
func TestAddItemLeadsBackToIt(t *testing.T) {
	shop, _ := open(t, nil)
	v := newVisitor(t, shop)
	v.get("/").has(t, `id="clock"`)
	if got := v.send(formRequest("/cart", "sku", "clock")).Header().Get("Location"); got != "/#clock" {
		t.Errorf("leads to %s", got)
	}
}
