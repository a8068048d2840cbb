package storetest

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A suite is one run of the rules.
type suite struct {
	new     func(*testing.T) session.Store[Profile]
	options *Options
	hung    atomic.Pointer[rule] // under which a call of the store did not return
}

// try tries a rule on a store. The rule has a goroutine of its own, so that the test
// can end when a call of the store does not return.
func (s *suite) try(t *testing.T, r *rule) {
	if h := s.hung.Load(); h != nil {
		t.Skipf("a call of the store hangs: see the rule %s", h.name)
	}
	v := &verdict{rule: r}
	timer := time.AfterFunc(patience, func() { v.over.Store(true) }) // by the real clock
	defer timer.Stop()
	var store session.Store[Profile]
	if !s.options.Bubble {
		store = s.new(t)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !s.options.Bubble {
			s.check(t, store, v)
			return
		}
		defer v.deadlock(t)
		synctest.Test(t, func(t *testing.T) { s.check(t, s.new(t), v) })
	}()
	limit := s.options.callTimeout()
	if method, ok := v.calls.await(done, limit); !ok {
		s.hung.CompareAndSwap(nil, r)
		v.abandon(t, method, limit)
	}
}

func (s *suite) check(t *testing.T, store session.Store[Profile], v *verdict) {
	tr := &trial{helper: t, test: t, verdict: v, own: store, store: guarded{store, &v.calls}, options: s.options}
	defer tr.panicked()
	if v.rule.needs == nil || v.rule.needs(tr) {
		tr.inTime(v.rule.try)
	}
}

// A verdict is what becomes known of a store under one rule.
type verdict struct {
	rule  *rule
	calls calls
	over  atomic.Bool // set when the rule has taken long enough

	mu        sync.Mutex // held while a failure is reported
	abandoned bool       // the test has ended without the rule
}

// fail reports a failure, quotes the rule and ends the goroutine. If the test has
// ended, it only does the latter.
func (v *verdict) fail(t *testing.T, format string, args ...any) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.abandoned {
		t.SkipNow()
	}
	t.Fatalf(format+"\nThe rule: %s", append(args, v.rule.explanation)...)
}

// abandon fails the test, because a call does not return.
func (v *verdict) abandon(t *testing.T, method string, limit time.Duration) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.abandoned = true
	t.Fatalf("%s has not returned for %v\nThe rule: %s\n\nCalls of stores under way:\n\n%s", method, limit, v.rule.explanation, stacks())
}

// deadlock reports that all goroutines of a bubble wait for each other.
func (v *verdict) deadlock(t *testing.T) {
	t.Helper()
	if p := recover(); p != nil {
		v.fail(t, "%v; under way: %v\n\n%s", p, &v.calls, stacks())
	}
}

// panicked reports a panic of the store.
func (t *trial) panicked() {
	t.Helper()
	if p := recover(); p != nil {
		t.fail(t.test, "the store panics: %v\n\n%s", p, debug.Stack())
	}
}
