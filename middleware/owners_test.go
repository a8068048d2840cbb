package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func (a *app) id(t testing.TB, cookie string) session.ID {
	t.Helper()
	token, err := session.ParseToken(strings.TrimPrefix(cookie, cookieName+"="))
	if err != nil {
		t.Fatal(err)
	}
	return token.ID()
}

func TestByOwnerAndRevoke(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	mine, other, eves := a.visit(t, cart{Customer: "ada"}), a.visit(t, cart{Customer: "ada"}), a.visit(t, cart{Customer: "eve"})
	count := func(owner string) (n int) {
		for _, err := range a.ByOwner(t.Context(), owner) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if count("ada") != 2 || count("eve") != 1 || count("") != 0 {
		t.Error("ByOwner is wrong")
	}
	for name, owner := range map[string]string{"of another": "ada", "of nobody": ""} {
		if err := a.Revoke(t.Context(), owner, a.id(t, eves), ""); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("a session %s: %v", name, err)
		}
	}
	nobodys := a.visit(t, cart{Items: 1})
	if err := a.Revoke(t.Context(), "", a.id(t, nobodys), ""); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("nobody's session, by nobody: %v", err)
	}
	if _, err := a.Open(t.Context(), strings.TrimPrefix(nobodys, cookieName+"=")); err != nil {
		t.Errorf("nobody's session: %v", err)
	}
	if err := a.Revoke(t.Context(), "ada", newToken().ID(), ""); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("an unknown session: %v", err)
	}
	if err := a.Revoke(t.Context(), "ada", a.id(t, other), ""); err != nil {
		t.Error(err)
	}
	if _, ok := a.value(t, other); ok {
		t.Error("a revoked session lives")
	}
	if !slices.Contains(a.kinds(), session.EventRevoked) {
		t.Error("not reported")
	}
	third := a.visit(t, cart{Customer: "ada"})
	if n, err := a.RevokeAll(t.Context(), "ada", "", a.id(t, mine)); n != 1 || err != nil {
		t.Error(n, err)
	}
	if _, ok := a.value(t, third); ok {
		t.Error("log out everywhere else does not")
	}
	if _, ok := a.value(t, mine); !ok {
		t.Error("the session to keep was ended")
	}
	if n, err := a.RevokeAll(t.Context(), "ada", ""); n != 1 || err != nil || count("ada") != 0 || count("eve") != 1 {
		t.Error(n, err)
	}
	total := 0
	for _, err := range a.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		total++
	}
	if total != 2 { // eve's and nobody's
		t.Errorf("All yields %d", total)
	}
}

func TestRevokeWithTheStoreDown(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"Load", "Delete", "ByOwner"} {
		st := &unlisted{store: newStore()}
		a := newApp(t, st, nil)
		id := a.id(t, a.visit(t, cart{Customer: "ada"}))
		if op == "ByOwner" {
			st.err = errDown
		} else {
			st.fail(op, errDown)
			if err := a.Revoke(t.Context(), "ada", id, ""); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: Revoke: %v", op, err)
			}
		}
		if op != "Load" {
			if n, err := a.RevokeAll(t.Context(), "ada", ""); n != 0 || !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: RevokeAll: %d, %v", op, n, err)
			}
		}
		if st.live(t) != 1 || slices.Contains(a.kinds(), session.EventRevoked) {
			t.Errorf("%s: ended", op)
		}
	}
}

// An unlisted store may be unable to list an owner's sessions.
type unlisted struct {
	*store
	err error
}

func (u *unlisted) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[cart], error] {
	if u.err == nil {
		return u.store.ByOwner(ctx, owner)
	}
	return func(yield func(session.Record[cart], error) bool) { yield(session.Record[cart]{}, u.err) }
}

// renewing renews each session just before it would be deleted, once.
type renewing struct {
	*store
	renew func(session.ID)
}

func (r *renewing) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	if renew := r.renew; renew != nil {
		r.renew = nil
		renew(id)
	}
	return r.store.Delete(ctx, id, rev)
}

// A page shows the IDs of sessions. They can be ended, or kept, however often they
// were renewed since, and also if that happens at the same time.
func TestRevokingASessionThatWasRenewed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		revoke func(a *app, id session.ID) error
		lives  bool
	}{
		"Revoke": {func(a *app, id session.ID) error { return a.Revoke(t.Context(), "ada", id, "") }, false},
		"End":    {func(a *app, id session.ID) error { return a.End(t.Context(), id, "") }, false},
		"RevokeAll": {func(a *app, _ session.ID) error {
			n, err := a.RevokeAll(t.Context(), "ada", "")
			if n != 1 {
				t.Errorf("ended %d", n)
			}
			return err
		}, false},
		"RevokeAll but this one": {func(a *app, id session.ID) error {
			_, err := a.RevokeAll(t.Context(), "ada", "", id)
			return err
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			st := &renewing{store: newStore()}
			a := newApp(t, st, nil)
			a.handle("/again", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.LogIn(func(c *cart) { c.Customer = "ada" })
			})
			cookie := a.visit(t, cart{Customer: "ada"})
			id := a.id(t, cookie)
			for range 3 {
				cookie = setCookie(t, a.get("/again", cookie))
			}
			st.renew = func(session.ID) { cookie = setCookie(t, a.get("/again", cookie)) }
			if err := test.revoke(a, id); err != nil {
				t.Error(err)
			}
			if _, lives := a.value(t, cookie); lives != test.lives {
				t.Errorf("the session lives: %v", lives)
			}
		})
	}
}

// A session that changes hands is not ended for the owner that it had.
func TestRevokingASessionThatBecomesAnothers(t *testing.T) {
	t.Parallel()
	st := &renewing{store: newStore()}
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Customer: "ada"})
	id := a.id(t, cookie)
	st.renew = func(session.ID) { cookie = setCookie(t, a.get("/login?as=eve", cookie)) }
	if err := a.Revoke(t.Context(), "ada", id, ""); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
	if c, _ := a.value(t, cookie); c.Customer != "eve" {
		t.Errorf("the session holds %+v", c)
	}
}

func TestRevokeAllEndsWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	st := &unreadable{store: newStore()}
	a := newApp(t, st, nil)
	a.visit(t, cart{Customer: "ada"})
	st.fail("Load", &session.DecodeError{Err: errDown})
	if n, err := a.RevokeAll(t.Context(), "ada", ""); n != 1 || err != nil || st.live(t) != 0 {
		t.Error(n, err)
	}
}

func TestRevokeEndsWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	st := &unreadable{store: newStore()}
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Customer: "ada"})
	id := a.id(t, cookie)
	st.fail("Load", &session.DecodeError{ID: id, Err: errDown})
	if err := a.Revoke(t.Context(), "eve", id, ""); !errors.Is(err, session.ErrNotFound) || st.live(t) != 1 {
		t.Errorf("by another: %v", err)
	}
	if err := a.Revoke(t.Context(), "ada", id, ""); err != nil || st.live(t) != 0 {
		t.Error(err)
	}
}

type unreadable struct{ *store }

func (u *unreadable) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[cart], error] {
	return func(yield func(session.Record[cart], error) bool) {
		for rec := range u.store.ByOwner(ctx, owner) {
			if !yield(session.Record[cart]{}, &session.DecodeError{ID: rec.ID, Err: errDown}) {
				return
			}
		}
	}
}

func TestAStoreWithoutAnIndex(t *testing.T) {
	t.Parallel()
	m, err := middleware.New[int](plainStore{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.RevokeAll(t.Context(), "ada", ""); !errors.Is(err, session.ErrUnsupported) {
		t.Error(err)
	}
	for _, err := range m.All(t.Context()) {
		if !errors.Is(err, session.ErrUnsupported) {
			t.Error(err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	for _, token := range []string{"x", newToken().Reveal()} {
		if _, err := a.Open(t.Context(), token); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: %v", token, err)
		}
	}
	cookie := a.visit(t, cart{Items: 1})
	st.fail("Load", errDown)
	if _, err := a.Open(t.Context(), strings.TrimPrefix(cookie, cookieName+"=")); !errors.Is(err, session.ErrUnavailable) {
		t.Error(err)
	}
	st.fail("Load", nil)
	s, err := a.Open(t.Context(), strings.TrimPrefix(cookie, cookieName+"="))
	if err != nil {
		t.Fatal(err)
	}
	found, err := middleware.FromContext[cart](middleware.NewContext(t.Context(), s))
	if found != s || err != nil {
		t.Error(found, err)
	}
}

func TestHeaderTransport(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), &middleware.Options{Transport: middleware.HeaderTransport("x-session-token")})
	do := func(path string, tokens ...string) http.Header {
		r, _ := http.NewRequest("GET", path, nil)
		r.Header["X-Session-Token"] = tokens
		w := newRecorder()
		a.Handler(a.mux).ServeHTTP(w, r)
		return w.Header()
	}
	h := do("/add")
	token := h.Get("X-Session-Token")
	if len(token) != tokenLen || h["Set-Cookie"] != nil || h.Get("Vary") != "X-Session-Token" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", h)
	}
	if h := do("/add", token); h["X-Session-Token"] != nil {
		t.Errorf("sent again: %v", h)
	}
	if h := do("/logout", token); h["X-Session-Token"] == nil || h.Get("X-Session-Token") != "" {
		t.Errorf("after the log-out: %v", h)
	}
	for _, bad := range [][]string{{"x"}, {token, newToken().Reveal()}} {
		a.kinds()
		do("/show", bad...)
		if fmt.Sprint(a.kinds()) != "[rejected]" {
			t.Errorf("%q", bad)
		}
	}
	do("/show", "") // what the client was told when it logged out
	if kinds := a.kinds(); len(kinds) != 0 {
		t.Errorf("a client without a token: %v", kinds)
	}
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func newWishes() session.Store[wishes] { return memstore.New[wishes](nil) }

func TestCookieOrHeader(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), &middleware.Options{Transport: middleware.CookieOrHeader("X-Session-Token")})
	do := func(path string, header map[string]string) http.Header {
		r, _ := http.NewRequest("GET", path, nil)
		for name, value := range header {
			r.Header[name] = []string{value}
		}
		w := newRecorder()
		a.Handler(a.mux).ServeHTTP(w, r)
		if got := w.Header().Get("Vary"); got != "Cookie, X-Session-Token" {
			t.Errorf("Vary %q", got)
		}
		return w.Header()
	}
	const header, cookie = "X-Session-Token", "Cookie"
	byHeader := do("/add", map[string]string{header: ""})
	token := byHeader.Get(header)
	if byHeader["Set-Cookie"] != nil || len(token) != tokenLen {
		t.Fatalf("an API client without a token: %v", byHeader)
	}
	byCookie := do("/add", nil)
	pair, _, _ := strings.Cut(byCookie.Get("Set-Cookie"), ";")
	if byCookie[header] != nil || pair == "" {
		t.Fatalf("a browser without a cookie: %v", byCookie)
	}
	if h := do("/login?as=ada", map[string]string{header: token}); h["Set-Cookie"] != nil || len(h.Get(header)) != tokenLen {
		t.Errorf("renewal by header: %v", h)
	}
	if h := do("/login?as=ada", map[string]string{cookie: pair}); h["Set-Cookie"] == nil || h[header] != nil {
		t.Errorf("renewal by cookie: %v", h)
	}
	pair, _, _ = strings.Cut(do("/add", nil).Get("Set-Cookie"), ";")
	for name, value := range map[string]string{"empty": "", "malformed": "x"} {
		h := do("/add", map[string]string{header: value, cookie: pair})
		if h["Set-Cookie"] != nil || h[header] == nil {
			t.Errorf("a cookie beside a header that is %s: %v", name, h)
		}
	}
	if c, _ := a.value(t, pair); c.Items != 1 {
		t.Error("the cookie was used although there was a header")
	}
}

type wishes struct{ List []string }

func TestTwoManagers(t *testing.T) {
	t.Parallel()
	carts := newApp(t, newStore(), nil)
	lists, err := middleware.New(newWishes(), &middleware.Options{Cookie: middleware.Cookie{Name: "wishes"}, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	h := lists.Handler(carts.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err1 := middleware.Get[cart](r)
		l, err2 := middleware.Get[wishes](r)
		if err1 != nil || err2 != nil {
			t.Error(err1, err2)
			return
		}
		c.Update(func(c *cart) { c.Items++ })
		l.Update(func(l *wishes) { l.List = append(l.List, "tea") })
	})))
	w := newRecorder()
	r, _ := http.NewRequest("GET", "/", nil)
	h.ServeHTTP(w, r)
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 2 || !strings.HasPrefix(lines[0], cookieName+"=") || !strings.HasPrefix(lines[1], "__Host-wishes=") {
		t.Errorf("cookies %q", lines)
	}
	if len(w.Header()["Vary"]) != 1 {
		t.Errorf("Vary %q", w.Header()["Vary"])
	}

	same, err := middleware.New(newWishes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		text := fmt.Sprint(recover())
		if !strings.Contains(text, "middleware_test.cart") || !strings.Contains(text, "middleware_test.wishes") || !strings.Contains(text, cookieName) {
			t.Errorf("panic %q", text)
		}
	}()
	same.Handler(carts.Handler(http.NotFoundHandler())).ServeHTTP(w, r)
}

// Sessions of a type without SessionOwner cannot be found by owner, which must not
// look like success.
func TestOwnersOfATypeWithoutOwner(t *testing.T) {
	t.Parallel()
	m, err := middleware.New(memstore.New[visit](nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	var listed error
	for _, err := range m.ByOwner(t.Context(), "ada") {
		listed = err
	}
	_, all := m.RevokeAll(t.Context(), "ada", "")
	for name, err := range map[string]error{"ByOwner": listed, "RevokeAll": all, "Revoke": m.Revoke(t.Context(), "ada", session.ID{1}, "")} {
		if !errors.Is(err, session.ErrUnsupported) || !strings.Contains(err.Error(), "middleware_test.visit has no method SessionOwner") {
			t.Errorf("%s returned %v", name, err)
		}
	}
}
