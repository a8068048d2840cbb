package main

import (
	"net/http"

	"github.com/seed48429006/sessions"
)

// A failure is the error page: the visitor reads which changes were made, which were not,
// and where to go on.
type failure struct {
	Title string
	Text  []string // paragraphs
	Retry string   // the page to try again; empty if that would not help
}

// showError answers a request whose session could not be loaded or saved. It has
// no session to show.
func showError(w http.ResponseWriter, r *http.Request, err error) {
	text, retry := undone(r)
	status := sessions.Status(err)
	f := failure{"That did not work", []string{text}, retry}
	switch status {
	case http.StatusConflict:
		f.Text = append(f.Text, "You have logged in or out in another window meanwhile.")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
		f.Text = append(f.Text, "The shop cannot reach its memory at the moment. Please try again soon.")
	default:
		f.Text = append(f.Text, "Something is wrong with the shop. It is not your fault.")
	}
	fail(w, status, f)
}

// undone says what became of a request that failed, and which page leads back to
// it. It claims nothing that is not certain: a store that did not answer may have
// saved the change all the same.
func undone(r *http.Request) (text, retry string) {
	switch r.Pattern {
	case "POST /cart":
		return "We could not put that into your cart. Please look into it before you try again.", "/"
	case "POST /cart/{sku}":
		return "We could not change your cart. Please look at it before you try again.", "/cart"
	case "POST /login":
		return "We could not log you in.", "/login"
	case "POST /logout":
		return "We could not log you out. You may still be logged in here: please try again before you leave this device.", "/"
	case "POST /checkout/delivery":
		return "We could not save your address. Nothing was ordered.", "/checkout/delivery"
	case "POST /checkout/review":
		return "Your order was not placed. Nothing will be sent, and you owe nothing.", "/checkout/review"
	case "POST /sessions/end":
		return "We could not end that session. It may still be logged in.", "/sessions"
	case "POST /sessions/end-others":
		return "We could not log you out everywhere else. Some of those sessions may still be logged in.", "/sessions"
	}
	return "We cannot show you " + nameOf(r.Pattern) + " at the moment. Nothing of yours was changed.", r.URL.RequestURI()
}

// nameOf returns a visitor's name for the page with this pattern.
func nameOf(pattern string) string {
	switch pattern {
	case "GET /{$}":
		return "our goods"
	case "GET /cart":
		return "your cart"
	case "GET /login":
		return "the log-in page"
	case "GET /checkout", "GET /checkout/delivery", "GET /checkout/review":
		return "the checkout"
	case "GET /sessions":
		return "your sessions"
	}
	return "this page"
}

// notFound answers for everything that the shop does not have.
func notFound(w http.ResponseWriter, _ *http.Request) {
	fail(w, http.StatusNotFound, failure{
		Title: "Not on our shelves",
		Text:  []string{"We have looked everywhere, and there is nothing at this address."},
	})
}

// forbidden answers forms that were sent from the pages of another site.
func forbidden(w http.ResponseWriter, _ *http.Request) {
	fail(w, http.StatusForbidden, failure{
		Title: "That came from elsewhere",
		Text:  []string{"Another site has sent this request in your name. We have not done what it asks."},
	})
}

func fail(w http.ResponseWriter, status int, f failure) {
	render(w, status, "error.html", page{Title: f.Title, Data: f})
}
