package guides_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestAdministratorActsAsUser(t *testing.T) {
	store := sessiontest.NewStore[guides.Visit](t)
	visits, err := sessions.New[guides.Visit](store, nil)
	if err != nil {
		t.Fatal(err)
	}
	as := func(user string) *browser {
		b := newBrowser(t, visits.Handler(guides.VisitRoutes()))
		b.jar.SetCookies(shop, []*http.Cookie{{Name: "__Host-session_id", Value: store.Seed(guides.Visit{User: user}).Reveal()}})
		return b
	}
	root, ada := as("root"), as("ada")
	before := root.jar.Cookies(shop)[0].Value

	if code, _ := ada.do("POST", "/act?user=root"); code != http.StatusForbidden {
		t.Errorf("a user who acts as another got %d", code)
	}
	if code, _ := root.do("GET", "/secret"); code != http.StatusOK {
		t.Errorf("a sensitive page of one's own, after the log-in: %d", code)
	}
	root.do("POST", "/act?user=ada")
	if code, _ := root.do("GET", "/secret"); code != http.StatusForbidden {
		t.Errorf("a sensitive page of the user, after the administrator's log-in: %d", code)
	}
	if _, text := root.do("GET", "/"); text != "{User:ada Admin:root}" {
		t.Errorf("while acting: %s", text)
	}
	if after := root.jar.Cookies(shop)[0].Value; after == before {
		t.Error("the token is the same although the privileges changed")
	}
	if code, _ := root.do("POST", "/close"); code != http.StatusForbidden {
		t.Errorf("an administrator closes a user's account: %d", code)
	}
	n := 0
	for range visits.ByOwner(t.Context(), "ada") {
		n++
	}
	if n != 1 {
		t.Errorf("ada has %d sessions, want her own", n)
	}
	root.do("POST", "/act/end")
	if _, text := root.do("GET", "/"); text != "{User:root Admin:}" {
		t.Errorf("afterwards: %s", text)
	}
	root.do("POST", "/act?user=ada")
	root.do("POST", "/login?user=root")
	if _, text := root.do("GET", "/"); text != "{User:root Admin:}" {
		t.Errorf("after a log-in while acting: %s", text)
	}
	if code, _ := root.do("POST", "/close"); code != http.StatusOK {
		t.Errorf("their own account after a log-in: %d", code)
	}
}

// Acting as a user and back is no log-in: it opens no page that wants a recent one.
func TestActingOpensNoStepUpPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := sessiontest.NewStore[guides.Visit](t)
		visits, err := sessions.New[guides.Visit](store, nil)
		if err != nil {
			t.Fatal(err)
		}
		root := newBrowser(t, visits.Handler(guides.VisitRoutes()))
		root.jar.SetCookies(shop, []*http.Cookie{{Name: "__Host-session_id", Value: store.Seed(guides.Visit{User: "root"}).Reveal()}})
		time.Sleep(30 * time.Minute)
		for _, step := range []string{"/act?user=ada", "/act/end"} {
			root.do("POST", step)
			if code, _ := root.do("GET", "/secret"); code != http.StatusForbidden {
				t.Errorf("after %s: %d", step, code)
			}
		}
		for rec, err := range visits.ByOwner(t.Context(), "root") {
			if err != nil || time.Since(rec.LoggedIn) != 30*time.Minute || time.Since(rec.Renewed) != 0 {
				t.Errorf("%v; logged in %v ago, renewed %v ago", err, time.Since(rec.LoggedIn), time.Since(rec.Renewed))
			}
		}
	})
}
