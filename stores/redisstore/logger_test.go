package redisstore_test

import (
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/stores/redisstore"
)

func ExampleLogTo() {
	redisstore.LogTo(slog.Default())
}

// go-redis logs when a pool's connection cannot be made.
func TestLogTo(t *testing.T) {
	var out synced
	redisstore.LogTo(slog.New(slog.NewTextHandler(&out, nil)))
	t.Cleanup(func() { redisstore.LogTo(nil) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()
	sentinel := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{closed}, MaxRetries: -1})
	defer sentinel.Close()
	if err := sentinel.Ping(t.Context()).Err(); err == nil {
		t.Fatal("a closed port answers")
	}
	if got := out.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "source=go-redis") {
		t.Errorf("logged %q", got)
	}
}

// synced is written by goroutines of the client.
type synced struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *synced) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *synced) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
