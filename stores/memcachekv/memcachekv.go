// Package memcachekv keeps sessions in a memcached server, version 1.6 or later.
//
//	backend, err := memcachekv.Open(ctx, "memcache://localhost:11211", nil)
//	...
//	defer backend.Close()
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//
// A program that imports this package can also call stores.Open with such a URL.
//
// memcached is a cache: it forgets all sessions when it restarts, and some when its
// memory is full. A visitor then has to log in again. It cannot list its keys, so that
// the sessions of an owner cannot be found: sessions end one by one, and
// Options.MaxPerOwner is not supported. The backend uses one server. Do not put a proxy
// between that spreads keys over several: a server that comes back would bring back
// sessions that were ended.
package memcachekv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// Options change how a [Backend] works. The zero Options is the default.
type Options struct {
	// DialTimeout is how long a connection may take. Zero means five seconds. Commands
	// last as long as their contexts allow.
	DialTimeout time.Duration

	// MaxIdle is how many connections are kept that are not in use. Zero means 16.
	MaxIdle int
}

// A Backend is a [kvstore.Backend] on a memcached server. Its methods are safe for
// concurrent use.
type Backend struct {
	pool *pool
	most int // bytes of a value
}

func init() {
	kvstore.Register("memcache", func(ctx context.Context, url string) (kvstore.Backend, error) {
		b, err := Open(ctx, url, nil)
		if err != nil { // not a nil *Backend in the interface
			return nil, err
		}
		return b, nil
	})
}

// Open returns a backend on the server at the URL, whose port is 11211 if it has none. If
// the server does not answer, the error is a [session.ErrUnavailable].
func Open(ctx context.Context, address string, o *Options) (*Backend, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" {
		return nil, errors.New("memcachekv: the URL is not like memcache://host:11211")
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "11211")
	}
	if o == nil {
		o = new(Options)
	}
	b := &Backend{pool: newPool(host, o)}
	if err := b.check(ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("%w: memcachekv: %w", session.ErrUnavailable, err)
	}
	return b, nil
}

// Close closes the connections. Commands under way fail.
func (b *Backend) Close() error { return b.pool.close() }

// check asks whether the server is there, speaks the commands that the backend needs, and
// how large an item may be.
func (b *Backend) check(ctx context.Context) error {
	if err := b.pool.ping(ctx); err != nil {
		return err
	}
	size, err := b.pool.itemSize(ctx)
	b.most = size - overhead
	return err
}

// overhead is room for what an item has beside its value: the key and a header.
const overhead = 2 << 10

// MaxValueBytes returns how large a value may be. By default memcached takes items of
// 1 MiB, key and header included. A larger value would remove the present one.
func (b *Backend) MaxValueBytes() int { return b.most }

// Get implements [kvstore.Backend].
func (b *Backend) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	r, err := b.pool.read(ctx, "mg "+key+" v c\r\n")
	switch {
	case err != nil:
		return nil, 0, err
	case r.code == "EN":
		return nil, 0, nil
	case r.code == "VA" && r.cas != 0:
		return r.value, kvstore.Version(r.cas), nil
	}
	return nil, 0, r.unexpected()
}

// Swap implements [kvstore.Backend].
func (b *Backend) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	var r reply
	var err error
	switch {
	case len(value) == 0 && old == 0:
		_, version, err := b.Get(ctx, key)
		return version == 0 && err == nil, err
	case len(value) == 0:
		r, err = b.pool.write(ctx, fmt.Appendf(nil, "md %s C%d\r\n", key, old))
	default:
		command := fmt.Appendf(nil, "ms %s %d T%d ", key, len(value), expiry(end))
		if old == 0 {
			command = append(command, "ME"...)
		} else {
			command = strconv.AppendUint(append(command, 'C'), uint64(old), 10)
		}
		command = append(append(append(command, "\r\n"...), value...), "\r\n"...)
		r, err = b.pool.write(ctx, command)
	}
	if err != nil {
		return false, err
	}
	switch r.code {
	case "HD":
		return true, nil
	case "EX", "NF", "NS": // another version, absent, or there already
		return false, nil
	}
	return false, r.unexpected()
}

// expiry returns an end as memcached counts it: in Unix seconds, not before the end. It
// counts to 2038. Later ends, and none, are zero: the record itself has its end.
func expiry(end time.Time) int64 {
	const last, relative = 1<<31 - 1, 30 * 24 * 60 * 60
	switch sec := end.Unix() + 1; {
	case end.IsZero(), sec >= last:
		return 0
	case sec <= relative: // which would count from now
		return -1
	default:
		return sec
	}
}
