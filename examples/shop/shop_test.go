package main

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestShopping(t *testing.T) {
	ada, _, shipped := open(t)
	ada.Get("/").Has("Fog Harbour tea", "Slow clock").Told(sessiontest.NoNews)
	ada.Submit("Add Fog Harbour tea", nil).At("/").Has("Fog Harbour tea is in your cart.")
	ada.Reload().Lacks("is in your cart.")
	ada.Submit("Add Reading lamp", nil)
	ada.Post("/cart/lamp", url.Values{"quantity": {"3"}}).At("/cart").Has("€177.00", "€185.90")
	ada.Submit("Remove Fog Harbour tea", nil).At("/cart").Has("€177.00").Lacks("Fog Harbour tea")

	ada.Click("Check out").At("/login?next=%2Fcheckout")
	ada.Submit("Log in", url.Values{"name": {"Ada"}, "password": {password}}).At(stepDelivery).Has("Welcome, Ada!")
	ada.Submit("Continue", url.Values{"name": {"Ada L."}, "street": {"Quay 1"}}).
		At(stepDelivery).Has(`value="Quay 1"`, "Which town").Lacks("Which street")
	ada.Submit("Continue", url.Values{"city": {"20457 Harbour"}}).
		At(stepReview).Has("Reading lamp", "€177.00", "Ada L.", "20457 Harbour")
	ada.Submit("Place order", url.Values{"payment": {"door"}}).At("/").Has("Thank you, Ada! Your order")
	ada.Click("Cart").Has("There is nothing in it yet.")

	if len(*shipped) != 1 {
		t.Fatalf("%d orders shipped", len(*shipped))
	}
	if o := (*shipped)[0]; o.Customer != "Ada" || o.Total != 17700 || o.Payment != "door" || o.Delivery.City != "20457 Harbour" {
		t.Errorf("shipped %+v", o)
	}
}

func TestStepsCannotBeSkipped(t *testing.T) {
	v, _, shipped := open(t)
	all := func(want string) {
		t.Helper()
		for _, step := range []string{"/checkout", stepDelivery, stepReview} {
			v.Get(step).At(want)
		}
		placeOrder(v).At(want)
	}
	all("/cart")
	v.Post("/cart", url.Values{"sku": {"tea"}})
	all("/login?next=%2Fcheckout")
	logInAs(v, "Ada")
	all(stepDelivery)
	if len(*shipped) != 0 {
		t.Error("an order was shipped")
	}
}

func TestLogInRenewsToken(t *testing.T) {
	ada, _, _ := open(t)
	ada.Post("/cart", url.Values{"sku": {"tea"}}).Told(sessiontest.CookieSet)
	thief := ada.Copy()

	logInAs(ada, "Ada").Told(sessiontest.CookieRenewed)
	ada.Get("/cart").Has("Fog Harbour tea", "Ada’s sessions")
	thief.Get("/cart").Has("There is nothing in it yet.", "Log in")
	thief.Get("/sessions").At("/login?next=%2Fsessions")
}

func TestLogInRefused(t *testing.T) {
	v, _, _ := open(t)
	for _, form := range []url.Values{
		{"name": {"Ada"}, "password": {"guess"}},
		{"name": {" "}, "password": {password}},
		{"name": {"\xff"}, "password": {password}},
	} {
		v.Get("/login?next=/sessions")
		form.Set("remember", "on")
		v.Submit("Log in", form).HasStatus(http.StatusUnprocessableEntity).
			Has("That did not work.", `value="/sessions"`, `type="checkbox" checked`).Told(sessiontest.NoNews)
	}
	v.Post("/login", url.Values{"name": {" Ada "}, "password": {"guess"}}).Has(`value="Ada"`)
}

func TestRememberMe(t *testing.T) {
	for remember, after := range map[string]string{"on": "Ada’s sessions", "": "Log in"} {
		v, _, _ := open(t)
		v.Post("/login", url.Values{"name": {"Ada"}, "password": {password}, "remember": {remember}})
		v.Restart()
		v.Get("/").Has(after)
	}
}

func TestASessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada, _, shipped := open(t)
		review(ada, "Ada")
		time.Sleep(idle - time.Minute)
		ada.Get(stepReview).At(stepReview).Has("Fog Harbour tea")
		time.Sleep(idle + time.Minute)
		placeOrder(ada).At("/cart").Has("Nothing was ordered: you had been logged out.", "There is nothing in it yet.", "Log in")
		if len(*shipped) != 0 {
			t.Error("an order was shipped")
		}
	})
}

func TestLogOut(t *testing.T) {
	ada, _, _ := open(t)
	review(ada, "Ada")
	stolen := ada.Copy()
	ada.Submit("Log out", nil).At("/").Has("You are logged out.", "Log in")
	ada.Back().At("/cart") // the page before is asked for again
	ada.Get("/cart").Has("There is nothing in it yet.")
	stolen.Get("/cart").Has("There is nothing in it yet.", "Log in")
}

func TestOrderIsPlacedOnce(t *testing.T) {
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		ada, _, shipped := open(t)
		review(ada, "Ada")
		click := func(tab *sessiontest.Client) { placeOrder(tab) }
		o.Together(ada, click, click)
		if n := len(*shipped); n != 1 {
			t.Errorf("%d orders shipped", n)
		}
		ada.Get("/cart").Has("There is nothing in it yet.")
	})
}

func TestOrderIsWhatWasReviewed(t *testing.T) {
	ada, _, shipped := open(t)
	review(ada, "Ada").Has(`name="total" value="890"`)
	ada.Tab().Post("/cart", url.Values{"sku": {"clock"}})
	ada.Submit("Place order", url.Values{"payment": {"bank"}}).
		At(stepReview).Has("Your cart has changed", "Slow clock", `value="bank" required checked`)
	ada.Post(stepReview, url.Values{"total": {"8290"}}).At(stepReview).Has("Please choose how you would like to pay.")
	if len(*shipped) != 0 {
		t.Error("an order was shipped")
	}
}

// An order is shipped if and only if the customer is told so, whatever the store
// does. A lost reply is the exception: the cart is empty then, and nothing is shipped.
func TestOrderIsNotShippedUnlessSaved(t *testing.T) {
	sessiontest.EveryOutage(t, func(t testing.TB, o *sessiontest.Order) {
		ada, _, shipped := open(t)
		review(ada, "Ada")
		var page *sessiontest.Page
		o.Together(ada, func(tab *sessiontest.Client) { page = placeOrder(tab) })
		page.Lacks("sessiontest:")
		if told := page.Hops[0].Status == http.StatusSeeOther; told != (len(*shipped) == 1) {
			t.Errorf("%s, and %d orders shipped", page, len(*shipped))
		}
	})
}

func TestCartChangedMeanwhile(t *testing.T) {
	ada, store, shipped := open(t)
	review(ada, "Ada")
	store.ChangeMeanwhile(func(c *Cart) { c.add("clock") })
	placeOrder(ada).At(stepReview).Has("Your cart has changed", "Slow clock")

	store.EndMeanwhile()
	ada.Submit("Place order", url.Values{"payment": {"door"}}).Failed(sessions.ErrGone).Has("Your order was not placed.")
	if len(*shipped) != 0 {
		t.Error("an order was shipped")
	}
}

func TestSessions(t *testing.T) {
	ada, _, _ := open(t)
	login := func(name, agent string) *sessiontest.Client {
		v := ada.Other()
		v.Header.Set("User-Agent", agent)
		logInAs(v, name)
		return v
	}
	phone := login("Ada", "Mozilla/5.0 (iPhone; …) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1")
	laptop := login("Ada", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	tablet := login("Ada", "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")
	bob := login("Bob", "curl/8.0")

	laptop.Get("/sessions").Has("Firefox on Linux", "this device", "Safari on iPhone", "Chrome on Android").Lacks("curl")

	onTablet := sessiontest.Peek[Cart](tablet).ID().String()
	bob.Post("/sessions/end", url.Values{"id": {onTablet}}).Has("You have no such session")
	tablet.Get("/sessions").At("/sessions")
	for range 2 { // the customer logs in there after the list was shown
		tablet.Post("/login", url.Values{"name": {"Ada"}, "password": {password}})
	}
	laptop.Submit("End the session on Chrome on Android", nil).At("/sessions").Has("That session has ended.").Lacks("Android")
	tablet.Get("/sessions").At("/login?next=%2Fsessions")

	laptop.Post("/sessions/end", url.Values{"id": {"nonsense"}}).At("/sessions").Has("You have no such session")

	phone.Post("/login", url.Values{"name": {"Ada"}, "password": {password}})
	laptop.Tab().Post("/login", url.Values{"name": {"Ada"}, "password": {password}})
	laptop.Submit("Log out everywhere else", nil).At("/sessions").Has("Sessions ended: 1.", "this device").Lacks("iPhone")
	phone.Get("/sessions").At("/login?next=%2Fsessions")
	bob.Get("/sessions").At("/sessions")

	own := sessiontest.Peek[Cart](laptop).ID().String()
	laptop.Post("/sessions/end", url.Values{"id": {own}}).At("/").Has("You are logged out.")
}

func TestOtherSitesAreRefused(t *testing.T) {
	ada, _, _ := open(t)
	ada.Post("/cart", url.Values{"sku": {"tea"}})
	ada.TabAt("https://evil.test").Post("/cart", url.Values{"sku": {"clock"}}).
		HasStatus(http.StatusForbidden).Has("Another site has sent this request")
	ada.Get("/cart").Lacks("Slow clock")
}

func TestStaticFilesUseNoSession(t *testing.T) {
	ada, store, _ := open(t)
	ada.Post("/cart", url.Values{"sku": {"tea"}})
	store.Reset()
	for _, file := range []string{"style.css", "goods.svg", "icon.svg"} {
		ada.Get("/static/" + file).HasStatus(http.StatusOK)
	}
	if calls := store.Calls(); calls != nil {
		t.Errorf("calls of the store: %v", calls)
	}
}

func TestTwoTabsAdd(t *testing.T) {
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		ada, _, _ := open(t)
		ada.Post("/cart", url.Values{"sku": {"tea"}})
		add := func(sku string) func(*sessiontest.Client) {
			return func(tab *sessiontest.Client) { tab.Post("/cart", url.Values{"sku": {sku}}) }
		}
		o.Together(ada, add("mug"), add("clock"))
		ada.Get("/cart").Has("Fog Harbour tea", "Two-hand mug", "Slow clock")
	})
}
