package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
)

func TestShopping(t *testing.T) {
	shop, shipped := open(t, nil)
	ada := newVisitor(t, shop)

	ada.get("/").has(t, "Fog Harbour tea", "Slow clock")
	if len(ada.cookies) != 0 {
		t.Error("a visitor who only looks got a cookie")
	}
	ada.post("/cart", "sku", "tea").at(t, "/").has(t, "Fog Harbour tea is in your cart.")
	ada.get("/").lacks(t, "is in your cart.")
	ada.post("/cart", "sku", "lamp")
	ada.post("/cart/lamp", "quantity", "3").at(t, "/cart").has(t, "€177.00", "€185.90")
	ada.post("/cart/tea", "quantity", "0").at(t, "/cart").has(t, "€177.00").lacks(t, "Fog Harbour tea")

	ada.get("/checkout").at(t, "/login?next=%2Fcheckout")
	ada.post("/login", "name", "Ada", "password", password, "next", "/checkout").
		at(t, stepDelivery).has(t, "Welcome, Ada!")
	ada.post("/checkout/delivery", "name", "Ada L.", "street", "Quay 1", "city", "").
		at(t, stepDelivery).has(t, `value="Quay 1"`, "Which town").lacks(t, "Which street")
	ada.post("/checkout/delivery", "name", "Ada L.", "street", "Quay 1", "city", "20457 Harbour").
		at(t, stepReview).has(t, "Reading lamp", "€177.00", "Ada L.", "20457 Harbour")
	ada.post("/checkout/review", "payment", "door", "total", "17700").
		at(t, "/").has(t, "Thank you, Ada! Your order")
	ada.get("/cart").has(t, "There is nothing in it yet.")

	order := <-shipped
	if order.Customer != "Ada" || order.Total != 17700 || order.Payment != "door" || order.Delivery.City != "20457 Harbour" {
		t.Errorf("shipped %+v", order)
	}
}

func TestStepsCannotBeSkipped(t *testing.T) {
	shop, shipped := open(t, nil)
	v := newVisitor(t, shop)
	steps := []string{"/checkout", stepDelivery, stepReview}
	all := func(want string) {
		t.Helper()
		for _, step := range steps {
			v.get(step).at(t, want)
		}
		v.post(stepReview, "payment", "door", "total", "890").at(t, want)
	}
	all("/cart")
	v.post("/cart", "sku", "tea")
	all("/login?next=%2Fcheckout")
	v.post("/login", "name", "Ada", "password", password)
	all(stepDelivery)
	if len(shipped) != 0 {
		t.Error("an order was shipped")
	}
}

func TestLogInRenewsToken(t *testing.T) {
	shop, _ := open(t, nil)
	ada := newVisitor(t, shop)
	ada.post("/cart", "sku", "tea")
	thief, old := ada.sameBrowser(), ada.cookie().Value

	ada.post("/login", "name", "Ada", "password", password).at(t, "/")
	ada.get("/cart").has(t, "Fog Harbour tea", "Ada’s sessions")
	if ada.cookie().Value == old {
		t.Error("the token is the old one")
	}
	thief.get("/cart").has(t, "There is nothing in it yet.", "Log in")
	thief.get("/sessions").at(t, "/login?next=%2Fsessions")
}

func TestLogInRefused(t *testing.T) {
	shop, _ := open(t, nil)
	v := newVisitor(t, shop)
	for _, form := range [][]string{
		{"name", "Ada", "password", "guess"},
		{"name", " ", "password", password},
		{"name", "\xff", "password", password},
	} {
		got := v.post("/login", append(form, "next", "/sessions", "remember", "on")...)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("status %d", got.status)
		}
		got.has(t, "That did not work.", `value="/sessions"`, `type="checkbox" checked`)
	}
	v.post("/login", "name", " Ada ", "password", "guess").has(t, `value="Ada"`)
	if len(v.cookies) != 0 {
		t.Error("a guess made a session")
	}
}

func TestRememberMe(t *testing.T) {
	shop, _ := open(t, nil)
	for _, remember := range []string{"", "on"} {
		v := newVisitor(t, shop)
		v.post("/login", "name", "Ada", "password", password, "remember", remember)
		if stays := v.cookie().MaxAge > 0; stays != (remember != "") {
			t.Errorf("remember %q: the cookie outlives the browser: %v", remember, stays)
		}
	}
}

func TestLogOut(t *testing.T) {
	shop, _ := open(t, nil)
	ada := newVisitor(t, shop)
	ada.fill("Ada")
	stolen := ada.sameBrowser()
	ada.post("/logout").at(t, "/").has(t, "You are logged out.", "Log in")
	ada.get("/cart").has(t, "There is nothing in it yet.")
	stolen.get("/cart").has(t, "There is nothing in it yet.", "Log in")
}

func TestOrderIsPlacedOnce(t *testing.T) {
	shop, shipped := open(t, nil)
	ada := newVisitor(t, shop)
	ada.fill("Ada")
	var clicks sync.WaitGroup
	for range 16 {
		tab := ada.sameBrowser()
		clicks.Go(func() { tab.send(formRequest(stepReview, "payment", "door", "total", "890")) })
	}
	clicks.Wait()
	if n := len(shipped); n != 1 {
		t.Errorf("%d orders shipped", n)
	}
	ada.get("/cart").has(t, "Thank you, Ada! Your order "+(<-shipped).Number, "There is nothing in it yet.")
}

func TestOrderIsWhatWasReviewed(t *testing.T) {
	shop, shipped := open(t, nil)
	ada := newVisitor(t, shop)
	ada.fill("Ada").has(t, `name="total" value="890"`)
	ada.sameBrowser().post("/cart", "sku", "clock")
	ada.post(stepReview, "payment", "bank", "total", "890").
		at(t, stepReview).has(t, "Your cart has changed", "Slow clock", `value="bank" required checked`)
	ada.post(stepReview, "total", "8290").at(t, stepReview).has(t, "Please choose how you would like to pay.")
	if len(shipped) != 0 {
		t.Error("an order was shipped")
	}
}

func TestOrderIsNotShippedUnlessSaved(t *testing.T) {
	store := sessiontest.NewStore[Cart](t)
	shop, shipped := open(t, store)
	ada := newVisitor(t, shop)
	ada.fill("Ada")
	store.Fail(sessiontest.OpSave, errors.New("disk on fire"))
	store.After(func(c sessiontest.Call) {
		if c.Op == sessiontest.OpSave { // the next one would succeed
			store.Fail(sessiontest.OpSave, nil)
		}
	})
	got := ada.post(stepReview, "payment", "door", "total", "890")
	if got.status != http.StatusServiceUnavailable || len(shipped) != 0 {
		t.Errorf("status %d, %d orders shipped", got.status, len(shipped))
	}
	got.has(t, "Please try again soon.").lacks(t, "disk on fire")
	ada.get("/cart").has(t, "Fog Harbour tea").lacks(t, "Thank you")
}

func TestSessions(t *testing.T) {
	shop, _ := open(t, nil)
	login := func(name, agent string) *visitor {
		v := newVisitor(t, shop)
		v.agent = agent
		v.post("/login", "name", name, "password", password)
		return v
	}
	phone := login("Ada", "Mozilla/5.0 (iPhone; …) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1")
	laptop := login("Ada", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	tablet := login("Ada", "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")
	bob := login("Bob", "curl/8.0")

	laptop.get("/sessions").has(t, "Firefox on Linux", "this one", "Safari on iPhone", "Chrome on Android").lacks(t, "curl")

	onTablet := endButton(t, laptop.get("/sessions"), "Chrome on Android")
	bob.post("/sessions/end", "id", onTablet).has(t, "had ended already")
	tablet.get("/sessions").at(t, "/sessions")
	laptop.post("/sessions/end", "id", onTablet).at(t, "/sessions").has(t, "That session has ended.").lacks(t, "Android")
	tablet.get("/sessions").at(t, "/login?next=%2Fsessions")

	laptop.post("/sessions/end-others").at(t, "/sessions").has(t, "Sessions ended: 1.").lacks(t, "iPhone")
	phone.get("/sessions").at(t, "/login?next=%2Fsessions")
	bob.get("/sessions").at(t, "/sessions")

	own := endButton(t, laptop.get("/sessions"), "Firefox on Linux")
	laptop.post("/sessions/end", "id", own).at(t, "/").has(t, "You are logged out.")
}

// endButton returns what the button sends that ends the device's session.
func endButton(t *testing.T, page answer, device string) string {
	t.Helper()
	_, row, _ := strings.Cut(page.text, "<strong>"+device+"</strong>")
	_, value, _ := strings.Cut(row, `name="id" value="`)
	id, _, ok := strings.Cut(value, `"`)
	if !ok {
		t.Fatalf("no button to end the session on %s:\n%s", device, page.text)
	}
	return id
}

func TestOtherSitesAreRefused(t *testing.T) {
	shop, _ := open(t, nil)
	ada := newVisitor(t, shop)
	ada.post("/cart", "sku", "tea")
	r := formRequest("/cart", "sku", "clock")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := ada.send(r); w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
	ada.get("/cart").lacks(t, "Slow clock")
}

func TestStaticFilesUseNoSession(t *testing.T) {
	store := sessiontest.NewStore[Cart](t)
	shop, _ := open(t, store)
	ada := newVisitor(t, shop)
	ada.post("/cart", "sku", "tea")
	before := len(store.Calls())
	for _, file := range []string{"style.css", "goods.svg", "icon.svg"} {
		if w := ada.send(httptest.NewRequest("GET", "/static/"+file, nil)); w.Code != http.StatusOK {
			t.Errorf("%s: status %d", file, w.Code)
		}
	}
	if n := len(store.Calls()) - before; n != 0 {
		t.Errorf("%d calls of the store", n)
	}
}
