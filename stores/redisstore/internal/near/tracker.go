package near

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout            = 2 * time.Second
	answerTimeout          = 2 * time.Second // after which a connection that is silent is given up
	minBackoff, maxBackoff = 50 * time.Millisecond, 5 * time.Second
)

// A Listener learns from a [Tracker] which keys change. Its methods are called one
// after the other.
type Listener interface {
	Started()           // changes are told from now on
	Changed(key string) // key has changed, expired or gone
	ChangedAll()        // any key may have
	Lost()              // changes are not told any more
}

// A Tracker tells a [Listener] which keys of a client's server change. It has a
// connection of its own, which it makes again when it is lost.
type Tracker struct {
	client   *redis.Client
	prefix   string
	maxStale time.Duration
	listener Listener
	log      *slog.Logger

	began   time.Time
	trusted atomic.Int64         // until when, after began, all changes but the latest are known
	conn    atomic.Pointer[conn] // nil while there is none
	stop    context.CancelFunc
	over    sync.WaitGroup
}

// Start starts a tracker of the keys with a prefix. It runs until it or the client
// is closed.
func Start(client *redis.Client, prefix string, maxStale time.Duration, l Listener, log *slog.Logger) *Tracker {
	ctx, stop := context.WithCancel(context.Background())
	t := &Tracker{client: client, prefix: prefix, maxStale: maxStale, listener: l, log: log, began: time.Now(), stop: stop}
	t.over.Go(func() { t.run(ctx) })
	return t
}

// Close ends the tracker and waits until it has ended. Calling it again does nothing.
func (t *Tracker) Close() {
	t.stop()
	t.over.Wait()
}

// Trusted reports whether all changes are known but those of the last moment, which
// is shorter than the tracker's bound.
func (t *Tracker) Trusted(now time.Time) bool {
	return int64(now.Sub(t.began)) < t.trusted.Load()
}

// Ask asks for the beginning of a key's string. Then is called in order with the
// listener's methods. Ask reports whether it will be, or the connection be lost.
func (t *Tracker) Ask(key string, bytes int, then func(head string)) bool {
	c := t.conn.Load()
	return c != nil && c.send(func(v value) {
		if v.kind != '$' {
			v.text = ""
		}
		then(v.text)
	}, "GETRANGE", key, "0", fmt.Sprint(bytes-1))
}

// run tracks until ctx ends. It warns once each time that tracking ends.
func (t *Tracker) run(ctx context.Context) {
	warned, failures := false, 0
	for ctx.Err() == nil {
		worked, err := t.track(ctx)
		if errors.Is(err, redis.ErrClosed) {
			return
		}
		if worked {
			warned, failures = false, 0
		}
		if !warned && ctx.Err() == nil {
			t.log.Warn("redisstore: the near cache is off until Redis tells again which sessions change; "+
				"sessions are read from Redis meanwhile", "error", err)
			warned = true
		}
		backoff := min(minBackoff<<min(failures, 10), maxBackoff)
		failures++
		select {
		case <-ctx.Done():
		case <-time.After(backoff/2 + rand.N(backoff)):
		}
	}
}

// track makes a connection and tracks until it is lost. It reports whether
// tracking began.
func (t *Tracker) track(ctx context.Context) (worked bool, err error) {
	raw, hangUp, err := t.dial(ctx)
	if err != nil {
		return false, err
	}
	defer hangUp()
	c := newConn(raw, t.push)
	defer context.AfterFunc(ctx, c.close)()
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer c.close()
	helpers.Go(c.write)
	var failed error // of helpers
	helpers.Go(func() {
		defer c.close()
		failed = t.watch(ctx, c, &worked)
	})
	err = c.read()
	c.close()
	helpers.Wait()
	t.trusted.Store(0)
	t.conn.Store(nil)
	if worked {
		t.listener.Lost()
	}
	if failed != nil && !errors.Is(failed, net.ErrClosed) {
		err = failed
	}
	return worked, err
}

// dial makes a connection to the client's server. The client's own options do the
// handshake.
func (t *Tracker) dial(ctx context.Context) (raw net.Conn, hangUp func(), err error) {
	o := *t.client.Options()
	dial := o.Dialer
	var made atomic.Pointer[net.Conn] // the pool goes on dialling for a while after a failure
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		made.Store(&c)
		return c, err
	}
	o.Protocol = 3
	o.PoolSize, o.MinIdleConns, o.MaxRetries, o.DialerRetries = 1, 0, -1, 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, answerTimeout, writeTimeout
	o.ContextTimeoutEnabled, o.Limiter, o.ClientSideCacheConfig = true, nil, nil
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	client := redis.NewClient(&o)
	only := client.Conn()
	hangUp = func() {
		only.Close()
		client.Close()
	}
	if err := only.Ping(ctx).Err(); err != nil {
		hangUp()
		return nil, nil, err
	}
	return *made.Load(), hangUp, nil
}

// watch turns tracking on and then finds out time and again whether it works. It
// returns why the connection is no good.
func (t *Tracker) watch(ctx context.Context, c *conn, worked *bool) error {
	server, err := t.begin(c, worked)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(t.maxStale / 4)
	defer ticker.Stop()
	for {
		if err := t.beat(ctx, c, server); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-c.done:
			return net.ErrClosed
		}
	}
}

// begin turns tracking on. It returns the name of the server's process.
func (t *Tracker) begin(c *conn, worked *bool) (server string, err error) {
	defer time.AfterFunc(answerTimeout, c.close).Stop()
	if v, err := c.do("HELLO", "3"); err != nil || v.kind != '%' {
		return "", errors.Join(errProtocol, err)
	}
	info, err := c.do("INFO", "server")
	if err != nil {
		return "", err
	}
	if server = field(info.text, "run_id"); server == "" {
		return "", errors.New("near: INFO does not name the server's process")
	}
	if _, err := c.do("PTTL", t.prefix); err != nil { // which every copy needs
		return "", err
	}
	on := make(chan error, 1)
	if !c.send(func(v value) { // before what follows is read
		if v.err() == nil {
			t.listener.Started()
			*worked = true
			t.conn.Store(c)
		}
		on <- v.err()
	}, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", t.prefix) {
		return "", net.ErrClosed
	}
	select {
	case err = <-on:
	case <-c.done:
		err = net.ErrClosed
	}
	return server, err
}

// errMoved says that the client has gone on to another server, as after a failover.
var errMoved = errors.New("near: the client's server is another one now")

// beat finds out whether the connection still tells all changes of the server that
// the client reads from. Redis tells a change before it answers a later PING.
func (t *Tracker) beat(ctx context.Context, c *conn, server string) error {
	at := time.Since(t.began)
	ponged := make(chan bool)
	if !c.send(func(v value) { close(ponged) }, "PING") {
		return net.ErrClosed
	}
	asked := make(chan error, 1)
	go func() { asked <- t.sameServer(ctx, server) }()
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	select {
	case <-ponged:
	case <-timer.C:
		return fmt.Errorf("near: no answer within %v", answerTimeout)
	case <-c.done:
		return net.ErrClosed
	}
	select {
	case err := <-asked:
		if err == nil {
			t.trusted.Store(int64(at + t.maxStale))
		}
		if errors.Is(err, errMoved) || errors.Is(err, redis.ErrClosed) {
			return err
		}
		return nil // the server may answer the next time
	case <-c.done:
		return net.ErrClosed
	}
}

// sameServer reports whether the client's commands reach the given server.
func (t *Tracker) sameServer(ctx context.Context, server string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	info, err := t.client.Info(ctx, "server").Result()
	if err == nil && field(info, "run_id") != server {
		err = errMoved
	}
	return err
}

// push passes on a message that Redis pushes: the keys that have changed, or none if
// all have.
func (t *Tracker) push(v value) {
	if len(v.items) != 2 || !strings.EqualFold(v.items[0].text, "invalidate") {
		return
	}
	if v.items[1].kind == '_' {
		t.listener.ChangedAll()
		return
	}
	for _, key := range v.items[1].items {
		t.listener.Changed(key.text)
	}
}
