// Package everystore tests what a manager promises on any store: idle timeouts, passive
// requests, edits from outside, the end of all sessions, why a session ended, and bounds
// on log-ins.
package everystore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// An Account is the value of the sessions.
type Account struct {
	User, Role string
	Pages      int
}

// SessionOwner names the session's owner.
func (a Account) SessionOwner() string { return a.User }

// A site is a manager and its store.
type site struct {
	*middleware.Manager[Account]
	store session.Store[Account]
}

// Run tests a kind of store. The store must find sessions by owner. Open opens the store
// of a namespace: an empty one the first time, and the same one, as another node of the
// application opens it, from then on.
func Run(t *testing.T, open func(t testing.TB, namespace string) session.Store[Account]) {
	for namespace, test := range map[string]func(t *testing.T, s *site){
		"passive":   testPassive,
		"used":      testLastUsed,
		"endall":    testEndAll,
		"reload":    testReload,
		"idle":      testIdleTimeout,
		"editowner": testUpdateOwner,
	} {
		t.Run(namespace, func(t *testing.T) {
			s := &site{store: open(t, namespace)}
			var err error
			if s.Manager, err = middleware.New(s.store, &middleware.Options{SaveTimeout: time.Minute}); err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
	for namespace, test := range map[string]func(t *testing.T, open func() session.Store[Account]){
		"toldwhy": testToldWhy,
		"refused": testRefused,
		"atonce":  testLogInsAtOnce,
	} {
		t.Run(namespace, func(t *testing.T) {
			test(t, func() session.Store[Account] { return open(t, namespace) })
		})
	}
}

// begin returns the token of a new session.
func (s *site) begin(t *testing.T, a Account) session.Token {
	t.Helper()
	return s.visit(t, session.Token{}, func(v *session.Session[Account]) { v.LogIn(func(to *Account) { *to = a }) })
}

// visit makes a request and returns its token after it.
func (s *site) visit(t *testing.T, token session.Token, act func(*session.Session[Account])) session.Token {
	t.Helper()
	v := s.open(t, token)
	act(v)
	if err := v.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, _ = v.Token()
	return token
}

func (s *site) open(t *testing.T, token session.Token) *session.Session[Account] {
	t.Helper()
	text := ""
	if !token.IsZero() {
		text = token.Reveal()
	}
	v, err := s.Open(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// unused makes a session one that expires soon unless it is used, and returns when.
func (s *site) unused(t *testing.T, id session.ID) time.Time {
	t.Helper()
	rec := s.record(t, id)
	expires := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Millisecond)
	if err := s.store.Touch(t.Context(), id, rec.Revision, expires); err != nil {
		t.Fatal(err)
	}
	return expires
}

func (s *site) record(t *testing.T, id session.ID) session.Record[Account] {
	t.Helper()
	rec, err := s.Record(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func read(v *session.Session[Account])  { v.Value() }
func count(v *session.Session[Account]) { v.Update(func(a *Account) { a.Pages++ }) }

func testPassive(t *testing.T, s *site) {
	token := s.begin(t, Account{User: "ada"})
	for name, act := range map[string]func(*session.Session[Account]){"read": read, "change": count} {
		expires := s.unused(t, token.ID())
		s.visit(t, token, func(v *session.Session[Account]) {
			v.SetPassive(true)
			act(v)
		})
		if got := s.record(t, token.ID()).Expires; !got.Equal(expires) {
			t.Errorf("a passive %s moves the idle end by %v", name, got.Sub(expires))
		}
		s.visit(t, token, act)
		if got := s.record(t, token.ID()).Expires; got.Sub(expires) < 40*time.Minute {
			t.Errorf("another %s moves the idle end by %v only", name, got.Sub(expires))
		}
	}
	// A use while a passive request is under way counts.
	s.unused(t, token.ID())
	polls := s.open(t, token)
	polls.SetPassive(true)
	count(polls)
	s.visit(t, token, read)
	used := s.record(t, token.ID()).Expires
	if err := polls.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rec := s.record(t, token.ID()); !rec.Expires.Equal(used) || rec.Value.Pages != 3 {
		t.Errorf("a passive change moves the idle end by %v; %d pages", rec.Expires.Sub(used), rec.Value.Pages)
	}
}

func testEndAll(t *testing.T, s *site) {
	for i := range 25 {
		s.begin(t, Account{User: []string{"ada", "eve", ""}[i%3], Pages: 1})
	}
	if n, err := s.EndAll(t.Context(), ""); n != 25 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	if n, err := s.EndAll(t.Context(), ""); n != 0 || err != nil {
		t.Errorf("%d ended again, %v", n, err)
	}
}

func testReload(t *testing.T, s *site) {
	connection := s.open(t, s.begin(t, Account{User: "ada"}))
	if err := s.Edit(t.Context(), connection.ID(), func(a *Account) { a.Role = "admin" }); err != nil {
		t.Fatal(err)
	}
	count(connection)
	if err := connection.Reload(t.Context()); err != nil || connection.Value() != (Account{"ada", "admin", 1}) {
		t.Errorf("%v; %+v", err, connection.Value())
	}
	if err := s.End(t.Context(), connection.ID(), ""); err != nil {
		t.Fatal(err)
	}
	if err := connection.Reload(t.Context()); !errors.Is(err, session.ErrGone) {
		t.Error("after the end:", err)
	}
}

func testIdleTimeout(t *testing.T, s *site) {
	token := s.begin(t, Account{User: "ada"})
	for _, idle := range []time.Duration{5 * time.Minute, 5 * time.Hour, -1, 0} {
		token = s.visit(t, token, func(v *session.Session[Account]) { v.SetIdleTimeout(idle) })
		want := idle
		switch idle {
		case 0:
			want = session.DefaultIdleTimeout
		case -1:
			want = session.DefaultLifetime
		}
		// By a touch, a change and a renewal, too.
		for name, act := range map[string]func(*session.Session[Account]){"read": read, "change": count, "renewal": (*session.Session[Account]).Renew} {
			s.unused(t, token.ID())
			token = s.visit(t, token, act)
			rec := s.record(t, token.ID())
			if left := time.Until(rec.Expires); left > want || left < want-10*time.Minute {
				t.Errorf("with the idle timeout %v, after a %s it expires in %v", idle, name, left)
			}
			if idle > 0 && s.open(t, token).IdleTimeout() != idle {
				t.Errorf("the idle timeout is %v, want %v", s.open(t, token).IdleTimeout(), idle)
			}
		}
	}
	token = s.visit(t, token, func(v *session.Session[Account]) { v.SetIdleTimeout(300 * time.Millisecond) })
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := s.Open(t.Context(), token.Reveal()); errors.Is(err, session.ErrNotFound) {
			return
		}
	}
	t.Error("it does not end")
}

func testLastUsed(t *testing.T, s *site) {
	token := s.begin(t, Account{User: "ada"})
	s.unused(t, token.ID())
	list := func() (used time.Duration) {
		for rec, err := range s.ByOwner(t.Context(), "ada") {
			if err != nil {
				t.Fatal(err)
			}
			used = rec.Expires.Add(-time.Hour).Sub(s.LastUsed(rec))
			if s.LastUsed(rec).Before(rec.LoggedIn) {
				t.Error("it was used before the log-in")
			}
		}
		return used
	}
	if got := list(); got >= 0 { // the log-in is later than its idle end says
		t.Errorf("it was last used %v before its idle end says so", got)
	}
	s.visit(t, token, read)
	if got := list(); got != 0 {
		t.Errorf("it was last used %v before its idle end says so", got)
	}
}

func testUpdateOwner(t *testing.T, s *site) {
	const others = "eve"
	var hers []session.Token
	for range 3 {
		hers = append(hers, s.begin(t, Account{User: "ada", Role: "admin"}))
	}
	eves := s.begin(t, Account{User: others, Role: "admin"})
	expires := s.unused(t, hers[0].ID())
	late := s.open(t, hers[1]) // loaded before the edit, saved after it
	count(late)

	n, err := s.UpdateOwner(t.Context(), "ada", func(a *Account) { a.Role = "" })
	if n != 3 || err != nil {
		t.Errorf("%d changed, %v", n, err)
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	for i, token := range hers {
		if v := s.open(t, token).Value(); v.Role != "" || v.User != "ada" || v.Pages != i%2 {
			t.Errorf("session %d holds %+v", i, v)
		}
	}
	if got := s.record(t, hers[0].ID()).Expires; !got.Equal(expires) {
		t.Errorf("the edit moves the idle end by %v", got.Sub(expires))
	}
	if n, err := s.UpdateOwner(t.Context(), "ada", func(a *Account) { a.Role = "" }); n != 0 || err != nil {
		t.Errorf("%d changed again, %v", n, err)
	}
	if err := s.Edit(t.Context(), eves.ID(), func(a *Account) { a.Role = "guest" }); err != nil || s.open(t, eves).Value().Role != "guest" {
		t.Error("one session is not edited:", err)
	}
	if err := s.Edit(t.Context(), eves.ID(), func(a *Account) { a.User = "ada" }); !errors.Is(err, session.ErrUnsupported) {
		t.Error("another owner:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.UpdateOwner(ctx, "ada", func(a *Account) { a.Role = "x" }); !errors.Is(err, session.ErrUnavailable) {
		t.Error("without time:", err)
	}
}
