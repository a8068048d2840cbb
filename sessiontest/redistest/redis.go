// Package redistest runs a Redis server inside a test.
package redistest

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// New returns a client of an empty Redis server that runs inside the test
// (miniredis). Both end with the test. The server behaves like Redis, except for its
// speed and its failures.
func New(tb testing.TB) *redis.Client {
	tb.Helper()
	server := miniredis.RunT(tb)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	tb.Cleanup(func() { client.Close() })
	if err := client.Ping(tb.Context()).Err(); err != nil {
		tb.Fatalf("redistest: miniredis: %v", err)
	}
	return client
}
