package middleware_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// The response to a log-in asks the browser to make a key. A browser that does not know
// the header keeps its session as before.
func ExampleDeviceBound() {
	m, err := middleware.New(memstore.New[Login](nil), &middleware.Options{
		DeviceBound: middleware.DeviceBound{Enabled: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[Login]) {
		s.LogIn(func(l *Login) { l.Customer = "ada" })
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "https://shop.example/login", nil))

	offer, _, _ := strings.Cut(w.Header().Get("Secure-Session-Registration"), `;challenge=`)
	fmt.Println(offer)
	// Output: (ES256 RS256);path="/.sessions/device"
}
