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
	//go:embed delete.lua
	deleteSource string
	//go:embed index.lua
	indexSource string
	//go:embed check.lua
	checkSource string

	saveScript   = newScript(saveSource)
	touchScript  = newScript(touchSource)
	deleteScript = newScript(deleteSource)
	indexScript  = newScript(indexSource)
	checkScript  = newScript(checkSource)
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
	case exists:
		return session.ErrExists
	case conflict:
		return session.ErrConflict
	case foreign:
		return &session.DecodeError{ID: id, Err: errForeign}
	}
	return unavailable(fmt.Errorf("redisstore: a script returned status %d", s))
}

// run calls a script that returns a status.
func (k *keyspace) run(ctx context.Context, c call, by *sender) (outcome status, resent bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, unavailable(err)
	}
	w := k.write(ctx, c, by)
	if wrongType(w.err) {
		return foreign, w.resent, nil
	}
	n, err := w.reply.Int64()
	if err == nil && status(n) == ok {
		err = w.unconfirmed
	}
	return status(n), w.resent, unavailable(err)
}
