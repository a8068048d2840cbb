package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// newClient returns a browser that shows the wizard, and the proposals that it delivers.
func newClient(t *testing.T, store sessions.Store[Proposal]) (*sessiontest.Client, <-chan map[string]string) {
	t.Helper()
	if store == nil {
		store = memstore.New[Proposal](nil)
	}
	delivered := make(chan map[string]string, 100)
	h, err := newWizard(store, func(_ string, answers map[string]string) { delivered <- answers })
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewClient(t, h), delivered
}

// fill fills in all pages.
func fill(c *sessiontest.Client) {
	c.Get("/").At("/steps/0")
	c.Submit("Continue", url.Values{"name": {"Ada"}, "email": {"ada@example.com"}}).At("/steps/1")
	c.Submit("Continue", url.Values{"title": {"Notes"}, "abstract": {"On the engine."}}).At("/steps/2")
	c.Submit("Continue", url.Values{"from": {"London"}}).At("/review").Has("Ada", "Notes", "London")
}

func TestProposal(t *testing.T) {
	c, delivered := newClient(t, nil)
	fill(c)
	c.Submit("Send", nil).At("/sent").Has("Thank you")
	answers := <-delivered
	if len(answers) != 5 || answers["email"] != "ada@example.com" {
		t.Errorf("delivered %q", answers)
	}
	c.Click("another").At("/steps/0").Lacks("Ada")
}

func TestProblemsAreNamed(t *testing.T) {
	c, _ := newClient(t, nil)
	c.Get("/steps/0").Lacks("Please")
	c.Submit("Continue", url.Values{"name": {""}, "email": {"at home"}}).
		At("/steps/0").Has("Please fill this in.", "Please give an address", `value="at home"`)
	c.Submit("Continue", url.Values{"name": {strings.Repeat("x", 61)}}).At("/steps/0").Has("at most 60 characters")
	c.Submit("Continue", url.Values{"name": {"Ada"}, "email": {"ada@example.com"}}).At("/steps/1").Lacks("Please")
}

func TestNoPageIsSkipped(t *testing.T) {
	c, delivered := newClient(t, nil)
	for _, path := range []string{"/steps/1", "/steps/9", "/steps/-1", "/steps/x", "/review", "/sent"} {
		c.Get(path).At("/steps/0")
	}
	c.Post("/send", nil).At("/steps/0")
	c.Post("/steps/9", nil).HasStatus(http.StatusNotFound)
	if len(delivered) != 0 {
		t.Error("delivered a proposal that is not complete")
	}
}

func TestGoingBack(t *testing.T) {
	c, _ := newClient(t, nil)
	fill(c)
	c.Get("/steps/0").Has(`value="Ada"`)
	c.Submit("Continue", url.Values{"name": {"Ada Lovelace"}}).At("/steps/1").Has(`value="Notes"`)
	c.Get("/review").At("/review").Has("Ada Lovelace", "London")
}

func TestSentOnce(t *testing.T) {
	c, delivered := newClient(t, nil)
	fill(c)
	var clicks sync.WaitGroup
	for range 16 {
		tab := c.Tab()
		clicks.Go(func() { tab.Post("/send", nil).At("/sent") })
	}
	clicks.Wait()
	if n := len(delivered); n != 1 {
		t.Errorf("delivered %d proposals", n)
	}
}

func TestNothingIsDeliveredUnlessSaved(t *testing.T) {
	store := sessiontest.NewStore[Proposal](t)
	c, delivered := newClient(t, store)
	fill(c)
	store.Fail(sessiontest.OpSave, errors.New("disk on fire"))
	c.Post("/send", nil).HasStatus(http.StatusServiceUnavailable)
	if len(delivered) != 0 {
		t.Error("delivered a proposal whose sending was not saved")
	}
	store.Fail(sessiontest.OpSave, nil)
	c.Get("/review").At("/review")
}
