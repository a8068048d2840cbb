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

var errDown = errors.New("the server is down")

// meanwhile makes another request change the session before each of the first n
// calls of op.
func meanwhile(t *testing.T, store *probe, token session.Token, op string, n int, change func(*state)) {
	store.before = func(called string) error {
		if called != op || n == 0 {
			return nil
		}
		n--
		before := store.before
		store.before = nil
		defer func() { store.before = before }()
		other := load(t, store, token)
		other.Update(change)
		commit(t, other)
		return nil
	}
}

type state struct {
	User  string
	Count int
	Notes []string
	Tags  map[string]string
	Next  *state
}

func (s state) SessionOwner() string { return s.User }

// A probe is a memory store that tells which calls it gets, and lets a test act
// before one of them or fail it.
type probe struct {
	*memstore.Store[state]
	before func(op string) error

	mu  sync.Mutex
	ops []string
}

func newProbe() *probe { return &probe{Store: memstore.New[state](nil)} }

func (p *probe) call(op string, do func() error) error {
	p.mu.Lock()
	p.ops = append(p.ops, op)
	before := p.before
	p.mu.Unlock()
	if before != nil {
		if err := before(op); err != nil {
			return err
		}
	}
	return do()
}

// once makes act happen before the first call of op from now on.
func (p *probe) once(op string, act func() error) {
	done := false
	p.before = func(called string) error {
		if done || called != op {
			return nil
		}
		done = true
		return act()
	}
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
	return rec, err
}

func (p *probe) Save(ctx context.Context, rec *session.Record[state]) error {
	return p.call("Save", func() error { return p.Store.Save(ctx, rec) })
}

func (p *probe) Touch(ctx context.Context, id session.ID, expires time.Time) error {
	return p.call("Touch", func() error { return p.Store.Touch(ctx, id, expires) })
}

func (p *probe) Retire(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
	return p.call("Retire", func() error { return p.Store.Retire(ctx, id, rev, successor, until) })
}

func (p *probe) Delete(ctx context.Context, id session.ID) error {
	return p.call("Delete", func() error { return p.Store.Delete(ctx, id) })
}

func (p *probe) Exists(ctx context.Context, id session.ID) (ok bool, err error) {
	err = p.call("Exists", func() error { ok, err = p.Store.Exists(ctx, id); return err })
	return ok, err
}

// stored returns the token of a session that holds v.
func stored(t testing.TB, store session.Store[state], v state) session.Token {
	t.Helper()
	s := session.New(store, nil)
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
	s, err := session.Load(t.Context(), store, p, token)
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

func increment(v *state) { v.Count++ }
