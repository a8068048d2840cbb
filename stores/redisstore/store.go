package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// DefaultMaxRecordBytes is the limit of a record's size unless [Options] has another.
const DefaultMaxRecordBytes = 1 << 20

// Options change how a [Store] works. The zero Options is the default.
type Options struct {
	// MaxRecordBytes is how large a stored record may be, its owner and the
	// encoding's overhead included. A larger one is neither written nor decoded.
	// Zero means [DefaultMaxRecordBytes].
	MaxRecordBytes int

	// ReplicaAcks is how many replicas must have a write before Save and Delete return.
	// Such a write survives a failover to one of these replicas. If fewer confirm it in
	// time the error is [session.ErrUnavailable], although the primary has the write: see
	// the package's doc. Zero means that no replica is waited for. It needs a
	// *redis.Client, also one for Sentinel, or a *redis.ClusterClient.
	ReplicaAcks int

	// ReplicaTimeout is how long to wait for them at most, which must be less
	// than the client waits for a reply. The context's deadline holds too. Zero
	// means [DefaultReplicaTimeout].
	ReplicaTimeout time.Duration

	// NearCache keeps records in the process, so that most reads cost no command. It
	// needs a *redis.Client, of one server or of Sentinel, and Redis 6 or later. With it,
	// [Store.Close] must be called. The zero NearCache means none.
	NearCache NearCache

	// Logger gets the warnings about the client that an operator should read. Nil means
	// [slog.Default].
	Logger *slog.Logger
}

// A Store is a [session.Store] in Redis, and a [session.Indexer], [session.Outliner],
// [session.Lister], [session.Poller] and [session.Opener] too. With a [NearCache] it is a
// [session.Watcher] that tells of all changes. T is the type of the sessions' values. Its
// methods are safe for concurrent use.
//
// A Store must be made by [New] or [Open].
type Store[T any] struct {
	keyspace
	codec    codec.Codec[T]
	limit    int        // of a record's bytes
	owned    io.Closer  // the client, if the store made it
	near     *nearby[T] // nil without a near cache
	watchers watchers.List[session.ID]
	done     atomic.Bool // closed
}

// New returns a store that keeps its sessions under the namespace's keys. Two
// stores that share a server need different namespaces, unless they are to
// share the sessions. Nil options are the default.
//
// The client stays the caller's: New sends nothing, except for a [NearCache], and
// [Store.Close] does not close it. The error joins all mistakes in the arguments and, if
// the codec can tell, in T.
func New[T any](client redis.Cmdable, namespace string, c codec.Codec[T], o *Options) (*Store[T], error) {
	if o == nil {
		o = new(Options)
	}
	if err := errors.Join(checkClient(client), checkNamespace(namespace), checkCodec(c), o.check(client)); err != nil {
		return nil, err
	}
	s := &Store[T]{
		keyspace: keyspace{
			client:    client.(processor),
			prefix:    namespace + ":",
			acks:      o.acks(),
			patient:   patient(client),
			combiners: newCombiners(client.(processor)),
			size:      new(atomic.Int64),
		},
		codec: c,
		limit: o.MaxRecordBytes,
	}
	if s.limit == 0 {
		s.limit = DefaultMaxRecordBytes
	}
	s.size.Store(512)
	s.near = startNear[T](o, client, s.prefix, &s.watchers)
	if !keepsDeadlines(client) {
		o.logger().Warn("redisstore: the Redis client ignores the deadlines of contexts, so that a request can wait "+
			"longer for its session than it should; set ContextTimeoutEnabled, or use redisstore.NewClient",
			"namespace", namespace)
	}
	return s, nil
}

// Open connects to the server at the URL, which is as for [NewClient], and makes a
// store that [Store.Close] disconnects. A query parameter near_cache is the number of
// records that a [NearCache] keeps, and has the last word. If the server does not
// answer, the error is [session.ErrUnavailable]. No error shows the URL's password.
func Open[T any](ctx context.Context, url, namespace string, c codec.Codec[T], o *Options) (*Store[T], error) {
	url, o, err := nearOf(url, o)
	if err != nil {
		return nil, err
	}
	client, err := NewClient(url)
	if err != nil {
		return nil, err
	}
	s, err := New(client, namespace, c, o)
	if err != nil {
		client.Close()
		return nil, err
	}
	s.owned = client
	err = unavailable(explain(client.Ping(ctx).Err(), url))
	if err == nil {
		err = s.Check(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// explain adds a likely cause to the error of the first command. A server without
// TLS does not answer a TLS handshake, or not with TLS. A server that refuses a password
// or shows a bad certificate does.
func explain(err error, url string) error {
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	timeout, ok := errors.AsType[net.Error](err)
	silent := errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
	_, dialled := errors.AsType[*net.OpError](err)
	if !plain && (!silent || dialled) || !strings.HasPrefix(strings.ToLower(url), "rediss") {
		return err
	}
	return fmt.Errorf("%w (if the server does not use TLS on this port, use redis instead of rediss)", err)
}

// Close ends the near cache, if there is one, and closes the client if the store
// made it, as [Open] does. Calling it again does nothing.
func (s *Store[T]) Close() error {
	if s.done.Swap(true) {
		return nil
	}
	if s.near != nil {
		s.near.tracker.Close()
	}
	if s.owned == nil {
		return nil
	}
	return s.owned.Close()
}

func (o *Options) check(client redis.Cmdable) error {
	var err error
	if o.MaxRecordBytes < 0 {
		err = fmt.Errorf("redisstore: MaxRecordBytes is negative: %d", o.MaxRecordBytes)
	}
	return errors.Join(err, o.checkAcks(client), o.NearCache.check(client))
}

func (o *Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

// A processor is a client that sends single commands.
type processor interface {
	redis.Cmdable
	Process(ctx context.Context, cmd redis.Cmder) error
}

func checkClient(client redis.Cmdable) error {
	if v := reflect.ValueOf(client); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("redisstore: the client is nil")
	}
	switch c := client.(type) {
	case *redis.Ring:
		return errors.New("redisstore: a *redis.Ring is not supported: a shard that was down comes back with the sessions that were ended meanwhile; use Redis Cluster or Sentinel")
	case *redis.Conn, *redis.Tx:
		return fmt.Errorf("redisstore: a %T is one connection, which cannot serve a store; use a *redis.Client", client)
	case redis.Pipeliner:
		return errors.New("redisstore: the client is a pipeline, which would send nothing")
	case *redis.ClusterClient:
		if o := c.Options(); o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
			return errors.New("redisstore: the cluster client reads from replicas, which may still have sessions that were ended; unset ReadOnly, RouteByLatency and RouteRandomly")
		}
	}
	if _, ok := client.(processor); !ok {
		return fmt.Errorf("redisstore: a %T has no method Process, which the store needs to send a command once", client)
	}
	return nil
}

func checkNamespace(namespace string) error {
	switch {
	case namespace == "":
		return errors.New("redisstore: the namespace is empty")
	case strings.HasSuffix(namespace, ":owner"):
		return fmt.Errorf("redisstore: the namespace %q ends in :owner, where the namespace before that has its indexes", namespace)
	}
	return nil
}

func checkCodec[T any](c codec.Codec[T]) error {
	if c == nil {
		return errors.New("redisstore: the codec is nil")
	}
	if c, ok := c.(codec.Checker); ok {
		return c.Check()
	}
	return nil
}

// keepsDeadlines reports whether the client is not known to ignore them.
func keepsDeadlines(client redis.Cmdable) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	}
	return true
}

// unavailable wraps an error of Redis or the client.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}
