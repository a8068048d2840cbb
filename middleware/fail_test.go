package middleware_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Fail for one of two managers answers once, and leaves the other's session alone.
func TestFailWithTwoManagers(t *testing.T) {
	t.Parallel()
	visits, err := middleware.New(memstore.New[visit](nil), &middleware.Options{Cookie: middleware.Cookie{Name: "visits"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		around func(a *app, h http.Handler) http.Handler
	}{
		"the outer one": {func(a *app, h http.Handler) http.Handler { return a.Handler(visits.Handler(h)) }},
		"the inner one": {func(a *app, h http.Handler) http.Handler { return visits.Handler(a.Handler(h)) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			h := test.around(a, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := middleware.Get[cart](r)
				v, err2 := middleware.Get[visit](r)
				if err != nil || err2 != nil {
					t.Error(err, err2)
					return
				}
				add(s)
				v.Update(func(v *visit) { v.Count++ })
				middleware.Fail[cart](w, r, errDown)
			}))
			w := httptest.NewRecorder()
			if aborts(func() { h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) }) || w.Code != http.StatusInternalServerError {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			var names []string
			for _, c := range w.Result().Cookies() {
				names = append(names, c.Name)
			}
			if len(names) != 1 || names[0] != "__Host-visits" {
				t.Errorf("cookies %v", names)
			}
		})
	}
}

// A failure within another manager's handler is answered once, also if the other
// session cannot be saved either.
func TestFailWithTwoManagersThatBothFail(t *testing.T) {
	t.Parallel()
	down := newStore()
	outer, answers := answering(t, down)
	inner, err := middleware.New[visit](unsaved{}, &middleware.Options{Cookie: middleware.Cookie{Name: "wishes"}, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	down.fail("Load", errDown)
	cookie := outer.visit(t, cart{Items: 1})
	h := outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := middleware.Get[visit](r)
		if err != nil {
			t.Error(err)
			return
		}
		s.Set(visit{1})
		_, err = middleware.Get[cart](r)
		middleware.Fail[cart](w, r, err)
		io.WriteString(w, ", but done")
	})))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	if aborts(func() { h.ServeHTTP(w, r) }) || *answers != 1 || w.Code != http.StatusServiceUnavailable || w.Body.String() != "sorry" {
		t.Errorf("%d answers: %d %q", *answers, w.Code, w.Body)
	}
}

// unsaved is a store that saves nothing.
type unsaved struct{ session.Store[visit] }

func (unsaved) Save(context.Context, *session.Record[visit]) error { return errDown }
func (unsaved) Delete(context.Context, session.ID) error           { return errDown }

// Headers that make a proxy send a file, or a page follow a link, are not sent with
// an error.
func TestHeadersOfAFailedResponse(t *testing.T) {
	t.Parallel()
	dropped := []string{"X-Accel-Redirect", "X-Sendfile", "Hx-Redirect", "Hx-Push-Url", "Hx-Anything", "Location", "Content-Length", "Etag"}
	for _, by := range []string{"commit", "Fail"} {
		t.Run(by, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, nil)
			a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				for _, name := range dropped {
					w.Header().Set(name, "1")
				}
				w.Header().Set("X-Frame-Options", "DENY")
				add(s)
				st.fail("Save", errDown)
				if by == "Fail" {
					middleware.Fail[cart](w, r, s.Commit(r.Context()))
				}
			})
			w := a.get("/x", "")
			for _, name := range dropped {
				if w.Header().Get(name) != "" {
					t.Errorf("%s is sent", name)
				}
			}
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("X-Frame-Options") != "DENY" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		})
	}
}
