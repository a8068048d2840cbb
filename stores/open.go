package stores

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A Store is a store that Open has opened. Close ends its connections. Sessions stay in
// the store, unless it is the process's memory.
type Store[T any] interface {
	session.Store[T]
	io.Closer
}

// Open opens the store at a URL, for sessions of type T:
//
//	memory:                     this process's memory, until it ends
//	redis://host:6379/0         a Redis server
//	redis+cluster://host:6379   a Redis Cluster
//	redis+sentinel://host:26379?master_name=m
//	postgres://user@host/database   PostgreSQL
//	mysql://user@host/database      MySQL or MariaDB
//	sqlite:/path/to/file            SQLite
//	bolt:/path/to/file              bbolt, a file for one process
//	badger:/path/to/folder          Badger, a folder for one process
//	nats://host:4222                NATS JetStream
//	etcd://host:2379                etcd
//	dynamodb:table?region=r         Amazon DynamoDB
//	memcache://host:11211           memcached, without lists
//
// The schemes rediss, rediss+cluster and rediss+sentinel use TLS; see
// [redisstore.NewClient]. For a server and for Sentinel, ?near_cache=10000 keeps up to
// 10,000 sessions in the process too; see [redisstore.NearCache]. "memory" and
// "memory://" mean "memory:". For SQL the program must import a driver: see
// [sqlstore.Open]. For the last six it must import a module of ours, such as
// stores/boltkv, and for others the module that calls [kvstore.Register]. If it does not,
// the error names the import.
//
// The namespace separates stores that share a server: it is the table's name in a SQL
// database. The codec encodes their values. A store in memory uses neither, but its T
// must suit the codec all the same, so that the URL can change.
//
// Open asks the store for one answer. If none comes, the error is
// [session.ErrUnavailable]. Any other error is a mistake in the arguments. No error shows
// a password.
//
// Close the store when no request uses it any more. [FromEnv] opens it and makes the
// manager in one step.
func Open[T any](ctx context.Context, url, namespace string, c codec.Codec[T]) (Store[T], error) {
	scheme, address, colon := strings.Cut(url, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case scheme == "memory" && (address == "" || address == "//"):
		if err := checkCodec(c); err != nil {
			return nil, err
		}
		return memstore.New[T](nil), nil
	case colon && isRedis(scheme):
		store, err := redisstore.Open(ctx, url, namespace, c, nil)
		if err != nil { // not a nil *redisstore.Store in the interface
			return nil, err
		}
		return store, nil
	case colon && slices.Contains(kvstore.Schemes(), scheme):
		return openKeyValue(ctx, url, namespace, c)
	case colon && keyValueModules[scheme] != "":
		return nil, fmt.Errorf("stores: no backend for %s: is in the program; import it: _ %q", scheme, modulePath+keyValueModules[scheme])
	case colon && isSQL(scheme):
		store, err := sqlstore.Open(ctx, url, c, &sqlstore.Options{Table: namespace})
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	return nil, fmt.Errorf("stores: unknown session store %q: there are memory:, postgres://, mysql://, sqlite: and redis://, with the other schemes of redisstore.NewClient, and with modules of their own bolt:, badger:, nats://, etcd://, dynamodb: and memcache://", display(url))
}

// checkCodec returns why the codec cannot encode T.
func checkCodec[T any](c codec.Codec[T]) error {
	if checker, ok := c.(codec.Checker); ok {
		return checker.Check()
	}
	return nil
}

// openKeyValue opens a backend of package kvstore. The store closes it.
func openKeyValue[T any](ctx context.Context, url, namespace string, c codec.Codec[T]) (Store[T], error) {
	backend, err := kvstore.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	store, err := kvstore.New(backend, namespace, c, nil)
	if err != nil {
		if closer, ok := backend.(io.Closer); ok {
			closer.Close()
		}
		return nil, err
	}
	return store.(Store[T]), nil // all of kvstore's can be closed
}

// keyValueModules are our modules that have a scheme.
var keyValueModules = map[string]string{"bolt": "boltkv", "badger": "badgerkv", "nats": "natskv", "etcd": "etcdkv", "etcds": "etcdkv",
	"dynamodb": "dynamokv", "memcache": "memcachekv"}

const modulePath = "github.com/seed48429006/sessions/stores/"

// isRedis reports whether package redisstore knows the scheme, or refuses it with a list
// of the known ones.
func isRedis(scheme string) bool {
	name, _, _ := strings.Cut(scheme, "+")
	return name == "redis" || name == "rediss"
}

// isSQL reports whether package sqlstore knows the scheme.
func isSQL(scheme string) bool {
	switch scheme {
	case "postgres", "postgresql", "mysql", "sqlite":
		return true
	}
	return false
}

// display returns the part of a URL that may be shown: none that could be a password.
func display(url string) string {
	scheme, address, colon := strings.Cut(url, ":")
	switch {
	case strings.ContainsAny(scheme, "@=/ \t\n"): // no scheme: perhaps a DSN of another form
		return "…"
	case colon && address != "":
		return scheme + ":…"
	}
	return url
}
