// Package redistest runs a Redis server inside a test.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// New returns a client of an empty Redis server that runs inside the test
// (miniredis). Both end with the test. The server behaves like Redis, except for its
// speed and its failures.
func New(tb testing.TB) *redis.Client {
	tb.Helper()
	client, stop, err := Start(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop() })
	return client
}

// Start is [New] for code without a test, such as TestMain and examples. The caller
// must call stop, which ends the client and the server.
func Start(ctx context.Context) (client *redis.Client, stop func() error, err error) {
	server, err := miniredis.Run()
	if err != nil {
		return nil, nil, fmt.Errorf("redistest: miniredis: %w", err)
	}
	// A busy machine may take seconds to answer.
	client = redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true,
		DialTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, PoolTimeout: time.Minute})
	stop = func() error {
		defer server.Close()
		return client.Close()
	}
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("redistest: miniredis: %w", err), stop())
	}
	return client, stop, nil
}
