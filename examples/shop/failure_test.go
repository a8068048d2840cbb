package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
)

// Each page that cannot reach its session speaks of itself: of the deed that was
// not done, or of the page that cannot be shown.
func TestFailureSpeaksOfThePage(t *testing.T) {
	ada, store, shipped := open(t)
	review(ada, "Ada")
	store.Down()
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
			visit := ada.Get
			if method == "POST" {
				visit = func(path string) *sessiontest.Page { return ada.Post(path, nil) }
			}
			visit(path).HasStatus(http.StatusServiceUnavailable).Failed(sessions.ErrUnavailable).Told(sessiontest.NoNews).
				Has(test.want, `href="`+test.retry+`">Try again`, "Please try again soon.").Lacks("sessiontest:")
		})
	}
	if len(*shipped) != 0 {
		t.Error("an order was shipped")
	}
}

// A change that cannot be saved is named as well as a session that cannot be loaded.
func TestFailureToSaveSpeaksOfThePage(t *testing.T) {
	v, store, _ := open(t)
	store.Down()
	v.Post("/cart", url.Values{"sku": {"tea"}}).Has("could not put that into your cart").Told(sessiontest.NoNews)
	v.Post("/login", url.Values{"name": {"Ada"}, "password": {password}}).Has("could not log you in").Told(sessiontest.NoNews)
}

func TestNotFound(t *testing.T) {
	v, _, _ := open(t)
	for _, page := range []*sessiontest.Page{
		v.Get("/nowhere"),
		v.Post("/cart", url.Values{"sku": {"yacht"}}),
		v.Post("/cart/yacht", url.Values{"quantity": {"1"}}),
	} {
		page.HasStatus(http.StatusNotFound).
			Has("nothing at this address", "Back to the shop", "/static/style.css").Lacks("Try again")
	}
}

func TestProblemsAreNotGoodNews(t *testing.T) {
	v, _, _ := open(t)
	v.Post("/cart", url.Values{"sku": {"tea"}}).Has(`class="notices" role="status"`).Lacks(`role="alert"`)
	v.Post("/cart/tea", url.Values{"quantity": {"1000"}}).Has(`class="notices problems" role="alert"`).Lacks(`role="status"`)
	v.Get("/cart").Lacks(`role="alert"`)
}

// The page stays where the product is.
func TestAddItemLeadsBackToIt(t *testing.T) {
	v, _, _ := open(t)
	v.Get("/").Has(`id="clock"`)
	if page := v.Submit("Add Slow clock", nil); page.URL.Fragment != "clock" {
		t.Errorf("leads to %s", page.URL)
	}
}
