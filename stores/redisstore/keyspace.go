package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
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
	patient   bool          // see [patient]
	combiners *combiners    // nil if commands are not combined
	size      *atomic.Int64 // about the size of the records
}

// key returns where the session's record is.
func (k *keyspace) key(id session.ID) string {
	var buf [160]byte // so that most keys take one allocation
	return string(base64.RawURLEncoding.AppendEncode(append(buf[:0], k.prefix...), id[:]))
}

// ownerKey returns where the owner's index is. Its length does not depend on
// the owner's, and it does not show the owner.
func (k *keyspace) ownerKey(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return k.prefix + "owner:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// ids returns the IDs of these keys, and passes over keys of anything else.
func (k *keyspace) ids(keys []string) []session.ID {
	ids := make([]session.ID, 0, len(keys))
	for _, key := range keys {
		if id, err := session.ParseID(strings.TrimPrefix(key, k.prefix)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// get returns a session's stored record, of which earlier ways were tried so often.
func (k *keyspace) get(ctx context.Context, id session.ID, tried int) ([]byte, error) {
	key := k.key(id)
	whole := func() *redis.StringCmd { return redis.NewStringCmd(ctx, "get", key) }
	limit := k.cut()
	data, cut, err := k.readKey(ctx, key, whole, limit, tried)
	if cut {
		data, _, err = k.readKey(ctx, key, whole, 0, tried)
	}
	if err == nil {
		k.observe(len(data))
	}
	return data, readError(id, err)
}

// cut returns how many bytes of a record are read together with others. Most records
// are shorter. Zero means that they are too large for that.
func (k *keyspace) cut() int {
	usual := int(k.size.Load())
	if usual >= maxShared {
		return 0
	}
	return min(max(4*usual, 2<<10), maxShared)
}

// observe lets the usual size follow the size of a record.
func (k *keyspace) observe(size int) {
	usual := k.size.Load()
	k.size.Store(usual + (int64(size)-usual)/8)
}

// A read is a command that the client sends once: the store itself sends it again,
// and knows how often.
type read struct{ *redis.StringCmd }

// NoRetry is asked for by the client.
func (read) NoRetry() bool { return true }

// Clone returns a copy of the command that is sent once too.
func (r read) Clone() redis.Cmder { return read{r.StringCmd.Clone().(*redis.StringCmd)} }

// readKey sends a command that reads a key, at first together with other callers'
// commands if limit is not zero. Then it reads so many bytes only, and reports whether
// there may be more. If the command fails, it is sent again alone, as the client's
// options say.
func (k *keyspace) readKey(ctx context.Context, key string, whole func() *redis.StringCmd, limit, tried int) (data []byte, cut bool, err error) {
	retries, backoff := k.retries()
	for attempt := tried; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		cmd, together := k.readOnce(ctx, key, whole, limit)
		if cmd == nil {
			return nil, false, ctx.Err()
		}
		err := cmd.Err()
		if err == nil || errors.Is(err, redis.Nil) || attempt >= retries || !retryable(err) || !sleep(ctx, backoff(attempt)) {
			data, err := cmd.Bytes()
			if together && err == nil && len(data) == 0 {
				err = redis.Nil
			}
			return data, together && len(data) == limit, err
		}
		k.moved(ctx, err)
		limit = 0
	}
}

// readOnce reports whether the command has gone with others. It returns nil if ctx has ended.
func (k *keyspace) readOnce(ctx context.Context, key string, whole func() *redis.StringCmd, limit int) (cmd *redis.StringCmd, together bool) {
	c := (*combiner)(nil)
	if limit > 0 {
		c = k.combiners.forKey(ctx, key)
	}
	if !k.resends() { // the client does
		alone := whole()
		if send(ctx, k.client, k.patient, alone, func() {}) == nil {
			return nil, false
		}
		return alone, false
	}
	alone := read{whole()}
	if c == nil {
		if send(ctx, k.client, k.patient, alone, func() {}) == nil {
			return nil, false
		}
		return alone.StringCmd, false
	}
	back := c.process(ctx, alone, func() shared {
		return shared{read{redis.NewStringCmd(ctx, "getrange", key, 0, limit-1)}, len(key), limit}
	})
	if back == nil {
		return nil, false
	}
	cmd = back.(read).StringCmd
	return cmd, cmd != alone.StringCmd
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
