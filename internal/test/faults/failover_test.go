package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// A load is visitors who go on changing and ending sessions, and note what they
// were told was done.
type load struct {
	s       *site
	stop    atomic.Bool
	done    sync.WaitGroup
	mu      sync.Mutex
	added   map[string][]string // by cookie: the items that were acknowledged
	ended   []string            // the cookies of the sessions that were
	refused int
	odd     []reply // neither done nor refused
}

// run keeps one visitor busy: mostly adding, now and then beginning and ending
// another session.
func (l *load) run(name, cookie string, others []string) {
	for i := 0; !l.stop.Load(); i++ {
		item := fmt.Sprintf("%s-%d", name, i)
		got := l.s.in(time.Second, "/add?item="+item, cookie)
		l.note(got, func() { l.added[cookie] = append(l.added[cookie], item) })
		if i%5 == 0 && len(others) > 0 {
			other := others[0]
			others = others[1:]
			got := l.s.in(time.Second, "/logout", other)
			l.note(got, func() { l.ended = append(l.ended, other) })
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// await waits until so many changes and ends were acknowledged, and refused.
func (l *load) await(t *testing.T, added, ended, refused int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		changes := 0
		for _, items := range l.added {
			changes += len(items)
		}
		enough := changes >= added && len(l.ended) >= ended && l.refused >= refused
		l.mu.Unlock()
		switch {
		case enough:
			return
		case time.Now().After(end):
			l.stop.Store(true)
			l.done.Wait()
			t.Fatalf("%d changes and %d ends were acknowledged, and %d refused", changes, len(l.ended), l.refused)
		}
	}
}

func (l *load) note(got reply, acknowledged func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch got.status {
	case http.StatusOK:
		acknowledged()
	case http.StatusServiceUnavailable:
		l.refused++
		if got.set != "" {
			l.odd = append(l.odd, got)
		}
	default:
		l.odd = append(l.odd, got)
	}
}

// When the primary dies under load, everything that was acknowledged is on the
// one that takes its place, once, and everything else was refused.
func TestFailover(t *testing.T) {
	t.Parallel()
	servers := redisserver.StartReplicated(t)
	careful := newSite(t, servers.URL(), nil, &redisstore.Options{ReplicaAcks: 1})
	before := newSite(t, servers.URL(), nil, nil) // one that is content without a replica
	l := &load{s: careful, added: map[string][]string{}}
	for i := range 8 {
		cookie, others := before.visitor(t), []string(nil)
		for range 40 {
			others = append(others, before.visitor(t))
		}
		l.done.Go(func() { l.run(fmt.Sprint("visitor", i), cookie, others) })
	}
	l.await(t, 100, 10, 0)
	start := time.Now()
	servers.Failover(t)
	took := time.Since(start)
	l.await(t, 100, 10, 10)
	l.stop.Store(true)
	l.done.Wait()

	after := newSite(t, servers.URL(), nil, nil)
	acknowledged := 0
	for cookie, items := range l.added {
		held, ok := after.value(t, cookie)
		if !ok {
			t.Errorf("a session is lost, with %v", items)
		}
		for _, item := range items {
			if !slices.Contains(held.Items, item) {
				t.Errorf("%s was acknowledged and is lost", item)
			}
		}
		slices.Sort(held.Items)
		if len(slices.Compact(slices.Clone(held.Items))) != len(held.Items) {
			t.Errorf("something was done twice: %v", held.Items)
		}
		acknowledged += len(items)
	}
	for _, cookie := range l.ended {
		if _, ok := after.value(t, cookie); ok {
			t.Error("a session is back whose end was acknowledged")
		}
	}
	if len(l.odd) > 0 {
		t.Errorf("neither done nor refused: %+v", l.odd)
	}
	t.Logf("failover in %v; %d changes and %d ends acknowledged, none lost; %d refused", took, acknowledged, len(l.ended), l.refused)

	cookie := after.visitor(t)
	if got := after.get("/add?item=second", cookie); got.status != http.StatusOK || got.body != "first second" {
		t.Errorf("after the failover: %+v", got)
	}
	// With nothing to replicate to, what asks for it goes on being refused: first
	// because the client has not noticed yet, then because nothing confirms it.
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got := careful.in(time.Second, "/add?item=refused", cookie)
		if got.status != http.StatusServiceUnavailable || got.set != "" {
			t.Errorf("without a replica: %+v", got)
		}
		if err := careful.failure(); strings.Contains(err.Error(), "too few replicas confirmed") {
			break
		} else if time.Now().After(end) {
			t.Fatalf("without a replica: error %v", err)
		}
	}
}

// A replica that is taken for the primary serves reads, and never says that
// something was done.
func TestReadOnlyReplica(t *testing.T) {
	t.Parallel()
	primary := redisserver.Start(t)
	s := newSite(t, primary.URL(), nil, nil)
	cookies := map[string]string{}
	targets := []string{"/add?item=lost", "/login?as=ada", "/renew", "/logout"}
	for _, target := range targets {
		cookies[target] = s.visitor(t)
	}
	old := aged(t, s)
	must(t, s.client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	for _, target := range targets {
		cookie := cookies[target]
		if got := s.get(target, cookie); got.status != http.StatusServiceUnavailable || got.set != "" {
			t.Errorf("%s: %+v", target, got)
		}
		if got := s.get("/read", cookie); got.status != http.StatusOK || got.body != "first" {
			t.Errorf("%s, then: %+v", target, got)
		}
	}
	if got := s.get("/add?item=lost", ""); got.status != http.StatusServiceUnavailable || got.set != "" {
		t.Errorf("a new visitor: %+v", got)
	}
	if got := s.get("/read", old); got.status != http.StatusOK || got.body != "first" { // its end cannot be moved
		t.Errorf("a session not used for a while: %+v", got)
	}
	for id := range s.stored(t) {
		if err := s.store.Delete(t.Context(), id, 0); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("Delete: error %v", err)
		}
	}
}
