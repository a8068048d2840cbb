package redisstore

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/session"
)

// The scripts. They live in files of their own so that editors know their language;
// the prelude is put before each.
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

	saveScript   = newScript(saveSource)
	touchScript  = newScript(touchSource)
	retireScript = newScript(retireSource)
	deleteScript = newScript(deleteSource)
	indexScript  = newScript(indexSource)
)

// A script is the text of a script and the hash by which servers know it.
type script struct{ source, hash string }

func newScript(body string) *script {
	source := prelude + body
	return &script{source, redis.NewScript(source).Hash()}
}

// A status is the outcome of a script. The prelude has the same ones.
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
func (k *keyspace) run(ctx context.Context, s *script, id session.ID, args ...any) (outcome status, resent bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, unavailable(err)
	}
	w := k.write(ctx, s, k.key(id), args...)
	if wrongType(w.err) {
		return foreign, w.resent, nil
	}
	n, err := w.reply.Int64()
	if err == nil && status(n) == ok {
		err = w.unconfirmed
	}
	return status(n), w.resent, unavailable(err)
}

// end runs a script that ends a record and returns a status and the record's
// owner. It then removes the record from the owner's index. A failure of that is
// no error: the entry leads nowhere, and goes when the deadline has passed.
func (k *keyspace) end(ctx context.Context, s *script, id session.ID, args ...any) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	w := k.write(ctx, s, k.key(id), args...)
	if wrongType(w.err) {
		return foreign.err(id)
	}
	reply, err := w.reply.Slice()
	if err != nil {
		return unavailable(err)
	}
	if len(reply) != 2 {
		return unavailable(fmt.Errorf("redisstore: a script returned %d values", len(reply)))
	}
	n, _ := reply[0].(int64)
	owner, _ := reply[1].(string)
	outcome := status(n)
	if w.unconfirmed != nil && (outcome == ok || outcome == notFound) {
		return unavailable(w.unconfirmed)
	}
	if w.resent && outcome == notFound && s == deleteScript {
		return nil // an earlier attempt may have deleted it, and it is absent
	}
	if outcome != ok {
		return outcome.err(id)
	}
	if owner != "" {
		k.client.ZRem(ctx, k.ownerKey(owner), id.String())
	}
	return nil
}
