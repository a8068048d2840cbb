package main

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/redistest"
)

// patient ends the URL of a store that waits for a busy machine.
const patient = "?dial_timeout=1m&read_timeout=1m"

// A host runs one release at a time.
type host struct {
	http.Handler
	t     *testing.T
	store string
}

func (h *host) deploy(open func(context.Context, string) (http.Handler, error)) {
	h.t.Helper()
	release, err := open(h.t.Context(), h.store)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Handler = release
}

func TestUpgrade(t *testing.T) {
	h := &host{t: t, store: "redis://" + redistest.New(t).Options().Addr + patient}
	h.deploy(open1)
	c := sessiontest.NewClient(t, h)
	c.Post("/", url.Values{"item": {"tea", "tea", "mug"}}).Has("Your cart: tea, tea, mug")

	h.deploy(open2)
	c.Get("/").Has("Your cart: 2 × tea, 1 × mug")
	c.Post("/", url.Values{"item": {"mug", "lamp"}}).Has("Your cart: 2 × tea, 2 × mug, 1 × lamp")

	// A server that still runs release 1 can do nothing with the new cart, and leaves
	// it alone.
	h.deploy(open1)
	c.Get("/").HasStatus(http.StatusServiceUnavailable)
	h.deploy(open2)
	c.Get("/").Has("Your cart: 2 × tea, 2 × mug, 1 × lamp")
}

func TestOldCartIsStoredAnewOnlyWithAChange(t *testing.T) {
	h := &host{t: t, store: "redis://" + redistest.New(t).Options().Addr + patient}
	h.deploy(open1)
	c := sessiontest.NewClient(t, h)
	c.Post("/", url.Values{"item": {"tea"}})
	h.deploy(open2)
	c.Get("/").Has("1 × tea")
	h.deploy(open1) // back, before anything was changed
	c.Get("/").Has("Your cart: tea")
}
