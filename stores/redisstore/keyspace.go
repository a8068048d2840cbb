package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/session"
)

// A keyspace holds the keys of one namespace, and the methods that do not depend on
// the type of the sessions.
type keyspace struct {
	client    processor
	prefix    string // of all keys: the namespace and a colon
	acks      acks
	combiners *combiners // nil if commands are not combined
}

// key returns where the session's record is.
func (k *keyspace) key(id session.ID) string { return k.hashed("", id) }

// ownerKey returns where the owner's index is. Its length does not depend on
// the owner's, and it does not show the owner.
func (k *keyspace) ownerKey(owner string) string {
	return k.hashed("owner:", sha256.Sum256([]byte(owner)))
}

func (k *keyspace) hashed(kind string, sum [32]byte) string {
	var buf [160]byte // so that most keys take one allocation
	key := append(append(buf[:0], k.prefix...), kind...)
	return string(base64.RawURLEncoding.AppendEncode(key, sum[:]))
}

// ids returns those IDs whose keys these are; other keys are passed over.
func (k *keyspace) ids(keys []string) []session.ID {
	ids := make([]session.ID, 0, len(keys))
	for _, key := range keys {
		if id, err := session.ParseID(strings.TrimPrefix(key, k.prefix)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// get returns a session's stored record.
func (k *keyspace) get(ctx context.Context, id session.ID) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(err)
	}
	key := k.key(id)
	data, err := k.readKey(ctx, key, func() *redis.StringCmd { return redis.NewStringCmd(ctx, "get", key) })
	return data, readError(id, err)
}

// readKey sends a command that reads a key, with those of other callers. If that
// fails, it is sent again alone, as the client's options say.
func (k *keyspace) readKey(ctx context.Context, key string, command func() *redis.StringCmd) ([]byte, error) {
	if c := k.combiners.forKey(ctx, key); c != nil {
		cmd := command()
		if !c.process(ctx, cmd, nil) {
			return nil, ctx.Err()
		}
		if err := cmd.Err(); err == nil || errors.Is(err, redis.Nil) || wrongType(err) || ctx.Err() != nil {
			return cmd.Bytes()
		}
	}
	cmd := command()
	k.client.Process(ctx, cmd)
	return cmd.Bytes()
}

// getWithTTL is get with the key's time to live before it, which is not positive if
// the key has none or it is not known.
func (k *keyspace) getWithTTL(ctx context.Context, id session.ID) ([]byte, time.Duration, error) {
	key := k.key(id)
	if c := k.combiners.forKey(ctx, key); c != nil {
		left, cmd := redis.NewDurationCmd(ctx, time.Millisecond, "pttl", key), redis.NewStringCmd(ctx, "get", key)
		if !c.process(ctx, left, cmd) {
			return nil, 0, unavailable(ctx.Err())
		}
		if left.Err() == nil && cmd.Err() == nil {
			data, err := cmd.Bytes()
			return data, left.Val(), err
		}
	}
	data, err := k.get(ctx, id)
	return data, 0, err
}

// readError gives a meaning to a client's error for a read of one key.
func readError(id session.ID, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		return session.ErrNotFound
	case wrongType(err):
		return &session.DecodeError{ID: id, Err: errForeign}
	}
	return unavailable(err)
}

// errForeign says that a key has something that no store of this package put there.
var errForeign = errors.New("redisstore: the key holds something else")

// wrongType reports whether a command failed because the key holds a list, a
// set or the like. From scripts, some versions put their own words before it.
func wrongType(err error) bool { return err != nil && strings.Contains(err.Error(), "WRONGTYPE") }

// farthest is the longest time to live of a key. Longer ones overflow in some
// servers; the record itself has the true end.
const farthest = 100 * 365 * 24 * time.Hour

// millis returns a time to live in whole milliseconds. It rounds up, so that a time
// in the future is not zero.
func millis(d time.Duration) int64 {
	return int64((min(d, farthest) + time.Millisecond - 1) / time.Millisecond)
}
