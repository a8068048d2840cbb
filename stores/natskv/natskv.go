// Package natskv keeps sessions in a bucket of NATS JetStream, on NATS 2.11 or later.
//
//	backend, err := natskv.Open(ctx, "nats://localhost:4222/sessions", nil)
//	...
//	defer backend.Close()
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//
// A program that imports this package can also call stores.Open with such a URL.
//
// The bucket's leader answers each read: a replica might still have a session that was
// ended. JetStream drops sessions that have ended, to the second.
package natskv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// DefaultBucket is the name of the bucket if a URL has none.
const DefaultBucket = "sessions"

// Options change the bucket that [Open] makes if there is none. The zero Options is the
// default.
type Options struct {
	// Replicas is on how many servers of a cluster the bucket is. Zero means one.
	Replicas int

	// Memory keeps the bucket in the servers' memory.
	Memory bool

	// Connection has options for the connection, such as nats.RootCAs.
	Connection []nats.Option
}

// A Backend is a [kvstore.Lister] in a bucket. Its methods are safe for concurrent use.
type Backend struct {
	js     jetstream.JetStream
	kv     jetstream.KeyValue
	prefix string     // of the subjects
	owned  *nats.Conn // nil if the connection is the caller's
}

func init() {
	kvstore.Register("nats", func(ctx context.Context, url string) (kvstore.Backend, error) {
		b, err := Open(ctx, url, nil)
		if err != nil { // not a nil *Backend in the interface
			return nil, err
		}
		return b, nil
	})
}

// Open connects to the server at the URL, whose path is the bucket's name, and makes the
// bucket if there is none. If the server does not answer, the error is a
// [session.ErrUnavailable]. No error shows a password.
func Open(ctx context.Context, address string, o *Options) (*Backend, error) {
	if o == nil {
		o = new(Options)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("natskv: the URL is not like nats://user:password@host:4222/bucket")
	}
	bucket := strings.Trim(u.Path, "/")
	if bucket == "" {
		bucket = DefaultBucket
	}
	u.Path = ""
	// By default a client gives up for ever after two minutes without a server.
	nc, err := nats.Connect(u.String(), append([]nats.Option{nats.MaxReconnects(-1)}, o.Connection...)...)
	if err != nil {
		return nil, unavailable(err)
	}
	js, err := jetstream.New(nc)
	if err == nil {
		err = makeBucket(ctx, js, bucket, o)
	}
	var b *Backend
	if err == nil {
		b, err = New(ctx, js, bucket)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	b.owned = nc
	return b, nil
}

// markers is how long the bucket remembers that a key was removed, and at which
// version.
const markers = time.Hour

func makeBucket(ctx context.Context, js jetstream.JetStream, bucket string, o *Options) error {
	storage := jetstream.FileStorage
	if o.Memory {
		storage = jetstream.MemoryStorage
	}
	_, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name:                   "KV_" + bucket,
		Description:            "Sessions. Replicas do not answer: they may have sessions that were ended.",
		Subjects:               []string{"$KV." + bucket + ".>"},
		MaxMsgsPerSubject:      1,
		Discard:                jetstream.DiscardNew,
		Storage:                storage,
		Replicas:               max(o.Replicas, 1),
		AllowRollup:            true,
		DenyDelete:             true,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: markers,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil // New looks at it
	}
	return unavailable(err)
}

// New returns a backend in a bucket that is there. The bucket must keep one version of a
// key, allow keys of limited life, and let no replica answer. The connection stays the
// caller's.
func New(ctx context.Context, js jetstream.JetStream, bucket string) (*Backend, error) {
	stream, err := js.Stream(ctx, "KV_"+bucket)
	if err != nil {
		return nil, unavailable(err)
	}
	c := stream.CachedInfo().Config
	switch {
	case c.AllowDirect && c.Replicas > 1:
		return nil, fmt.Errorf("natskv: the replicas of bucket %s answer (AllowDirect), which may still have sessions that were ended", bucket)
	case !c.AllowMsgTTL || c.SubjectDeleteMarkerTTL == 0:
		return nil, fmt.Errorf("natskv: the keys of bucket %s cannot have a limited life: set LimitMarkerTTL", bucket)
	case c.MaxMsgsPerSubject != 1:
		return nil, fmt.Errorf("natskv: bucket %s keeps more than one version of a key", bucket)
	case c.MaxAge != 0:
		return nil, fmt.Errorf("natskv: bucket %s drops each key after %v", bucket, c.MaxAge)
	}
	kv, err := js.KeyValue(ctx, bucket)
	if err != nil {
		return nil, unavailable(err)
	}
	return &Backend{js: js, kv: kv, prefix: "$KV." + bucket + "."}, nil
}

// Close closes the connection, if Open has made it.
func (b *Backend) Close() error {
	if b.owned != nil {
		b.owned.Close()
	}
	return nil
}

// MaxValueBytes returns how large a message may be, without its headers.
func (b *Backend) MaxValueBytes() int {
	const headers = 1024
	return int(b.js.Conn().MaxPayload()) - headers
}

// Get implements [kvstore.Backend].
func (b *Backend) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	entry, err := b.kv.Get(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	return entry.Value(), kvstore.Version(entry.Revision()), nil
}

// Swap implements [kvstore.Backend].
func (b *Backend) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var err error
	switch {
	case len(value) == 0 && old == 0:
		_, version, err := b.Get(ctx, key)
		return version == 0 && err == nil, err
	case len(value) == 0:
		err = b.kv.Purge(ctx, key, jetstream.LastRevision(uint64(old)), jetstream.PurgeTTL(markers))
	case old == 0:
		var options []jetstream.KVCreateOpt
		if life, limited := lifeUntil(end); limited {
			options = append(options, jetstream.KeyTTL(life))
		}
		_, err = b.kv.Create(ctx, key, value, options...)
	default:
		options := []jetstream.PublishOpt{jetstream.WithExpectLastSequencePerSubject(uint64(old))}
		if life, limited := lifeUntil(end); limited {
			options = append(options, jetstream.WithMsgTTL(life))
		}
		_, err = b.js.Publish(ctx, b.prefix+key, value, options...)
	}
	if overtaken(err) {
		return false, nil
	}
	return err == nil, err
}

// overtaken reports whether a write failed because the key has another version.
func overtaken(err error) bool {
	api, ok := errors.AsType[jetstream.JetStreamError](err)
	if !ok || api.APIError() == nil {
		return false
	}
	code := api.APIError().ErrorCode
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// lifeUntil returns how long a key is to live: whole seconds, and not less than until
// its end. It reports false for keys that need no end: JetStream could not count to it.
func lifeUntil(end time.Time) (time.Duration, bool) {
	const longest = 100 * 365 * 24 * time.Hour
	left := time.Until(end)
	if end.IsZero() || left > longest {
		return 0, false
	}
	return max(left.Truncate(time.Second)+time.Second, time.Second), true
}

// Keys implements [kvstore.Lister]. It yields what there was when it began.
func (b *Backend) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := b.list(ctx, prefix)
		if err != nil {
			yield("", err)
			return
		}
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			if !yield(key, nil) {
				return
			}
		}
	}
}

func (b *Backend) list(ctx context.Context, prefix string) (keys []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	filter := prefix[:strings.LastIndexByte(prefix, '.')+1] + ">" // of whole words
	lister, err := b.kv.ListKeysFiltered(ctx, filter)
	if err != nil {
		return nil, err
	}
	for key := range lister.Keys() { // to the end: it would wait for its reader
		keys = append(keys, key)
	}
	if err := ctx.Err(); err != nil {
		return nil, err // it ends early then, and does not say so
	}
	if b.js.Conn().Status() != nats.CONNECTED {
		return nil, nats.ErrDisconnected
	}
	slices.Sort(keys) // a key that is written during the iteration can come twice
	keys = slices.Compact(keys)
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) }), nil
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: natskv: %w", session.ErrUnavailable, err)
}
