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

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

const (
	headBatch = 100  // of how many records one pipeline fetches the headers
	scanBatch = 1000 // how many keys one SCAN looks at
)

// ByOwner yields the live records of an owner, as [session.Indexer] says.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return s.byOwner(ctx, owner, s.each)
}

// OutlinesByOwner yields the live records of an owner without their values, as
// [session.Outliner] says.
func (s *Store[T]) OutlinesByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return s.byOwner(ctx, owner, s.eachOutline)
}

// byOwner yields what each yields of an owner's sessions.
//
// It reads the whole index, without regard to the time: a node whose clock is
// ahead would otherwise not see sessions that are live on all others.
func (s *Store[T]) byOwner(ctx context.Context, owner string, each func(context.Context, []session.ID, yield[T], func(*session.Record[T]) bool) bool) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		if owner == "" {
			return
		}
		var members []string
		err, _ := within(ctx, s.patient, func() (err error) {
			members, err = s.client.ZRange(ctx, s.ownerKey(owner), 0, -1).Result()
			return err
		})
		if err != nil {
			yield(session.Record[T]{}, unavailable(err))
			return
		}
		each(ctx, s.ids(members), yield, func(rec *session.Record[T]) bool { return rec.Owner == owner })
	}
}

// A yield is a loop's body.
type yield[T any] = func(session.Record[T], error) bool

// All yields all live records, as [session.Lister] says.
//
// It goes through the whole keyspace by SCAN, which looks at every key, also of other
// programs, but never blocks Redis for long. SCAN yields every record that is there from
// its beginning to its end, perhaps twice. It may or may not yield a record that comes or
// goes in between. If another server takes a server's place in between, for example by a
// failover or a restart, All ends with an error.
//
// In a cluster it visits one master after the other. It may miss a record whose
// slot is moving. It needs a *redis.Client or a *redis.ClusterClient;
// otherwise the error is [session.ErrUnsupported].
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		before, err := s.slots(ctx)
		if err != nil {
			yield(session.Record[T]{}, err)
			return
		}
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
		after, err := s.slots(ctx)
		if err == nil && !slices.Equal(before, after) {
			err = unavailable(errAnother)
		}
		if err != nil {
			yield(session.Record[T]{}, err)
		}
	}
}

// errAnother says that a list is not whole.
var errAnother = errors.New("redisstore: another server took over while sessions were listed")

// slots says which servers of a cluster have which slots; nothing without a cluster.
func (k *keyspace) slots(ctx context.Context) (slots []string, err error) {
	c, ok := k.client.(*redis.ClusterClient)
	if !ok {
		return nil, nil
	}
	var found []any
	err, _ = within(ctx, k.patient, func() (err error) {
		c.ReloadState(ctx)
		found, err = c.Do(ctx, "cluster", "slots").Slice()
		return err
	})
	switch {
	case err == nil:
	case answered(err) && !noPermission(err): // the application says which servers there are
		return nil, nil
	default:
		return nil, unavailable(err)
	}
	for _, slot := range found {
		if slot, ok := slot.([]any); ok && len(slot) > 2 { // from, to, the primary, replicas
			slots = append(slots, fmt.Sprint(slot[:3]))
		}
	}
	slices.Sort(slots)
	return slots, nil
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
func (s *Store[T]) scan(ctx context.Context, node *redis.Client, yield yield[T]) bool {
	every := func(*session.Record[T]) bool { return true }
	var c cursor
	for !c.done {
		keys, err := c.next(ctx, node, s.patient, s.pattern())
		if err != nil {
			yield(session.Record[T]{}, unavailable(err))
			return false
		}
		if !s.each(ctx, s.ids(keys), yield, every) {
			return false
		}
	}
	return true
}

// A cursor goes through the keys of one server.
type cursor struct {
	at      uint64
	server  string // the name of its data's history
	scanned bool   // except for a last look at the server
	done    bool
}

// next returns some keys. With each step the server says, on the same connection, that
// it is the one with which the cursor began, after the records of the last step were read.
func (c *cursor) next(ctx context.Context, node *redis.Client, patient bool, pattern string) ([]string, error) {
	var info *redis.StringCmd
	var scan *redis.ScanCmd
	err, over := within(ctx, patient, func() error {
		_, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
			info = p.Info(ctx, "replication")
			if !c.scanned {
				scan = p.Scan(ctx, c.at, pattern, scanBatch)
			}
			return nil
		})
		return err
	})
	if err != nil && (!over || !answered(err) || info == nil) {
		return nil, err
	}
	switch server, err := history(info.Result()); {
	case err != nil:
		return nil, err
	case c.server == "":
		c.server = server
	case c.server != server:
		return nil, errAnother
	}
	if c.scanned {
		c.done = true
		return nil, nil
	}
	keys, at, err := scan.Result()
	c.at, c.scanned = at, at == 0
	return keys, err
}

// history returns the name of the history of a server's data, from what INFO says. A
// primary that became a replica, or was started again, has another.
func history(info string, err error) (string, error) {
	if err != nil && (!answered(err) || noPermission(err)) {
		return "", err
	}
	var role, id string
	for line := range strings.Lines(info) {
		switch name, text, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
		case "role":
			role = text
		case "master_replid":
			id = text
		}
	}
	return role + " " + id, nil
}

// pattern matches the keys of records, which have as many characters after the prefix as
// an ID has.
func (k *keyspace) pattern() string {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
	return escape.Replace(k.prefix) + strings.Repeat("?", len(session.ID{}.String()))
}

// each yields the wanted records with these IDs. It reports whether to go on.
//
// It reads the beginnings of many records together, and then longer records one by one,
// so that a caller can act on the first before all are there.
func (s *Store[T]) each(ctx context.Context, ids []session.ID, yield yield[T], want func(*session.Record[T]) bool) (more bool) {
	limit := s.cut()
	for batch := range slices.Chunk(ids, batchOf(limit)) {
		for i, part := range s.readAll(ctx, batch, limit) {
			rec, err := s.whole(ctx, batch[i], part, limit)
			if errors.Is(err, session.ErrNotFound) || err == nil && !want(&rec) {
				continue
			}
			if !yield(rec, err) || errors.Is(err, session.ErrUnavailable) {
				return false
			}
		}
	}
	return true
}

// outlineBytes is how much of a record is read for its outline. It holds an owner of
// some 200 bytes.
const outlineBytes = 512

// eachOutline is each without values.
func (s *Store[T]) eachOutline(ctx context.Context, ids []session.ID, yield yield[T], want func(*session.Record[T]) bool) (more bool) {
	for batch := range slices.Chunk(ids, batchOf(outlineBytes)) {
		for i, part := range s.readAll(ctx, batch, outlineBytes) {
			rec, err := s.outline(ctx, batch[i], part)
			if errors.Is(err, session.ErrNotFound) || err == nil && !want(&rec) {
				continue
			}
			if !yield(rec, err) || errors.Is(err, session.ErrUnavailable) {
				return false
			}
		}
	}
	return true
}

// Outline returns the record without its value, as [session.Outliner] says.
func (s *Store[T]) Outline(ctx context.Context, id session.ID) (session.Record[T], error) {
	data, err := s.head(ctx, id, outlineBytes, 0)
	return s.outline(ctx, id, part{data, err})
}

// outline reads the outline of a record of which the beginning was read.
func (s *Store[T]) outline(ctx context.Context, id session.ID, p part) (rec session.Record[T], err error) {
	for bytes, tries := outlineBytes, 0; ; tries++ {
		if p.err != nil && !answered(p.err) && tries == 0 {
			p.data, p.err = s.head(ctx, id, bytes, 1)
		}
		if p.err != nil {
			return rec, readError(id, p.err)
		}
		if len(p.data) == 0 {
			return rec, session.ErrNotFound
		}
		h, err := wire.ReadHeader(p.data)
		if err == nil && h.Size() > len(p.data) && tries == 0 {
			bytes = h.Size()
			p.data, p.err = s.head(ctx, id, bytes, 0)
			continue
		}
		rec, err := wire.Outline[T](p.data, id)
		if err == nil && passed(rec.Deadline) {
			err = session.ErrNotFound
		}
		return rec, err
	}
}

// head reads so many bytes of a record.
func (k *keyspace) head(ctx context.Context, id session.ID, bytes, tried int) ([]byte, error) {
	key := k.key(id)
	data, _, err := k.readKey(ctx, key, func() *redis.StringCmd { return redis.NewStringCmd(ctx, "getrange", key, 0, bytes-1) }, 0, tried)
	return data, err
}

// batchOf returns how many reads of so many bytes one pipeline has.
func batchOf(limit int) int {
	if limit == 0 {
		return 1
	}
	return min(maxBatch, maxBytes/limit)
}

// whole decodes a record of which the beginning was read, and reads it again if there
// is more of it or its reply was lost.
func (s *Store[T]) whole(ctx context.Context, id session.ID, p part, limit int) (session.Record[T], error) {
	data, err := p.data, p.err
	switch {
	case err == nil && len(data) == 0 && limit > 0:
		return session.Record[T]{}, session.ErrNotFound
	case len(data) == limit:
		data, err = s.get(ctx, id, 0)
	case !answered(err):
		data, err = s.get(ctx, id, 1)
	default:
		err = readError(id, err)
	}
	if err != nil {
		return session.Record[T]{}, err
	}
	return s.decode(data, id, anyone)
}

// A part is the beginning of a record, or why it could not be read.
type part struct {
	data []byte
	err  error
}

// readAll reads the beginnings of records in one pipeline.
func (k *keyspace) readAll(ctx context.Context, ids []session.ID, limit int) []part {
	parts := make([]part, len(ids))
	if limit == 0 {
		return parts
	}
	cmds := make([]read, len(ids))
	for i, id := range ids {
		cmds[i] = read{redis.NewStringCmd(ctx, "getrange", k.key(id), 0, limit-1)}
	}
	err, over := within(ctx, k.patient, func() error {
		_, err := k.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, cmd := range cmds {
				p.Process(ctx, cmd)
			}
			return nil
		})
		return err
	})
	for i, cmd := range cmds {
		switch {
		case !over:
			parts[i].err = err
		case cmd.Err() == nil && cmd.Val() == "" && !answered(err): // the pipeline failed, and did not say so of each
			parts[i].err = err
		default:
			parts[i].data, parts[i].err = cmd.Bytes()
		}
	}
	return parts
}
