package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A session that a handler has ended is ended, whatever else goes wrong in its
// request. The cookie is cleared if the client can still be told.
func TestALogOutSurvivesFailures(t *testing.T) {
	t.Parallel()
	type step func(w http.ResponseWriter, r *http.Request, s *session.Session[cart])
	destroy := step(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { s.Destroy() })
	fails := map[string]step{
		"Fail": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
		},
		"Fail of another manager": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[visit](w, r, errDown)
		},
		"another commit": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			if v, err := middleware.Get[visit](r); err == nil {
				v.Set(visit{1})
			}
		},
		"an error page": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { http.Error(w, "oops", 500) },
		"a change that cannot be saved": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
		},
		"a change dropped": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s); s.Discard() },
		"a panic":          func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { panic(errDown) },
		"an abort":         func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { panic(http.ErrAbortHandler) },
	}
	mounts := map[string]func(a *app, other *middleware.Manager[visit], h http.Handler) http.Handler{
		"another manager around": func(a *app, other *middleware.Manager[visit], h http.Handler) http.Handler {
			return other.Handler(a.Handler(h))
		},
		"another manager within": func(a *app, other *middleware.Manager[visit], h http.Handler) http.Handler {
			return a.Handler(other.Handler(h))
		},
	}
	for failing, fail := range fails {
		for mounted, mount := range mounts {
			for wrapping, wrap := range wrappings {
				for begun, begin := range map[string]step{
					"":                      func(http.ResponseWriter, *http.Request, *session.Session[cart]) {},
					"after the first byte/": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { io.WriteString(w, "begun") },
				} {
					for order, steps := range map[string][]step{
						"ended first": {begin, destroy, fail}, "ended last": {begin, fail, destroy}, "ended before": {destroy, begin, fail},
					} {
						t.Run(failing+"/"+mounted+"/"+wrapping+"/"+begun+order, func(t *testing.T) {
							st := newStore()
							a := newApp(t, st, nil)
							others, err := middleware.New[visit](unsaved{memstore.New[visit](nil)}, &middleware.Options{Cookie: middleware.Cookie{Name: "visits"}, Logger: quiet})
							if err != nil {
								t.Fatal(err)
							}
							cookie := a.visit(t, cart{Items: 1})
							h := mount(a, others, middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
								if _, err := middleware.Get[visit](r); err != nil {
									t.Error(err)
								}
								st.fail("Save", errDown)
								for _, step := range slices.Backward(steps) {
									defer step(wrap(w), r, s) // also after a panic
								}
							}))
							w, r := recorder(), httptest.NewRequest("GET", "/", nil)
							r.Header.Set("Cookie", cookie)
							func() {
								defer func() { recover() }()
								h.ServeHTTP(w, r)
							}()
							if st.live(t) != 0 {
								t.Errorf("the session lives; %d %q", w.Code, w.Body)
							}
						})
					}
				}
			}
		}
	}
}
