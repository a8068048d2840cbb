package main

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

func logged(t *testing.T) *sessiontest.Client {
	t.Helper()
	h, err := newSite(memstore.New[Login](nil), 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ada := sessiontest.NewClient(t, h)
	ada.Get("/").Has("Log in")
	ada.Submit("Log in", url.Values{"name": {"ada"}}).At("/").Has("Hello ada")
	return ada
}

// poll asks as the page's script does, for so long, and checks the last answer.
func poll(t *testing.T, ada *sessiontest.Client, long time.Duration, want string) {
	t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); {
		time.Sleep(10 * time.Second)
		ada.Fetch("GET", "/left", "")
	}
	if got := ada.Fetch("GET", "/left", "").Body; got != want+"\n" {
		t.Errorf("the page is told %q, want %q", got, want)
	}
}

func TestAPageThatPollsIsLoggedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada := logged(t)
		poll(t, ada, 13*time.Minute, `{"seconds":120}`)
		poll(t, ada, 2*time.Minute, `{"seconds":0}`)
		ada.Get("/").Has("Log in").Lacks("ada")
	})
}

func TestStayingLoggedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada := logged(t)
		poll(t, ada, 13*time.Minute, `{"seconds":120}`)
		if got := ada.Fetch("POST", "/stay", "").Body; got != "{\"seconds\":900}\n" {
			t.Errorf("the page is told %q", got)
		}
		poll(t, ada, 14*time.Minute, `{"seconds":60}`)
		ada.Get("/").Has("Hello ada")
	})
}

func TestLoggingOutInAnotherTab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada := logged(t)
		tab := ada.Tab()
		tab.Get("/")
		tab.Submit("Log out", nil).At("/").Has("Log in")
		poll(t, ada, time.Minute, `{"seconds":0}`)
	})
}
