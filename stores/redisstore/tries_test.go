package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// A deaf line passes on commands. Once armed, it counts the reads of records, and hangs
// up on each.
type deafLine struct {
	armed atomic.Bool
	reads atomic.Int64
}

type deafConn struct {
	net.Conn
	line *deafLine
	deaf atomic.Bool
}

func (l *deafLine) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &deafConn{Conn: conn, line: l}, nil
}

func (c *deafConn) Write(p []byte) (int, error) {
	command := bytes.ToLower(p)
	if c.line.armed.Load() && (bytes.Contains(command, []byte("\r\nget\r\n")) || bytes.Contains(command, []byte("\r\ngetrange\r\n"))) {
		c.line.reads.Add(1)
		c.deaf.Store(true)
		defer c.Conn.Close()
	}
	return c.Conn.Write(p)
}

func (c *deafConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.deaf.Load() {
		return 0, io.EOF
	}
	return n, err
}

// A read is tried as often as the client's options say, whichever way it takes.
func TestHowOftenAReadIsTried(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	line := new(deafLine)
	o := redisserver.Options(server.Addr())
	o.Dialer, o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = line.dial, 2, time.Millisecond, time.Millisecond
	clustered := &redis.ClusterOptions{
		ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			return []redis.ClusterSlot{{Start: 0, End: 16383, Nodes: []redis.ClusterNode{{Addr: server.Addr()}}}}, nil
		},
		Dialer: line.dial, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: time.Millisecond,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, PoolTimeout: o.PoolTimeout, ContextTimeoutEnabled: true,
	}
	cluster := redis.NewClusterClient(clustered)
	t.Cleanup(func() { cluster.Close() })
	single, near := clientOf(t, o), nearStore(t, clientOf(t, o), redisstore.NearCache{MaxStale: 2 * time.Second})
	rec := saved(t, near, "anna")
	open := func(s store) error { _, _, err := s.Open(t.Context(), rec.ID, anyone); return err }
	load := func(s store) error { _, err := s.Load(t.Context(), rec.ID); return err }
	exists := func(s store) error { _, err := s.Exists(t.Context(), rec.ID); return err }
	for name, test := range map[string]struct {
		s    store
		call func(store) error
		want int64
	}{
		"Load":               {newStore(t, single), load, 3},
		"Exists":             {newStore(t, single), exists, 3},
		"Open":               {newStore(t, single), open, 3},
		"Load, cluster":      {newStore(t, cluster), load, 4},
		"Open, near cache":   {near, open, 3},
		"Load, near cache":   {near, load, 3},
		"Exists, near cache": {near, exists, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if test.s == near {
				warm(t, near, rec)
				must(t, newStore(t, server.Client(t)).Save(t.Context(), &rec)) // so that there is no copy
				eventually(t, "the copy is gone", func() bool { return !near.Cached(rec.ID) })
			}
			line.reads.Store(0)
			line.armed.Store(true)
			defer line.armed.Store(false)
			if err := test.call(test.s); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got error %v", err)
			}
			if n := line.reads.Load(); n != test.want {
				t.Errorf("it was tried %d times, want %d", n, test.want)
			}
		})
	}
}
