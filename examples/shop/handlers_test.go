package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestAddItem(t *testing.T) {
	r, cart := sessiontest.Request(t, sessiontest.FormRequest("/cart", url.Values{"sku": {"tea"}}), Cart{Items: []Item{{"tea", 1}}})
	addItem(httptest.NewRecorder(), r, cart)
	sessiontest.Equal(t, cart, Cart{
		Items:   []Item{{"tea", 2}},
		Notices: []string{"Fog Harbour tea is in your cart."},
	})
}

func TestAddUnknownItem(t *testing.T) {
	r, cart := sessiontest.Request(t, sessiontest.FormRequest("/cart", url.Values{"sku": {"yacht"}}), Cart{})
	w := httptest.NewRecorder()
	addItem(w, r, cart)
	if w.Code != http.StatusNotFound || cart.Modified() {
		t.Errorf("status %d, changed %v", w.Code, cart.Changes())
	}
}

func TestChangeItem(t *testing.T) {
	tests := []struct {
		quantity string
		want     Cart
	}{
		{"5", Cart{Items: []Item{{"tea", 5}, {"mug", 1}}}},
		{"0", Cart{Items: []Item{{"mug", 1}}}},
		{"100", Cart{Items: []Item{{"tea", 2}, {"mug", 1}}, Problems: []string{"A quantity is a number up to 99."}}},
		{"-1", Cart{Items: []Item{{"tea", 2}, {"mug", 1}}, Problems: []string{"A quantity is a number up to 99."}}},
		{"many", Cart{Items: []Item{{"tea", 2}, {"mug", 1}}, Problems: []string{"A quantity is a number up to 99."}}},
	}
	for _, test := range tests {
		t.Run(test.quantity, func(t *testing.T) {
			start := Cart{Items: []Item{{"tea", 2}, {"mug", 1}}}
			r, cart := sessiontest.Request(t, sessiontest.FormRequest("/cart/tea", url.Values{"quantity": {test.quantity}}), start)
			r.SetPathValue("sku", "tea")
			changeItem(httptest.NewRecorder(), r, cart)
			sessiontest.Equal(t, cart, test.want)
		})
	}
}

func TestLogInAsAnotherCustomer(t *testing.T) {
	r, cart := sessiontest.Request(t, sessiontest.FormRequest("/login", url.Values{"name": {"Bob"}, "password": {password}}),
		Cart{Customer: "Ada", Items: []Item{{"tea", 2}}, Checkout: Checkout{Payment: "bank"}})
	r.Header.Set("User-Agent", "curl/8.0")
	new(shop).logIn(httptest.NewRecorder(), r, cart)
	sessiontest.Equal(t, cart, Cart{Customer: "Bob", Device: "curl", Notices: []string{"Welcome, Bob!"}})
}

func TestAfterLogin(t *testing.T) {
	for next, want := range map[string]string{
		"":                    "/",
		"/checkout":           "/checkout",
		"/sessions":           "/sessions",
		"https://evil.test/":  "/",
		"//evil.test":         "/",
		"/checkout/../logout": "/",
	} {
		if got := afterLogin(next); got != want {
			t.Errorf("%q leads to %q, not %q", next, got, want)
		}
	}
}

func TestDeviceOf(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                        "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0":         "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1 Version/18.0 Safari/605.1":     "Safari on Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Safari/604.1":         "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/53": "Chrome on Android",
		"curl/8.0": "curl",
		"":         "Unknown device",
	} {
		if got := deviceOf(agent); got != want {
			t.Errorf("%q is %q, not %q", agent, got, want)
		}
	}
}

func TestShowError(t *testing.T) {
	for err, want := range map[error]int{
		session.ErrGone:                      http.StatusConflict,
		session.ErrConflict:                  http.StatusServiceUnavailable,
		session.StoreError(context.Canceled): http.StatusServiceUnavailable,
		session.ErrTooLarge:                  http.StatusInternalServerError,
	} {
		w := httptest.NewRecorder()
		showError(w, httptest.NewRequest("GET", "/", nil), err)
		if w.Code != want || !strings.Contains(w.Body.String(), "Back to the shop") {
			t.Errorf("%v: status %d, not %d:\n%s", err, w.Code, want, w.Body)
		}
	}
}

func TestNoticesDoNotPileUp(t *testing.T) {
	var c Cart
	for range 2 * maxNotices {
		c.notify("Hello")
	}
	if len(c.Notices) != maxNotices {
		t.Errorf("%d notices", len(c.Notices))
	}
}

func TestPrice(t *testing.T) {
	for price, want := range map[Price]string{0: "€0.00", 5: "€0.05", 1290: "€12.90"} {
		if got := price.String(); got != want {
			t.Errorf("%d is %s, not %s", int(price), got, want)
		}
	}
}
