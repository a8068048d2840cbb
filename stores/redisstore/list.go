package redisstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/session"
)

const (
	getBatch  = 100  // how many records one pipeline fetches
	scanBatch = 1000 // how many keys one SCAN looks at
)

// ByOwner yields the live records of an owner, as [session.Indexer] says. A
// session that is renewed meanwhile is yielded under one of its IDs at least:
// a caller that ends all that are yielded has ended it, or is told.
//
// It reads the whole index, without regard to the time: a node whose clock is
// ahead would otherwise not see sessions that are live on all others.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		if owner == "" {
			return
		}
		theirs := func(rec *session.Record[T]) bool { return rec.Owner == owner }
		var seen []session.ID
		for {
			members, err := s.client.ZRange(ctx, s.ownerKey(owner), 0, -1).Result()
			if err != nil {
				yield(session.Record[T]{}, unavailable(err))
				return
			}
			ids := without(s.ids(members), seen)
			// A marker stands for a record that may have come after the index, or
			// after it was looked for.
			more, renewed, absent := s.each(ctx, ids, yield, theirs)
			if !more || !renewed {
				return
			}
			seen = append(seen, without(ids, absent)...)
		}
	}
}

// without returns those IDs that are not among the others.
func without(ids, others []session.ID) []session.ID {
	if len(others) == 0 {
		return ids
	}
	known := make(map[session.ID]bool, len(others))
	for _, id := range others {
		known[id] = true
	}
	return slices.DeleteFunc(ids, func(id session.ID) bool { return known[id] })
}

// All yields all live records, as [session.Lister] says.
//
// It goes through the whole keyspace by SCAN, which looks at every key, those of
// other programs too, but never blocks Redis for long. SCAN yields everything
// that is there from its beginning to its end, and may yield a record twice; one
// that comes or goes meanwhile it may yield or not.
// In a cluster it visits one master after the other. It may miss a record whose
// slot moves meanwhile. It needs a *redis.Client or a *redis.ClusterClient;
// otherwise the error is [session.ErrUnsupported].
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		nodes, err := s.nodes(ctx)
		if err != nil {
			yield(session.Record[T]{}, err)
			return
		}
		for _, node := range nodes {
			if !s.scan(ctx, node, yield) {
				return
			}
		}
	}
}

// nodes returns a client for each server that has keys of its own.
func (k *keyspace) nodes(ctx context.Context) ([]*redis.Client, error) {
	var mu sync.Mutex
	var nodes []*redis.Client
	add := func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	}
	switch c := k.client.(type) {
	case *redis.Client:
		return []*redis.Client{c}, nil
	case *redis.ClusterClient:
		err := c.ForEachMaster(ctx, add)
		return nodes, unavailable(err)
	}
	return nil, fmt.Errorf("%w: a %T does not say which servers there are", session.ErrUnsupported, k.client)
}

// scan yields the records whose keys are on one server. It reports whether to go on.
func (s *Store[T]) scan(ctx context.Context, node *redis.Client, yield func(session.Record[T], error) bool) bool {
	every := func(*session.Record[T]) bool { return true }
	var cursor uint64
	for {
		keys, next, err := node.Scan(ctx, cursor, s.pattern(), scanBatch).Result()
		if err != nil {
			yield(session.Record[T]{}, unavailable(err))
			return false
		}
		if more, _, _ := s.each(ctx, s.ids(keys), yield, every); !more {
			return false
		}
		if cursor = next; cursor == 0 {
			return true
		}
	}
}

// pattern matches the keys of records: those with as many characters after the
// prefix as an ID has.
func (k *keyspace) pattern() string {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
	return escape.Replace(k.prefix) + strings.Repeat("?", len(session.ID{}.String()))
}

// each yields the wanted records with these IDs. It reports whether to go on, whether
// some have been renewed, and which were absent.
func (s *Store[T]) each(ctx context.Context, ids []session.ID, yield func(session.Record[T], error) bool, want func(*session.Record[T]) bool) (more, renewed bool, absent []session.ID) {
	for batch := range slices.Chunk(ids, getBatch) {
		cmds, failed := s.getAll(ctx, batch)
		for i, cmd := range cmds {
			rec, err := s.read(cmd, batch[i], failed)
			switch {
			case errors.Is(err, session.ErrGone):
				renewed = true
				continue
			case errors.Is(err, session.ErrNotFound):
				absent = append(absent, batch[i])
				continue
			case err == nil && !want(&rec):
				continue
			}
			if !yield(rec, err) || errors.Is(err, session.ErrUnavailable) {
				return false, renewed, absent
			}
		}
	}
	return true, renewed, absent
}

// read decodes the reply to one command of a pipeline. If the pipeline failed,
// it may have left its commands without a result and without an error.
func (s *Store[T]) read(cmd *redis.StringCmd, id session.ID, failed error) (session.Record[T], error) {
	data, err := cmd.Bytes()
	if err == nil && len(data) == 0 && failed != nil {
		err = failed
	}
	if err = readError(id, err); err != nil {
		return session.Record[T]{}, err
	}
	return s.decode(data, id)
}

// getAll fetches the records with these IDs. Each command has its own error.
func (k *keyspace) getAll(ctx context.Context, ids []session.ID) ([]*redis.StringCmd, error) {
	cmds := make([]*redis.StringCmd, len(ids))
	_, err := k.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			cmds[i] = p.Get(ctx, k.key(id))
		}
		return nil
	})
	return cmds, err
}
