package redisserver_test

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
)

func TestServer(t *testing.T) {
	s := redisserver.Start(t, "--maxmemory", "64mb")
	client := s.Client(t)
	if got, err := client.ConfigGet(t.Context(), "maxmemory").Result(); err != nil || got["maxmemory"] != "67108864" {
		t.Errorf("arguments do not reach the server: %v, error %v", got, err)
	}
	o, err := redis.ParseURL(s.URL())
	if err != nil || o.Addr != s.Addr() || !strings.HasPrefix(s.Addr(), "127.0.0.1:") {
		t.Errorf("URL %s, address %s, error %v", s.URL(), s.Addr(), err)
	}
	if want := redisserver.Options(s.Addr()); o.DialTimeout != want.DialTimeout || o.ReadTimeout != want.ReadTimeout ||
		o.WriteTimeout != want.WriteTimeout || o.PoolTimeout != want.PoolTimeout || want.ReadTimeout < 30*time.Second {
		t.Errorf("URL %s waits for %v, %v, %v and %v", s.URL(), o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout)
	}
	other := redisserver.Start(t)
	if other.Addr() == s.Addr() {
		t.Error("two servers have one address")
	}
	if err := other.Client(t).Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Exists(t.Context(), "key").Result(); err != nil || n != 0 {
		t.Errorf("servers share data: %d, error %v", n, err)
	}
}

func TestPause(t *testing.T) {
	s := redisserver.Start(t)
	client := s.Client(t)
	if err := s.Pause(); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Error("a paused server answers")
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("after Resume: %v", err)
	}
}

func TestEnd(t *testing.T) {
	for name, end := range map[string]func(*redisserver.Server){
		"Stop":              (*redisserver.Server).Stop,
		"Kill":              (*redisserver.Server).Kill,
		"Stop, then Kill":   func(s *redisserver.Server) { s.Stop(); s.Kill() },
		"Kill while paused": func(s *redisserver.Server) { s.Pause(); s.Kill() },
	} {
		s := redisserver.Start(t)
		end(s)
		if conn, err := net.Dial("tcp", s.Addr()); err == nil {
			conn.Close()
			t.Errorf("%s: the server still listens", name)
		}
	}
}

// The server ends with its test.
func TestCleanup(t *testing.T) {
	var s *redisserver.Server
	t.Run("inner", func(t *testing.T) { s = redisserver.Start(t) })
	if s == nil {
		t.Skip("no server")
	}
	if conn, err := net.Dial("tcp", s.Addr()); err == nil {
		conn.Close()
		t.Error("the server outlives its test")
	}
}

// A recorder notes how a test ended.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Skip(...any)           { r.skipped = true; panic(r) }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic(r) }

func (r *recorder) start() {
	defer func() { recover() }()
	redisserver.Start(r)
}

func TestMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if path, err := exec.LookPath("redis-server"); err == nil {
		t.Skipf("found all the same: %s", path)
	}
	t.Setenv("SESSIONS_REQUIRE_REDIS", "")
	r := &recorder{TB: t}
	if r.start(); !r.skipped || r.failed {
		t.Errorf("without redis-server: skipped %v, failed %v", r.skipped, r.failed)
	}
	t.Setenv("SESSIONS_REQUIRE_REDIS", "1")
	r = &recorder{TB: t}
	if r.start(); r.skipped || !r.failed {
		t.Errorf("with SESSIONS_REQUIRE_REDIS=1: skipped %v, failed %v", r.skipped, r.failed)
	}
}
