package faults_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// stored returns all live sessions.
func (s *site) stored(t testing.TB) map[session.ID]session.Record[basket] {
	t.Helper()
	found := map[session.ID]session.Record[basket]{}
	for rec, err := range s.All(t.Context()) {
		must(t, err)
		found[rec.ID] = rec
	}
	return found
}

// aged is a session that has not been used for a while, so that reading it moves
// its end.
func aged(t testing.TB, s *site) string {
	t.Helper()
	now, token := time.Now().UTC().Truncate(time.Millisecond), session.NewToken(session.NewID())
	rec := session.Record[basket]{
		ID: token.ID(), Secrets: session.NewSecrets(token), Created: now, Renewed: now, Deadline: now.Add(24 * time.Hour), Expires: now.Add(30 * time.Minute),
		Value: basket{Items: []string{"first"}},
	}
	must(t, s.store.Save(t.Context(), &rec))
	return cookiePrefix + token.Reveal()
}

// Whatever a request sends to Redis: if the reply to any one of its commands is
// lost after the command was carried out, the request does what it would have
// done, once.
func TestReplyLost(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, server.Addr())
	direct, s := newSite(t, server.URL(), nil, nil), newSite(t, proxy.URL(), nil, nil)
	warm := direct.customer(t, "warm") // so that the server has all scripts
	direct.get("/logout", warm)
	direct.get("/read", aged(t, direct))

	anonymous := func() string { return direct.visitor(t) }
	ada := func() string { return direct.customer(t, "ada") }
	for _, tt := range []struct {
		target string
		begin  func() string
		want   string // what the session holds in the end
		sends  int    // how many commands, at least
	}{
		{"/add?item=second", func() string { return "" }, "{ [second]}", 1},
		{"/login?as=ada", func() string { return "" }, "{ada []}", 2},
		{"/read", anonymous, "{ [first]}", 1},
		{"/read", func() string { return aged(t, direct) }, "{ [first]}", 2},
		{"/add?item=second", anonymous, "{ [first second]}", 2},
		{"/add?item=second", ada, "{ada [first second]}", 2},
		{"/login?as=ada", anonymous, "{ada [first]}", 4},
		{"/login?as=eve", ada, "{eve [first]}", 4},
		{"/renew", anonymous, "{ [first]}", 2},
		{"/renew", ada, "{ada [first]}", 2},
		{"/logout", anonymous, "", 2},
		{"/logout", ada, "", 3},
	} {
		for n := 0; ; n++ {
			name := fmt.Sprintf("%s, reply %d", tt.target, n+1)
			must(t, direct.client.FlushDB(t.Context()).Err()) // leaves the scripts
			cookie := tt.begin()
			count := 0
			proxy.DropReplies(1, func(args []string) bool {
				if args[0] == "hello" || args[0] == "client" {
					return false
				}
				count++
				return count == n+1
			})
			s.reported()
			got := s.get(tt.target, cookie)
			if proxy.Dropped() == 0 {
				proxy.DropReplies(0, nil)
				if n < tt.sends {
					t.Errorf("%s: sent %d commands only", tt.target, n)
				}
				break
			}
			wantOnce(t, s, name, cookie, got, tt.want)
		}
	}
}

// wantOnce checks that a request was answered as if nothing had happened.
func wantOnce(t *testing.T, s *site, name, before string, got reply, want string) {
	t.Helper()
	if got.status != http.StatusOK {
		t.Errorf("%s: %+v, error %v", name, got, s.failure())
	}
	for _, kind := range s.reported() {
		if slices.Contains([]session.EventKind{session.EventConflict, session.EventGone, session.EventFailed, session.EventLate}, kind) {
			t.Errorf("%s: reported %s", name, kind)
		}
	}
	now := before
	if got.set != "" {
		now = got.set
	}
	stored := s.stored(t)
	if want == "" {
		if len(stored) != 0 || !got.clears {
			t.Errorf("%s: %v is left, response %+v", name, stored, got)
		}
		return
	}
	if held, ok := s.value(t, now); !ok || fmt.Sprint(held) != want || len(stored) != 1 {
		t.Errorf("%s: the session holds %v, %v, want %s; %d are stored", name, held, ok, want, len(stored))
	}
	if got.set == "" || before == "" {
		return
	}
	if _, ok := s.value(t, before); ok {
		t.Errorf("%s: the old token works", name)
	}
}

// A request that gave up, and is sent again by its visitor, finds what it did.
func TestReplyLostForGood(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, server.Addr())
	s := newSite(t, proxy.URL()+"&max_retries=-1", nil, nil)
	for _, target := range []string{"/add?item=warm", "/renew", "/logout"} { // so that the server knows the scripts
		s.get(target, s.visitor(t))
	}
	for target, want := range map[string][]string{
		"/add?item=second": {"first second"},
		"/renew":           {"first", ""}, // the visitor may have lost his session to it, never somebody gained one
		"/logout":          {""},
	} {
		cookie := s.visitor(t)
		proxy.DropReplies(1, func(args []string) bool { return args[0] == "evalsha" || args[0] == "eval" })
		got := s.get(target, cookie)
		if got.status != http.StatusServiceUnavailable || got.set != "" || proxy.Dropped() != 1 {
			t.Errorf("%s: %+v, want a 503 without a cookie", target, got)
		}
		if got := s.get("/read", cookie); got.status != http.StatusOK || !slices.Contains(want, strings.TrimSpace(got.body)) {
			t.Errorf("%s, then: %+v, want %q", target, got, want)
		}
	}
}
