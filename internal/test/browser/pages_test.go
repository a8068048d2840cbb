package browser_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed48429006/sessions/internal/test/browser"
)

// Adding the last product of the page leaves the page where it was.
func TestAddingAProductDoesNotJump(t *testing.T) {
	shop := openShop(t)
	tab := browser.Open(t, browser.Options{Width: 375}).Tab()
	tab.Go(shop + "/")
	tab.Click("button[value=clock]") // the first notice moves the page by its height
	tab.Shows("1 in your cart")
	tab.Run(`scrollTo(0, document.body.scrollHeight)`, nil)
	top := func() (pixels float64) {
		tab.Run(`return document.querySelector("#clock").getBoundingClientRect().top`, &pixels)
		return pixels
	}
	before := top()
	tab.ClickSoon("button[value=clock]")
	tab.Shows("2 in your cart")
	if after := top(); after < before-1 || after > before+1 {
		t.Errorf("the product has moved from %.0f to %.0f", before, after)
	}
	var visible bool
	tab.Run(`const r = document.querySelector(".notices").getBoundingClientRect();
		return r.top >= 0 && r.bottom <= innerHeight`, &visible)
	if !visible {
		t.Error("the notice is out of sight")
	}
}

func TestWrongPassword(t *testing.T) {
	shop := openShop(t)
	tab := browser.Open(t, browser.Options{}).Tab()
	tab.Go(shop + "/login")
	tab.Type("#name", "Ada")
	tab.Type("#password", "guess")
	tab.Click("[name=remember]")
	tab.Click("main button")
	tab.Shows("That did not work.")
	if name, password := tab.Value("#name"), tab.Value("#password"); name != "Ada" || password != "" {
		t.Errorf("name %q, password %q", name, password)
	}
	var ready bool
	tab.Run(`return document.activeElement.id === "password" && document.querySelector("[name=remember]").checked`, &ready)
	if !ready {
		t.Error("the form is not ready for the next try")
	}
	tab.Type("#password", "demo")
	tab.Click("main button")
	tab.Shows("Welcome, Ada!")
}

// Bad news looks unlike good news.
func TestColours(t *testing.T) {
	shop := openShop(t)
	tab := browser.Open(t, browser.Options{}).Tab()
	tab.Go(shop + "/")
	tab.Click("button[value=tea]")
	good := tab.CSS(".notices li", "background-color")
	tab.Go(shop + "/cart")
	tab.Run(`document.querySelector("[name=quantity]").max = 1000`, nil)
	tab.Type("[name=quantity]", "100")
	tab.Click("button.second")
	tab.Shows("A quantity is a number up to 99.")
	if bad := tab.CSS(".notices li", "background-color"); bad == good {
		t.Errorf("both are %s", bad)
	}
}

// On a phone, no page is wider than the screen, prices stand below each other, and
// the buttons of all sessions do, too. With SESSIONS_SCREENSHOTS=folder, pictures of
// the pages are left there.
func TestPages(t *testing.T) {
	for _, width := range []int{0, 320, 375} {
		t.Run(fmt.Sprintf("width %d", width), func(t *testing.T) {
			shop := openShop(t)
			logIn(browser.Open(t, browser.Options{}).Tab(), shop, true)
			tab := browser.Open(t, browser.Options{Width: width}).Tab()
			look := func(name string) {
				t.Helper()
				var over int
				if tab.Run(`return document.documentElement.scrollWidth - (arguments[0] || innerWidth)`, &over, width); over > 0 {
					t.Errorf("%s is %d pixels wider than the screen", name, over)
				}
				if dir := os.Getenv("SESSIONS_SCREENSHOTS"); dir != "" {
					tab.Screenshot(filepath.Join(dir, fmt.Sprintf("%d-%s.png", width, name)))
				}
			}
			aligned := func(selector string) {
				t.Helper()
				var edges []float64
				tab.Run(`return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().right)`, &edges, selector)
				if len(edges) < 2 {
					t.Errorf("%d of %s", len(edges), selector)
				}
				for _, edge := range edges {
					if edge != edges[0] {
						t.Errorf("right edges of %s: %v", selector, edges)
						break
					}
				}
			}

			tab.Go(shop + "/")
			look("home")
			for _, sku := range []string{"notebook", "honey", "lamp"} {
				tab.Click("button[value=" + sku + "]")
				tab.Shows("is in your cart.")
			}
			look("added")
			tab.Go(shop + "/cart")
			tab.Type("[name=quantity]", "10")
			tab.Click("button.second")
			tab.Shows("€129.00")
			look("cart")
			aligned(".lines .number")
			tab.Go(shop + "/login")
			look("login")
			tab.Type("#name", "Ada")
			tab.Type("#password", "guess")
			tab.Click("main button")
			tab.Shows("That did not work.")
			look("refused")
			logIn(tab, shop, false)
			tab.Go(shop + "/sessions")
			look("sessions")
			aligned(".sessions button")
			tab.Go(shop + "/checkout")
			tab.Click("main button")
			tab.Shows("Who is the parcel for?")
			look("delivery")
			tab.Type("#name", "Ada Lovelace")
			tab.Type("#street", "1 Mill Lane")
			tab.Type("#city", "20457 Harbour")
			tab.Click("main button")
			tab.Shows("All as it should be?")
			look("review")
			aligned("td.number:last-child")
			tab.Go(shop + "/nowhere")
			tab.Shows("Back to the shop")
			look("nowhere")
		})
	}
}
