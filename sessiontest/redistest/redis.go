// Package redistest runs a Redis server inside a test.
package redistest

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// New returns a client of a Redis server that runs inside the test (miniredis),
// is empty, and is gone with the test. It stands in for a real server's answers,
// not for its speed or its ways to fail.
func New(tb testing.TB) *redis.Client {
	tb.Helper()
	server := miniredis.RunT(tb)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	tb.Cleanup(func() { client.Close() })
	if err := client.Ping(tb.Context()).Err(); err != nil {
		tb.Fatalf("redistest: miniredis: %v", err)
	}
	return client
}
