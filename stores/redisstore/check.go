package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Check reports whether Redis answers and permits the client's user all commands that the
// store needs. The error names the refused commands. It is [session.ErrUnavailable] if
// Redis does not answer. [Open] calls Check; after [New], an application may.
func (s *Store[T]) Check(ctx context.Context) error {
	near := ""
	if s.near != nil {
		near = "1"
	}
	c := call{script: checkScript, key: s.prefix + "check:" + rand.Text(), args: []any{near}}
	w := s.write(ctx, c, nil)
	if noPermission(w.err) {
		return fmt.Errorf("redisstore: the Redis user may not run scripts on the keys of this namespace: %w", w.err)
	}
	if w.err != nil {
		return unavailable(w.err)
	}
	refused, err := w.reply.StringSlice()
	if err != nil {
		return unavailable(err)
	}
	for name, command := range map[string]redis.Cmder{
		"GET":      redis.NewCmd(ctx, "get", c.key),
		"GETRANGE": redis.NewCmd(ctx, "getrange", c.key, 0, 0),
		"ZRANGE":   redis.NewCmd(ctx, "zrange", c.key, 0, 0),
		"ZREM":     redis.NewCmd(ctx, "zrem", c.key, ""),
	} {
		if send(ctx, s.client, s.patient, command, func() {}) == nil {
			return unavailable(ctx.Err())
		}
		if noPermission(command.Err()) {
			refused = append(refused, name)
		}
	}
	if noPermission(w.unconfirmed) {
		refused = append(refused, "WAIT")
	}
	if len(refused) == 0 {
		return nil
	}
	slices.Sort(refused)
	return fmt.Errorf("redisstore: the Redis user may not run %s: see the package's documentation on access", strings.Join(slices.Compact(refused), ", "))
}

// noPermission reports whether the server refused a command to its user.
func noPermission(err error) bool {
	answer, ok := errors.AsType[redis.Error](err)
	return ok && strings.Contains(answer.Error(), "NOPERM")
}
