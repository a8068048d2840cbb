package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/redisserver"
)

// A Redis that has no memory left refuses what would need some, and says so.
// Sessions are read and ended as always.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t, "--maxmemory-policy", "noeviction").URL(), nil, nil)
	ctx := t.Context()
	anonymous, ada, eve := s.visitor(t), s.customer(t, "ada"), []string{s.customer(t, "eve"), s.customer(t, "eve")}
	must(t, s.client.ScriptFlush(ctx).Err()) // nor does a script that must be sent again need memory
	must(t, s.client.ConfigSet(ctx, "maxmemory", "1").Err())

	for _, cookie := range []string{"", anonymous, ada} {
		for _, target := range []string{"/add?item=lost", "/login?as=bob", "/renew"} {
			if cookie == "" && target == "/renew" {
				continue
			}
			if got := s.get(target, cookie); got.status != http.StatusServiceUnavailable || got.set != "" {
				t.Errorf("%s: %+v", target, got)
			}
			if cookie == "" {
				continue
			}
			if got := s.get("/read", cookie); got.status != http.StatusOK || got.body != "first" {
				t.Errorf("%s, then: %+v", target, got)
			}
		}
	}
	for _, cookie := range []string{anonymous, ada} {
		if got := s.get("/logout", cookie); got.status != http.StatusOK || !got.clears {
			t.Errorf("log-out: %+v", got)
		}
		if _, ok := s.value(t, cookie); ok {
			t.Error("after the log-out the session is there")
		}
	}
	must(t, s.Revoke(ctx, "eve", idOf(t, eve[0]), ""))
	if n, err := s.RevokeAll(ctx, "eve", ""); n != 1 || err != nil {
		t.Errorf("RevokeAll ended %d, error %v", n, err)
	}
	if left := s.stored(t); len(left) != 0 {
		t.Errorf("sessions are left: %v", left)
	}
}

// A script cache that is flushed between any two commands is not noticed.
func TestScriptsFlushed(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t).URL(), nil, nil)
	flushing, stop := context.WithCancel(t.Context())
	var flusher sync.WaitGroup
	const visitors, each, enough = 4, 10, 20
	var flushes atomic.Int64
	flusher.Go(func() {
		client := s.client
		for flushing.Err() == nil {
			if client.ScriptFlush(flushing).Err() == nil {
				flushes.Add(1)
			}
			time.Sleep(200 * time.Microsecond)
		}
	})
	cookie := s.visitor(t)
	var changes atomic.Int64
	var busy sync.WaitGroup
	for v := range visitors {
		busy.Go(func() {
			own := s.visitor(t)
			for i := 0; i < each || flushes.Load() < enough && !t.Failed(); i++ {
				changes.Add(1)
				if got := s.get(fmt.Sprintf("/add?item=%d-%d", v, i), cookie); got.status != http.StatusOK {
					t.Errorf("a change: %+v", got)
				}
			}
			for _, target := range []string{"/login?as=ada", "/renew", "/login?as=eve", "/logout"} {
				got := s.get(target, own)
				if got.status != http.StatusOK || got.set == "" {
					t.Errorf("%s: %+v", target, got)
				}
				own = got.set
			}
		})
	}
	busy.Wait()
	stop()
	flusher.Wait()
	if held, _ := s.value(t, cookie); int64(len(held.Items)) != 1+changes.Load() {
		t.Errorf("%d items, want %d", len(held.Items), 1+changes.Load())
	}
	if n := len(s.stored(t)); n != 1 {
		t.Errorf("%d sessions, want 1, after %d flushes", n, flushes.Load())
	}
}
