// Package etcdkv keeps sessions in etcd 3.4 or later.
//
//	backend, err := etcdkv.Open(ctx, "etcd://localhost:2379", nil)
//	...
//	defer backend.Close()
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//
// A program that imports this package can also call stores.Open with such a URL.
//
// Reads are linearizable: no member answers with a session that was ended. Watches tell
// of what every process does. Leases let etcd drop sessions that have ended; keys that
// end at about the same time share one, so that a write is one command.
//
// Every write is a revision that etcd keeps until it is compacted. Let the server do
// that, with --auto-compaction-retention=1h say. It takes requests of 1.5 MiB at most,
// and by default 2 GiB in all.
package etcdkv

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// DefaultPrefix begins all keys if a URL has no path.
const DefaultPrefix = "sessions/"

// Options change how a client connects. The zero Options is the default.
type Options struct {
	// TLS is for the scheme etcds. Nil checks the server's certificate against the
	// system's authorities.
	TLS *tls.Config

	// DialTimeout is how long Open waits for a server. Zero means five seconds.
	DialTimeout time.Duration
}

// A Backend is a [kvstore.Lister] and a [kvstore.Watcher] in etcd. Its methods are safe
// for concurrent use.
type Backend struct {
	client *clientv3.Client
	prefix string
	owned  bool
	leases leases
}

func init() {
	for _, scheme := range []string{"etcd", "etcds"} {
		kvstore.Register(scheme, func(ctx context.Context, url string) (kvstore.Backend, error) {
			b, err := Open(ctx, url, nil)
			if err != nil { // not a nil *Backend in the interface
				return nil, err
			}
			return b, nil
		})
	}
}

// Open connects to the members at the URL, which are separated by commas. The scheme
// etcds uses TLS. The URL's path, if there is one, begins all keys. If no member answers,
// the error is a [session.ErrUnavailable]. No error shows a password.
func Open(ctx context.Context, address string, o *Options) (*Backend, error) {
	if o == nil {
		o = new(Options)
	}
	config, prefix, err := parse(address)
	if err != nil {
		return nil, err
	}
	if config.DialTimeout = o.DialTimeout; config.DialTimeout == 0 {
		config.DialTimeout = 5 * time.Second
	}
	if config.TLS != nil && o.TLS != nil {
		config.TLS = o.TLS
	}
	ctx, cancel := context.WithTimeout(ctx, config.DialTimeout)
	defer cancel()
	client, err := clientv3.New(config)
	if err != nil {
		return nil, unavailable(err)
	}
	b := New(client, prefix)
	b.owned = true
	if _, _, err := b.Get(ctx, "?"); err != nil {
		client.Close()
		return nil, unavailable(err)
	}
	return b, nil
}

var errURL = errors.New("etcdkv: the URL is not like etcd://user:password@host:2379,host:2379/prefix")

func parse(address string) (c clientv3.Config, prefix string, err error) {
	scheme, rest, _ := strings.Cut(address, "://")
	scheme = strings.ToLower(scheme)
	hosts, path, _ := strings.Cut(rest, "/")
	user, hosts, found := cutLast(hosts, "@")
	if scheme != "etcd" && scheme != "etcds" || hosts == "" || strings.ContainsAny(path, "?#") {
		return c, "", errURL
	}
	if found {
		u, err := url.Parse("etcd://" + user + "@host") // of several hosts, not all is a URL
		if err != nil {
			return c, "", errURL // the error may show the password
		}
		c.Username = u.User.Username()
		c.Password, _ = u.User.Password()
	}
	if scheme == "etcds" {
		c.TLS = new(tls.Config)
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if u, err := url.Parse("http://" + host); err != nil || u.Hostname() == "" || u.Path != "" {
			return c, "", errURL
		}
		c.Endpoints = append(c.Endpoints, host)
	}
	c.Logger = zap.NewNop() // errors are returned
	if prefix = DefaultPrefix; path != "" {
		prefix = path + "/"
	}
	return c, prefix, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// New returns a backend whose keys begin with the prefix. The client stays the caller's.
func New(client *clientv3.Client, prefix string) *Backend {
	b := &Backend{client: client, prefix: prefix}
	b.leases.grant = client.Grant
	return b
}

// Close closes the client, if Open has made it.
func (b *Backend) Close() error {
	if !b.owned {
		return nil
	}
	return b.client.Close()
}

// Get implements [kvstore.Backend].
func (b *Backend) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	reply, err := b.client.Get(ctx, b.prefix+key)
	if err != nil || len(reply.Kvs) == 0 {
		return nil, 0, err
	}
	return reply.Kvs[0].Value, kvstore.Version(reply.Kvs[0].ModRevision), nil
}

// Swap implements [kvstore.Backend].
func (b *Backend) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	key = b.prefix + key
	unchanged := clientv3.Compare(clientv3.ModRevision(key), "=", int64(old))
	if len(value) == 0 {
		return swapped(b.client.Txn(ctx).If(unchanged).Then(clientv3.OpDelete(key)).Commit())
	}
	for {
		lease, err := b.leases.until(ctx, end)
		if err != nil {
			return false, err
		}
		put := clientv3.OpPut(key, string(value), clientv3.WithLease(lease))
		ok, err := swapped(b.client.Txn(ctx).If(unchanged).Then(put).Commit())
		if !errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return ok, err
		}
		b.leases.forget(lease)
	}
}

func swapped(reply *clientv3.TxnResponse, err error) (bool, error) {
	return err == nil && reply.Succeeded, err
}

// Keys implements [kvstore.Lister].
func (b *Backend) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		from := b.prefix + prefix
		end := clientv3.GetPrefixRangeEnd(from)
		for {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			page, err := b.client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithKeysOnly(), clientv3.WithLimit(pageLen))
			if err != nil {
				yield("", err)
				return
			}
			for _, kv := range page.Kvs {
				if !yield(strings.TrimPrefix(string(kv.Key), b.prefix), nil) {
					return
				}
			}
			if !page.More {
				return
			}
			from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
		}
	}
}

// pageLen is how many keys one command reads.
const pageLen = 1000

func unavailable(err error) error {
	return fmt.Errorf("%w: etcdkv: %w", session.ErrUnavailable, err)
}
