package guides_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestEndedSessionLeadsToLogIn(t *testing.T) {
	store := sessiontest.NewStore[guides.Account](t)
	accounts, err := guides.NewLogInAgain(store)
	if err != nil {
		t.Fatal(err)
	}
	token := store.Seed(guides.Account{User: "ada"})
	store.Before(func(call sessiontest.Call) {
		if call.Op == sessiontest.OpSave { // the session ends while the request runs
			store.Direct().Delete(t.Context(), token.ID(), 0)
		}
	})
	r := httptest.NewRequest("POST", "/items?item=tea", nil)
	r.Header.Set("Cookie", "__Host-session_id="+token.Reveal())
	w := httptest.NewRecorder()
	accounts.Handler(guides.Routes()).ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login?again" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestAPIAnswersInJSON(t *testing.T) {
	store := sessiontest.NewStore[guides.Account](t)
	api, err := guides.NewAPI(store)
	if err != nil {
		t.Fatal(err)
	}
	store.Fail(sessiontest.OpSave, errors.New("disk full"))
	w := httptest.NewRecorder()
	api.Handler(guides.Routes()).ServeHTTP(w, httptest.NewRequest("POST", "/items?item=tea", nil))
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != `{"error":"Service Unavailable"}`+"\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
