package near

import (
	"context"
	crand "crypto/rand"
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
	answerTimeout          = time.Second // after which a connection that is silent is given up
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

// A Tracker tells a [Listener] which keys change that were read on its connection to
// a client's server. It makes the connection again when it is lost.
type Tracker struct {
	client   *redis.Client
	prefix   string
	maxStale time.Duration
	listener Listener
	log      *slog.Logger

	began   time.Time
	trusted atomic.Int64         // until when, after began, all changes but the latest are known
	conn    atomic.Pointer[conn] // nil while there is none
	proof   proof
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

// Trusted reports whether all changes are known, except for changes of the last moment,
// which is shorter than the tracker's bound.
func (t *Tracker) Trusted(now time.Time) bool {
	return int64(now.Sub(t.began)) < t.trusted.Load()
}

// Ready reports whether the connection is known to work, and answers: a command that
// is sent has its reply soon.
func (t *Tracker) Ready() bool {
	c := t.conn.Load()
	return c != nil && !c.hangs()
}

// Send sends commands. It reports whether the Then of each will be called, in order
// with the listener's methods.
func (t *Tracker) Send(cmds ...Command) bool {
	c := t.conn.Load()
	return c != nil && c.send(cmds...) == nil
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
	if failed != nil && !errors.Is(failed, net.ErrClosed) && !errors.Is(failed, ErrLost) && !errors.Is(failed, ErrUnsent) {
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
	raw = *made.Load()
	return raw, hangUp, raw.SetDeadline(time.Time{})
}

// watch turns tracking on and then finds out time and again whether it works. It returns
// why the connection cannot be used.
func (t *Tracker) watch(ctx context.Context, c *conn, worked *bool) error {
	server, err := t.begin(ctx, c, worked)
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
func (t *Tracker) begin(ctx context.Context, c *conn, worked *bool) (server string, err error) {
	defer time.AfterFunc(answerTimeout, c.close).Stop()
	if v, err := c.do("HELLO", "3"); err != nil || v.Kind != '%' {
		return "", errors.Join(errProtocol, err)
	}
	info, err := c.do("INFO", "server")
	if err != nil {
		return "", err
	}
	if server = field(info.Text, "run_id"); server == "" {
		return "", errors.New("near: INFO does not name the server's process")
	}
	if _, err := c.do("PTTL", t.prefix); err != nil { // which every copy needs
		return "", err
	}
	if _, err := c.do("CLIENT", "TRACKING", "ON", "NOLOOP"); err != nil {
		return "", err
	}
	if err := t.prove(ctx, c); err != nil {
		return "", err
	}
	*worked = true
	t.conn.Store(c)
	t.listener.Started()
	return server, nil
}

// A proof is a key that is changed to see whether the server tells.
type proof struct {
	key  string
	told bool
}

// probe is a script that writes and reads as the store's own scripts do.
const probe = "redis.call('SET', KEYS[1], '', 'PX', 10000) return redis.call('EXISTS', KEYS[1])"

// prove finds out whether the server tells of a change to a key that a script wrote
// and read. Some servers that speak the protocol do not.
func (t *Tracker) prove(ctx context.Context, c *conn) error {
	t.proof = proof{key: t.prefix + "near:" + crand.Text()}
	if _, err := c.do("EVAL", probe, "1", t.proof.key); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := t.client.Del(ctx, t.proof.key).Err(); err != nil {
		return err
	}
	if _, err := c.do("PING"); err != nil { // the change is told before
		return err
	}
	if !t.proof.told {
		return errors.New("near: the server does not tell of changes to keys that a script has read")
	}
	return nil
}

// errMoved says that the client has gone on to another server, for example after a
// failover.
var errMoved = errors.New("near: the client's server is another one now")

// beat finds out whether the connection still tells all changes of the server that
// the client reads from. Redis tells a change before it answers a later PING.
func (t *Tracker) beat(ctx context.Context, c *conn, server string) error {
	at := time.Since(t.began)
	ponged := make(chan error, 1)
	switch err := c.send(Command{func(_ Reply, err error) { ponged <- err }, []any{"PING"}}); {
	case errors.Is(err, errBusy):
		return nil // the next time
	case err != nil:
		return err
	}
	asked := make(chan error, 1)
	go func() { asked <- t.sameServer(ctx, server) }()
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	select {
	case err := <-ponged:
		if err != nil {
			return err
		}
	case <-timer.C:
		return fmt.Errorf("near: no answer within %v", answerTimeout)
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
func (t *Tracker) push(v Reply) {
	if len(v.Items) != 2 || !strings.EqualFold(v.Items[0].Text, "invalidate") {
		return
	}
	if v.Items[1].Kind == '_' {
		t.listener.ChangedAll()
		return
	}
	for _, key := range v.Items[1].Items {
		t.proof.told = t.proof.told || key.Text == t.proof.key
		t.listener.Changed(key.Text)
	}
}
