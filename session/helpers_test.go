package session_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// grace is how long a former token is accepted, and an ended one recognised.
const grace = 30 * time.Second

const day = 24 * time.Hour

var errDown = errors.New("the server is down")

type state struct {
	User  string
	Count int
	Notes []string
	Tags  map[string]string
	Next  *state
}

func (s state) SessionOwner() string { return s.User }

// A request is what the handler of a request does with its session.
type request = func(*session.Session[state])

func increment(v *state) { v.Count++ }

func note(text string) request {
	return func(s *session.Session[state]) { s.Update(func(v *state) { v.Notes = append(v.Notes, text) }) }
}

func logIn(name string) request {
	return func(s *session.Session[state]) { s.LogIn(func(v *state) { v.User = name }) }
}

// become changes the owner without LogIn.
func become(name string) request {
	return func(s *session.Session[state]) { s.Update(func(v *state) { v.User = name }) }
}

func passive(s *session.Session[state]) { s.SetPassive(true) }

func remember(on bool) request { return func(s *session.Session[state]) { s.Remember(on) } }

func endIn(d time.Duration) request {
	return func(s *session.Session[state]) { s.SetDeadline(time.Now().Add(d)) }
}

func both(acts ...request) request {
	return func(s *session.Session[state]) {
		for _, act := range acts {
			act(s)
		}
	}
}

func count(s *session.Session[state])  { s.Update(increment) }
func renew(s *session.Session[state])  { s.Renew() }
func logOut(s *session.Session[state]) { s.Destroy() }
func read(s *session.Session[state])   { s.Value() }

// commitNow is what a handler does that wants to know before it answers.
func commitNow(s *session.Session[state]) { s.Commit(context.Background()) }

// A probe is a memory store that notes its calls, and lets a test act before a call
// and after it, or fail it.
type probe struct {
	*memstore.Store[state]
	before, after func(op string) error

	mu  sync.Mutex
	ops []string
}

func newProbe() *probe { return &probe{Store: memstore.New[state](nil)} }

func (p *probe) call(op string, do func() error) error {
	p.mu.Lock()
	p.ops = append(p.ops, op)
	before, after := p.before, p.after
	p.mu.Unlock()
	if before != nil {
		if err := before(op); err != nil {
			return err
		}
	}
	err := do()
	if after != nil {
		if lost := after(op); lost != nil {
			return lost
		}
	}
	return err
}

// at returns a hook that acts at the nth call of op from now on.
func at(op string, n int, act func() error) func(string) error {
	return func(called string) error {
		if called != op {
			return nil
		}
		if n--; n != 0 {
			return nil
		}
		return act()
	}
}

// once makes act happen before the next call of op.
func (p *probe) once(op string, act func() error) { p.before = at(op, 1, act) }

// fail makes the next call of op fail: its reply is lost if it was applied.
func (p *probe) fail(op string, applied bool) { p.failAt(op, 1, applied) }

// failAt makes the nth call of op fail.
func (p *probe) failAt(op string, n int, applied bool) {
	hook := at(op, n, func() error { return errDown })
	if applied {
		p.after = hook
	} else {
		p.before = hook
	}
}

// always makes every call of op fail.
func (p *probe) always(op string, err error) {
	p.before = func(called string) error {
		if called == op {
			return err
		}
		return nil
	}
}

// aside calls f without the probe's hooks.
func (p *probe) aside(f func()) {
	before, after := p.before, p.after
	p.before, p.after = nil, nil
	defer func() { p.before, p.after = before, after }()
	f()
}

// calls returns the calls since it was last asked.
func (p *probe) calls() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ops := strings.Join(p.ops, " ")
	p.ops = nil
	return ops
}

func (p *probe) Load(ctx context.Context, id session.ID) (rec session.Record[state], err error) {
	err = p.call("Load", func() error { rec, err = p.Store.Load(ctx, id); return err })
	if err != nil {
		return session.Record[state]{}, err
	}
	return rec, nil
}

func (p *probe) Save(ctx context.Context, rec *session.Record[state]) error {
	written := *rec
	err := p.call("Save", func() error { return p.Store.Save(ctx, &written) })
	if err == nil {
		*rec = written
	}
	return err
}

func (p *probe) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return p.call("Touch", func() error { return p.Store.Touch(ctx, id, rev, expires) })
}

func (p *probe) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return p.call("Delete", func() error { return p.Store.Delete(ctx, id, rev) })
}

func (p *probe) Exists(ctx context.Context, id session.ID) (ok bool, err error) {
	err = p.call("Exists", func() error { ok, err = p.Store.Exists(ctx, id); return err })
	return ok, err
}

// stored returns the token of a session that holds v.
func stored(t testing.TB, store session.Store[state], v state) session.Token {
	t.Helper()
	return storedWith(t, store, nil, v)
}

func storedWith(t testing.TB, store session.Store[state], p *session.Policy, v state) session.Token {
	t.Helper()
	s := session.New(store, p)
	s.Set(v)
	commit(t, s)
	token, ok := s.Token()
	if !ok {
		t.Fatal("a stored session has no token")
	}
	return token
}

func load(t testing.TB, store session.Store[state], token session.Token) *session.Session[state] {
	t.Helper()
	return loadWith(t, store, nil, token)
}

func loadWith(t testing.TB, store session.Store[state], p *session.Policy, token session.Token) *session.Session[state] {
	t.Helper()
	s, err := session.Load(t.Context(), store, p, token, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func commit(t testing.TB, s *session.Session[state]) {
	t.Helper()
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// visit is a whole request: it returns its session and the error of its commit.
func visit(t testing.TB, store session.Store[state], token session.Token, acts ...request) (*session.Session[state], error) {
	t.Helper()
	return visitWith(t, store, nil, token, acts...)
}

func visitWith(t testing.TB, store session.Store[state], p *session.Policy, token session.Token, acts ...request) (*session.Session[state], error) {
	t.Helper()
	s := loadWith(t, store, p, token)
	both(acts...)(s)
	return s, s.Commit(t.Context())
}

// must is visit for a request that has to succeed. It returns the client's token after
// it.
func must(t testing.TB, store session.Store[state], token session.Token, acts ...request) session.Token {
	t.Helper()
	return mustWith(t, store, nil, token, acts...)
}

func mustWith(t testing.TB, store session.Store[state], p *session.Policy, token session.Token, acts ...request) session.Token {
	t.Helper()
	s, err := visitWith(t, store, p, token, acts...)
	if err != nil {
		t.Fatal(err)
	}
	return tokenOf(s)
}

func tokenOf(s *session.Session[state]) session.Token {
	token, _ := s.Token()
	return token
}

// meanwhile makes another request change the session before each of the first n calls
// of op.
func meanwhile(t *testing.T, store *probe, token session.Token, op string, n int, change func(*state)) {
	store.before = func(called string) error {
		if called != op || n == 0 {
			return nil
		}
		n--
		store.aside(func() {
			must(t, store, token, func(s *session.Session[state]) { s.Update(change) })
		})
		return nil
	}
}

// record returns what the store has of a session.
func record(t testing.TB, p *probe, id session.ID) session.Record[state] {
	t.Helper()
	rec, err := p.Store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// value returns what the token gives access to.
func value(t testing.TB, store session.Store[state], token session.Token) state {
	t.Helper()
	return load(t, store, token).Value()
}

// live returns how many sessions the store has.
func live(t testing.TB, p *probe) (count int) {
	t.Helper()
	for _, err := range p.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	return count
}

// standing returns what a token is worth: accepted, gone or unknown.
func standing(t testing.TB, store session.Store[state], token session.Token) string {
	t.Helper()
	switch s := load(t, store, token); {
	case s.Gone():
		return "gone"
	case s.IsNew():
		return "unknown"
	}
	return "accepted"
}

// panics returns the value that f panics with, or nil.
func panics(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}
