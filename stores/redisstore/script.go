package redisstore

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/session"
)

// The scripts. They live in files of their own so that editors know what they
// are; the prelude is put before each.
var (
	//go:embed prelude.lua
	prelude string
	//go:embed save.lua
	saveSource string
	//go:embed touch.lua
	touchSource string
	//go:embed retire.lua
	retireSource string
	//go:embed delete.lua
	deleteSource string
	//go:embed index.lua
	indexSource string

	saveScript   = redis.NewScript(prelude + saveSource)
	touchScript  = redis.NewScript(prelude + touchSource)
	retireScript = redis.NewScript(prelude + retireSource)
	deleteScript = redis.NewScript(prelude + deleteSource)
	indexScript  = redis.NewScript(prelude + indexSource)
)

// A status is what a script says of its outcome. The prelude has the same ones.
type status int64

const (
	ok status = iota
	notFound
	gone
	exists
	conflict
	notIndexed
	foreign
)

// err returns the status as the error that a store returns, nil for ok.
func (s status) err(id session.ID) error {
	switch s {
	case ok:
		return nil
	case notFound:
		return session.ErrNotFound
	case gone:
		return session.ErrGone
	case exists:
		return session.ErrExists
	case conflict:
		return session.ErrConflict
	case foreign:
		return &session.DecodeError{ID: id, Err: errForeign}
	}
	return unavailable(fmt.Errorf("redisstore: a script returned status %d", s))
}

// run runs a script that returns a status, on the record of id.
func (k *keyspace) run(ctx context.Context, script *redis.Script, id session.ID, args ...any) (status, error) {
	if err := ctx.Err(); err != nil {
		return 0, unavailable(err)
	}
	reply, unconfirmed := k.write(ctx, script, k.key(id), args...)
	n, err := reply.Int64()
	if wrongType(err) {
		return foreign, nil
	}
	if err == nil && status(n) == ok {
		err = unconfirmed
	}
	return status(n), unavailable(err)
}

// end runs a script that returns a status and whose the record was. If the
// record is no more, its entry in the owner's index goes too. That this fails is
// no error: the entry leads nowhere, and goes when the deadline has passed.
func (k *keyspace) end(ctx context.Context, script *redis.Script, id session.ID, args ...any) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	cmd, unconfirmed := k.write(ctx, script, k.key(id), args...)
	reply, err := cmd.Slice()
	if wrongType(err) {
		return foreign.err(id)
	}
	if err != nil {
		return unavailable(err)
	}
	if len(reply) != 2 {
		return unavailable(fmt.Errorf("redisstore: a script returned %d values", len(reply)))
	}
	n, _ := reply[0].(int64)
	owner, _ := reply[1].(string)
	if status(n) != ok {
		return status(n).err(id)
	}
	if unconfirmed != nil {
		return unavailable(unconfirmed)
	}
	if owner != "" {
		k.client.ZRem(ctx, k.ownerKey(owner), id.String())
	}
	return nil
}
