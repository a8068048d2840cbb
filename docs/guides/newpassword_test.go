package guides_test

import (
	"net/http"
	"testing"

	"github.com/seed48429006/sessions/docs/guides"
)

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	accounts, store := newAccounts(t)
	ada := guides.Account{User: "ada"}
	stolen, own := store.Seed(ada), store.Seed(ada)
	b := newBrowser(t, guides.NewPasswordPage(accounts))
	b.jar.SetCookies(shop, []*http.Cookie{{Name: "__Host-session_id", Value: own.Reveal()}})
	if code, _ := b.do("POST", "/password"); code != http.StatusSeeOther {
		t.Fatalf("status %d", code)
	}
	if live, err := store.Exists(t.Context(), stolen.ID()); live || err != nil {
		t.Errorf("the other session lives: %v, %v", live, err)
	}
	b.h = accounts.Handler(guides.Routes())
	if _, text := b.do("GET", "/"); text != `user "ada" has []` {
		t.Errorf("the user's own session: %s", text)
	}
}
