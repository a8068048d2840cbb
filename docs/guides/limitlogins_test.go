package guides_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/docs/guides"
)

func TestLimitedLogIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		byUser := &guides.Limiter{Failures: 2, Within: time.Minute}
		user := func(r *http.Request) string { return r.FormValue("user") }
		h := guides.Limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			byUser.Failed(user(r))
			w.WriteHeader(http.StatusUnprocessableEntity)
		}), map[*guides.Limiter]func(*http.Request) string{byUser: user})
		try := func(name string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/login?user="+name, nil))
			return w
		}
		for i, want := range []int{422, 422, 429, 429} {
			if got := try("ada").Code; got != want {
				t.Errorf("try %d: %d, want %d", i+1, got, want)
			}
		}
		if got := try("bob").Code; got != 422 {
			t.Errorf("another user is limited: %d", got)
		}
		if after := try("ada").Header().Get("Retry-After"); after != "61" {
			t.Errorf("Retry-After %q", after)
		}
		time.Sleep(time.Minute)
		if got := try("ada").Code; got != 422 {
			t.Errorf("after a minute: %d", got)
		}
	})
}
