package inspector_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/middleware/inspector"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

type Cart struct{ Customer, Address string }

func (c Cart) SessionOwner() string { return c.Customer }

const at = "https://example.com/admin/sessions/"

// site is an application with the pages.
type site struct {
	store *sessiontest.Store[Cart]
	carts *middleware.Manager[Cart]
	*sessiontest.Client
}

func newSite(t *testing.T, o *inspector.Options) *site {
	t.Helper()
	inspect := inspector.New[Cart](o)
	store := sessiontest.NewStore[Cart](t)
	carts, err := middleware.New[Cart](store, &middleware.Options{Observe: inspect.Observe})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/sessions/", http.StripPrefix("/admin/sessions", inspect.Handler(carts)))
	return &site{store, carts, sessiontest.NewClient(t, mux)}
}

// seed stores a session and returns its ID.
func (s *site) seed(customer string) session.ID {
	return s.store.Seed(Cart{Customer: customer, Address: "12 Dorset Street"}).ID()
}

func (s *site) live(t *testing.T, id session.ID) bool {
	t.Helper()
	live, err := s.store.Exists(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func TestEndOne(t *testing.T) {
	s := newSite(t, nil)
	ada, charles, nobody := s.seed("ada"), s.seed("charles"), s.seed("")

	s.Get(at+"owner?name=ada").Has("Sessions: 1.", ada.String())
	s.Submit("End", nil).Has("Are you sure?", ada.String())
	if !s.live(t, ada) {
		t.Fatal("a session was ended without a confirmation")
	}
	s.Submit("Yes, end it", nil).At(at+"owner?ended=1&name=ada").Has("Sessions ended: 1", "No sessions")
	s.Get(at + "session?id=" + nobody.String()).Has("Owner none")
	s.Submit("End this session", nil)
	s.Submit("Yes, end it", nil).At(at)
	if s.live(t, ada) || s.live(t, nobody) || !s.live(t, charles) {
		t.Error("another session than those two was ended, or one of them was not")
	}
	s.Get(at).Has("2 revoked")
	s.Post(at+"end", url.Values{"id": {ada.String()}, "owner": {"ada"}, "sure": {"1"}}).Has("Sessions ended: 0")
}

func TestEndAllOfAnOwner(t *testing.T) {
	s := newSite(t, nil)
	first, second, charles := s.seed("ada"), s.seed("ada"), s.seed("charles")
	s.Post(at+"end-owner", nil).HasStatus(http.StatusUnprocessableEntity)
	s.Get(at + "owner?name=ada")
	s.Submit("End all sessions of ada", nil).Has("This ends all sessions of ada.")
	if !s.live(t, first) {
		t.Fatal("sessions were ended without a confirmation")
	}
	s.Submit("Yes, end them", nil).Has("Sessions ended: 2")
	if s.live(t, first) || s.live(t, second) || !s.live(t, charles) {
		t.Error("the wrong sessions were ended")
	}
}

func TestEndIsRefusedFromOtherSites(t *testing.T) {
	s := newSite(t, nil)
	ada := s.seed("ada")
	const evil = "https://evil.example/"
	s.TabAt(evil).Post(at+"end", url.Values{"id": {ada.String()}, "sure": {"1"}}).HasStatus(http.StatusForbidden)
	s.TabAt(evil).Post(at+"end-owner", url.Values{"owner": {"ada"}, "sure": {"on"}}).HasStatus(http.StatusForbidden)
	if !s.live(t, ada) {
		t.Error("another site ended a session")
	}
}

// Values are shown one at a time, when the options allow it and the operator asks.
func TestValues(t *testing.T) {
	const value = "12 Dorset Street"
	for _, allowed := range []bool{false, true} {
		t.Run(strconv.FormatBool(allowed), func(t *testing.T) {
			s := newSite(t, &inspector.Options{ShowValues: allowed})
			page := at + "session?id=" + s.seed("ada").String()
			for _, path := range []string{at, at + "survey", at + "owner?name=ada", page} {
				s.Get(path).HasStatus(http.StatusOK).Lacks(value)
			}
			asked := s.Get(page + "&value=1").HasStatus(http.StatusOK)
			if allowed {
				asked.Has(value)
				s.Get(page)
				s.Submit("Show the value", nil).Has(value)
			} else {
				asked.Lacks(value)
			}
		})
	}
}

func TestNoPageShowsAToken(t *testing.T) {
	s := newSite(t, &inspector.Options{ShowValues: true})
	token := s.store.Seed(Cart{Customer: "ada"})
	for _, path := range []string{"", "survey", "owner?name=ada", "session?value=1&id=" + token.ID().String()} {
		s.Get(at + path).Lacks(token.Reveal())
	}
}

// Each page says that it must not be kept, framed or scripted.
func TestHeaders(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"", "survey", "owner?name=ada", "session?id=none", "style.css"} {
		h := s.Get(at + path).Header
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestHostileNames(t *testing.T) {
	s := newSite(t, nil)
	const name = `<script>alert(1)</script>" onclick="x`
	s.seed(name)
	for _, path := range []string{"survey", "owner?name=" + url.QueryEscape(name)} {
		if body := s.Get(at + path).Body; strings.Contains(body, "<script") || strings.Contains(body, `" onclick`) {
			t.Errorf("%s: a name is not escaped:\n%s", path, body)
		}
	}
	if body := s.Submit("End", nil).Body; strings.Contains(body, "<script") {
		t.Errorf("a name is not escaped:\n%s", body)
	}
	s.Submit("Yes, end it", nil).Has("Sessions ended: 1")
}

func TestFirstPageCostsNoCommand(t *testing.T) {
	s := newSite(t, nil)
	s.seed("ada")
	s.store.Reset()
	s.Get(at).HasStatus(http.StatusOK)
	if calls := s.store.Calls(); len(calls) != 0 {
		t.Errorf("calls: %v", calls)
	}
}

func TestWhatHappened(t *testing.T) {
	s := newSite(t, nil)
	s.Get(at).Has("Nothing yet")
	cart, err := s.carts.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	cart.LogIn(func(c *Cart) { *c = Cart{"ada", "12 Dorset Street"} })
	if err := cart.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Get(at).Has("1 created", "Customer, Address", "ada").Lacks("Dorset")
	for i := range 100 {
		cart.Update(func(c *Cart) { c.Address = strconv.Itoa(i) })
		if err := cart.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	page := s.Get(at).Has("100 saved")
	if n := strings.Count(page.Body, `<li class="saved">`); n != 50 {
		t.Errorf("%d changes are shown, want the last 50", n)
	}
}

// A renewal is no log-in.
func TestLogIns(t *testing.T) {
	s := newSite(t, nil)
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	rec := session.Record[Cart]{ID: session.NewID(), Owner: "ada", Created: ago(30 * time.Hour), LoggedIn: ago(2*time.Hour + time.Minute),
		Renewed: ago(5*time.Minute + time.Second), Expires: time.Now().Add(time.Hour), Value: Cart{Customer: "ada"}}
	if err := s.store.Direct().Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	s.Get(at + "owner?name=ada").Has("logged in 2 h ago")
	s.Get(at+"session?id="+rec.ID.String()).Has("Logged in 2 h ago", "Token from 5 min ago")
	s.Get(at + "session?id=" + s.seed("").String()).Has("Logged in no")
}

func TestSurvey(t *testing.T) {
	s := newSite(t, nil)
	for range 3 {
		s.seed("ada")
	}
	s.seed("charles")
	s.seed("")
	broken := s.store.Seed(Cart{Customer: "ada"})
	s.store.Corrupt(broken.ID(), errors.New("a bit flipped"))
	s.Get(at+"survey").Has("Live sessions: 5. With an owner: 4. Unreadable: 1.", "ada 3", "charles 1", "under a minute 5", "under 64 B 5", "Last use")
	s.Get(at + "session?id=" + broken.ID().String()).Has("a bit flipped")
	s.Submit("End this session", nil)
	s.Submit("Yes, end it", nil)
	if s.live(t, broken.ID()) {
		t.Error("a session that cannot be read was not ended")
	}
}

func TestSurveyIsBounded(t *testing.T) {
	s := newSite(t, nil)
	for range inspector.MaxSurvey + 1 {
		s.store.Direct().Save(t.Context(), &session.Record[Cart]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)})
	}
	s.Get(at+"survey").Has("Live sessions: 10,000.", "There are more")
}

func TestOwnersPageIsBounded(t *testing.T) {
	s := newSite(t, nil)
	for range inspector.MaxOwned + 1 {
		s.seed("ada")
	}
	s.Get(at + "owner?name=ada").Has("Sessions: 500 of more.")
}

func TestStoreIsDown(t *testing.T) {
	s := newSite(t, nil)
	id := s.seed("ada").String()
	s.store.Down()
	for _, path := range []string{"survey", "owner?name=ada", "session?id=" + id} {
		s.Get(at + path).HasStatus(http.StatusServiceUnavailable).Has("The store did not answer")
	}
	s.Post(at+"end", url.Values{"id": {id}, "sure": {"1"}}).HasStatus(http.StatusServiceUnavailable)
}

func TestNoSuchSession(t *testing.T) {
	s := newSite(t, nil)
	for _, id := range []string{"", "x", session.NewID().String()} {
		s.Get(at + "session?id=" + id).HasStatus(http.StatusNotFound).Has("There is no such session")
	}
}

func TestObserveCostsNoAllocation(t *testing.T) {
	inspect := inspector.New[Cart](nil)
	ctx := context.Background()
	e := session.Event{Kind: session.EventSaved, Owner: "ada"}
	inspect.Observe(ctx, e)
	if n := testing.AllocsPerRun(100, func() { inspect.Observe(ctx, e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFind(t *testing.T) {
	s := newSite(t, nil)
	ada, _, _ := s.seed("ada"), s.seed("adam"), s.seed("charles")
	find := func(text string) *sessiontest.Page {
		s.Get(at)
		return s.Submit("Find", url.Values{"q": {text}})
	}
	find("ada").At(at + "owner?name=ada")
	find(" "+ada.String()).At(at+"session?id="+ada.String()).Has("Owner ada", "Last used 0 s ago")
	find("ad").At(at+"find?q=ad").Has("in exactly this spelling", "These begin with it", "ada 1", "adam 1").Lacks("charles")
	find("Ada").Has("None begins with it")
	find(session.NewID().String()).Has("None begins with it")
	s.store.Down()
	find("ad").HasStatus(http.StatusServiceUnavailable)
}

func TestFindIsBounded(t *testing.T) {
	s := newSite(t, nil)
	for range inspector.MaxSurvey + 1 {
		s.store.Direct().Save(t.Context(), &session.Record[Cart]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)})
	}
	s.Get(at + "find?q=ad").Has("Only 10,000 sessions were looked at")
}

func TestCurrentPageIsMarked(t *testing.T) {
	s := newSite(t, nil)
	for path, link := range map[string]string{"": `<a href="./" aria-current="page">`, "survey": `<a href="survey" aria-current="page">`, "owner?name=ada": ""} {
		body := s.Get(at + path).Body
		if want := min(1, len(link)); strings.Count(body, "aria-current") != want || !strings.Contains(body, link) {
			t.Errorf("%s: want the link %q marked:\n%s", path, link, body)
		}
	}
}
