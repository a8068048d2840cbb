package browser_test

import (
	"testing"

	"github.com/seed48429006/sessions/internal/test/browser"
)

// Two tabs are one visitor, whatever they were showing before.
func TestTwoTabs(t *testing.T) {
	shop := openShop(t)
	b := browser.Open(t, browser.Options{})
	one, two := b.Tab(), b.NewTab()
	one.Go(shop + "/")
	one.Click("button[value=tea]")
	two.Go(shop + "/")
	one.Click("button[value=mug]")
	one.Shows("Two-hand mug is in your cart.")
	two.Click("button[value=lamp]")
	two.Shows("Reading lamp is in your cart.")
	one.Go(shop + "/cart")
	one.Shows("Fog Harbour tea", "Two-hand mug", "Reading lamp")

	logIn(one, shop, false)
	two.Click("button[value=honey]") // on a page from before the log-in
	two.Shows("Rooftop honey is in your cart.", "Ada’s sessions")

	one.Click("nav button")
	one.Shows("You are logged out.")
	two.Click("button[value=plant]") // on a page from before the log-out
	two.Shows("Patient fern is in your cart.", "Log in")
	two.Lacks("Ada")
	two.Go(shop + "/cart")
	two.Lacks("Fog Harbour tea", "Rooftop honey")
}

// Requests of two tabs that are under way at one time both count.
func TestTwoTabsAtOnce(t *testing.T) {
	gate := newGate(t, openShop(t), "POST /cart")
	b := browser.Open(t, browser.Options{})
	one, two := b.Tab(), b.NewTab()
	one.Go(gate.URL + "/")
	one.Click("button[value=tea]")
	two.Go(gate.URL + "/")
	gate.holdRequests(2)
	browser.ClickTogether("button[value=tea]", one, two)
	gate.opened()
	for _, tab := range []*browser.Tab{one, two} {
		tab.Go(gate.URL + "/cart")
		tab.Shows("€26.70") // for three
	}
}

// The second click of a double click reaches the shop with the cookie from before,
// when the first has made the log-in but the browser has thrown its answer away.
func TestLogInByDoubleClick(t *testing.T) {
	for _, withCart := range []bool{true, false} {
		name := map[bool]string{true: "with a session", false: "without a session"}[withCart]
		t.Run(name, func(t *testing.T) {
			gate := newGate(t, openShop(t), "POST /login")
			tab := browser.Open(t, browser.Options{}).Tab()
			tab.Go(gate.URL + "/")
			if withCart {
				tab.Click("button[value=tea]")
			}
			tab.Go(gate.URL + "/login")
			tab.Type("#name", "Ada")
			tab.Type("#password", "demo")
			gate.holdAnswers(2)
			tab.ClickImpatiently("main button")
			gate.opened()
			tab.Shows("Welcome, Ada!", "Ada’s sessions")
			tab.Go(gate.URL + "/cart")
			if tab.Shows("Ada’s sessions"); withCart {
				tab.Shows("Fog Harbour tea")
				tab.Go(gate.URL + "/sessions") // both clicks have led to one
				tab.Shows("this device")
				tab.Lacks("Log out everywhere else")
			}
		})
	}
}

func TestBackAfterLogOut(t *testing.T) {
	shop := openShop(t)
	tab := browser.Open(t, browser.Options{}).Tab()
	logIn(tab, shop, false)
	tab.Go(shop + "/sessions")
	tab.Shows("This is where you are logged in, Ada.")
	tab.Click("nav button")
	tab.Shows("You are logged out.")
	tab.Back()
	tab.Shows("Any name will do") // the log-in page, in place of the sessions
	tab.Lacks("Ada")
}
