package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore/internal/near"
)

// The bounds of a [NearCache] that does not say otherwise.
const (
	DefaultNearBytes = 64 << 20
	DefaultMaxStale  = time.Second
)

// maxMaxStale bounds MaxStale: package session takes a session that it has just
// seen for one that no other request can have renewed long ago.
const maxMaxStale = 2 * time.Second

// A NearCache keeps copies of records in the process, so that a request which reads a
// session costs no command and no decoding. Redis tells which records change. The section
// "Near cache" of the package's documentation says how, and how old a copy can be. The
// zero NearCache keeps nothing.
type NearCache struct {
	// Records is how many records are kept at most, the recently used ones. Zero
	// means none.
	Records int

	// Bytes bounds the size of the records that are kept, as they are in Redis;
	// decoded they often take twice as much. A record larger than a sixteenth of
	// it may not be kept. Zero means [DefaultNearBytes].
	Bytes int

	// MaxStale bounds how long a copy may be served after its session changed. Copies
	// are that old only if the connection on which Redis tells of changes is cut,
	// silent or frozen. Otherwise it is the time that the message takes. Zero means
	// [DefaultMaxStale]. The least is 10 milliseconds, and the most 2 seconds.
	MaxStale time.Duration
}

func (o *NearCache) check(client redis.Cmdable) error {
	if *o == (NearCache{}) {
		return nil
	}
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("redisstore: NearCache"+format, args...))
		}
	}
	refuse(o.Records <= 0, ".Records must be positive: %d", o.Records)
	refuse(o.Bytes < 0, ".Bytes is negative: %d", o.Bytes)
	refuse(o.MaxStale != 0 && (o.MaxStale < 10*time.Millisecond || o.MaxStale > maxMaxStale),
		".MaxStale must be between 10ms and %v: %v", maxMaxStale, o.MaxStale)
	if _, ok := client.(*redis.Client); checkClient(client) == nil {
		refuse(!ok, " needs a *redis.Client, of one server or of Sentinel: a %T does not have one server that tells of all changes", client)
	}
	return errors.Join(errs...)
}

// nearOf takes the parameter near_cache out of a URL and puts it into the options.
func nearOf(rawURL string, o *Options) (string, *Options, error) {
	before, query, _ := strings.Cut(rawURL, "?")
	var others []string
	for part := range strings.SplitSeq(query, "&") {
		text, ours := strings.CutPrefix(part, "near_cache=")
		if !ours {
			others = append(others, part)
			continue
		}
		records, err := strconv.Atoi(text)
		if err != nil || records < 0 {
			return "", nil, errors.New("redisstore: the URL's near_cache is not a number of records")
		}
		with := Options{}
		if o != nil {
			with = *o
		}
		if with.NearCache.Records = records; records == 0 {
			with.NearCache = NearCache{}
		}
		o = &with
	}
	if rest := strings.Join(others, "&"); rest != "" {
		before += "?" + rest
	}
	return before, o, nil
}

// nearRecord is the size of the largest record that is kept, and goes over the near
// cache's connection: larger ones would delay the others.
const nearRecord = 64 << 10

// A nearby is a store's near cache. A nil one keeps nothing.
type nearby[T any] struct {
	*near.Cache[T]
	tracker  *near.Tracker
	prefix   string
	watchers *watchers.List[session.ID]
}

// startNear starts the near cache that the options ask for, nil if none.
func startNear[T any](o *Options, client redis.Cmdable, prefix string, watchers *watchers.List[session.ID]) *nearby[T] {
	c := o.NearCache
	if c.Records == 0 {
		return nil
	}
	if c.Bytes == 0 {
		c.Bytes = DefaultNearBytes
	}
	if c.MaxStale == 0 {
		c.MaxStale = DefaultMaxStale
	}
	n := &nearby[T]{Cache: near.NewCache[T](c.Records, c.Bytes), prefix: prefix, watchers: watchers}
	n.tracker = near.Start(client.(*redis.Client), prefix, c.MaxStale, n, o.logger())
	return n
}

// Open returns the record of a session as it is, or as it was a moment ago if there is
// a near cache. See [session.Opener].
func (s *Store[T]) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (rec session.Record[T], copied bool, err error) {
	if s.near == nil {
		rec, err = s.load(ctx, id, accepts, 0)
		return rec, false, err
	}
	if err := ctx.Err(); err != nil {
		return rec, false, unavailable(err)
	}
	if found := s.lookUp(id, accepts); found != nil {
		return *found, true, nil
	}
	rec, err = s.openNear(ctx, id, accepts)
	return rec, false, err
}

// lookUp returns the copy of a record, nil if there is none that may be served.
func (s *Store[T]) lookUp(id session.ID, accepts func(session.Secrets) bool) *session.Record[T] {
	now := time.Now()
	if !s.near.tracker.Trusted(now) {
		return nil
	}
	found, ok := s.near.Get(id, now)
	switch {
	case !ok:
		return nil
	case found.Record == nil:
		rec, accepted, err := s.decodeFor(found.Data, id, accepts)
		if err != nil || !accepted {
			return nil
		}
		s.near.Decoded(id, found, &rec)
		return &rec
	case passed(found.Record.Deadline) || !accepts(found.Record.Secrets):
		return nil
	}
	return found.Record
}

// decodeFor is decode that reports whether accepts was asked and agreed.
func (s *Store[T]) decodeFor(data []byte, id session.ID, accepts func(session.Secrets) bool) (rec session.Record[T], accepted bool, err error) {
	rec, err = s.decode(data, id, func(secrets session.Secrets) bool {
		accepted = accepts(secrets)
		return accepted
	})
	return rec, accepted, err
}

// openNear is load over the near cache's connection, which keeps a copy.
func (s *Store[T]) openNear(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (rec session.Record[T], err error) {
	read, tried := s.near.read(ctx, s.key(id), id)
	if !read.ok {
		return s.load(ctx, id, accepts, tried)
	}
	if read.absent {
		return rec, session.ErrNotFound
	}
	rec, accepted, err := s.decodeFor(read.Data, id, accepts)
	if err == nil && accepted {
		s.near.Decoded(id, read.Copy, &rec)
	}
	return rec, err
}

// A nearRead is a record that was read, or that there is none. If it is not ok, that
// needs another way.
type nearRead[T any] struct {
	near.Copy[T]
	absent, ok bool
}

// read reads a record and keeps a copy. It returns how often it has tried in vain. The
// connection may not answer, or the record be too large for it.
func (n *nearby[T]) read(ctx context.Context, key string, id session.ID) (_ nearRead[T], tried int) {
	epoch, live := n.Begin(id)
	if !live || !n.tracker.Ready() {
		return nearRead[T]{}, 0
	}
	type result struct {
		nearRead[T]
		tried int
	}
	back := make(chan result, 1)
	sent, left := time.Now(), int64(0)
	reply := func(v near.Reply, err error) {
		data := []byte(v.Text)
		read := near.Copy[T]{Data: data, Size: len(data), Until: sent.Add(time.Duration(left) * time.Millisecond)}
		switch {
		case err != nil:
			back <- result{tried: 1}
			return
		case v.Err() != nil || len(data) > nearRecord:
			n.Cache.Changed(id)
			back <- result{}
			return
		case len(data) == 0:
			n.Cache.Changed(id)
			back <- result{nearRead[T]{absent: true, ok: left == absentTTL}, 0}
			return
		}
		if h, err := wire.ReadHeader(data); err == nil && left > 0 {
			if h.Expires.Before(read.Until) { // Redis's clock, and this one's
				read.Until = h.Expires
			}
			n.Put(id, epoch, read)
		}
		back <- result{nearRead[T]{Copy: read, ok: true}, 0}
	}
	if !n.tracker.Send(
		near.Command{Then: func(v near.Reply, _ error) { left = v.Int() }, Args: []any{"PTTL", key}},
		near.Command{Then: reply, Args: []any{"GETRANGE", key, "0", int64(nearRecord)}},
	) {
		return nearRead[T]{}, 0
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case got := <-back:
		return got.nearRead, got.tried
	case <-ctx.Done(): // load says so
	case <-timer.C:
	}
	return nearRead[T]{}, 1
}

// absentTTL is PTTL's reply for a key that does not exist.
const absentTTL = -2

// wrote forgets a record, unless the cache knows what its write has done. It may have
// taken another way than the near cache's connection, or be under way there.
func (n *nearby[T]) wrote(id session.ID, by *sender) {
	if by == nil || !by.known {
		n.drop(id)
	}
}

// drop forgets a record that was written by another way than over the near cache's
// connection.
func (n *nearby[T]) drop(id session.ID) {
	if n != nil {
		n.Drop(id)
	}
}

// saw forgets the copy of a record that was just read, if it has another revision, which
// is zero if the record was not found. The next caller must not see an older state than
// this one.
func (n *nearby[T]) saw(id session.ID, rev session.Revision) {
	if n != nil {
		n.DropUnless(id, func(c *near.Copy[T]) bool { return revisionOf(c) == rev })
	}
}

func revisionOf[T any](c *near.Copy[T]) session.Revision {
	if c.Record != nil {
		return c.Record.Revision
	}
	h, _ := wire.ReadHeader(c.Data)
	return h.Revision
}

// A sender sends scripts over the near cache's connection. A nil one sends nothing.
type sender struct {
	send  func(ctx context.Context, name, script string, c call) (cmd once, sent bool)
	known bool // the cache knows the outcome of the last script, or else its record must be dropped
}

// writer returns the sender of a script that writes a record. If the script succeeds,
// change says which copy is kept.
func (n *nearby[T]) writer(id session.ID, change func(before near.Copy[T], ok bool) (near.Copy[T], bool)) *sender {
	if n == nil {
		return nil
	}
	by := new(sender)
	by.send = func(ctx context.Context, name, script string, c call) (cmd once, sent bool) {
		epoch, live := n.Begin(id)
		if !live || !n.tracker.Ready() {
			return cmd, false
		}
		cmd = newCommand(ctx, name, script, c, tracked)
		type result struct {
			reply near.Reply
			err   error
		}
		back := make(chan result, 1)
		then := func(v near.Reply, err error) {
			if err == nil && v.Kind == ':' && status(v.Int()) == ok {
				n.Update(id, epoch, change)
			} else {
				n.Cache.Changed(id)
			}
			back <- result{v, err}
		}
		if !n.tracker.Send(near.Command{Then: then, Args: cmd.Args()}) {
			return cmd, false
		}
		select {
		case got := <-back:
			if got.err == nil {
				got.err = got.reply.Err()
			}
			if cmd.SetErr(got.err); got.err == nil {
				cmd.SetVal(got.reply.Int())
				by.known = true
			}
		case <-ctx.Done():
			cmd.SetErr(ctx.Err())
		}
		return cmd, true
	}
	return by
}

// touched returns the copy of a record whose expiry has been moved.
func touched[T any](c near.Copy[T], expires, until time.Time) near.Copy[T] {
	c.Until = until
	if c.Record == nil {
		h, err := wire.ReadHeader(c.Data)
		if err != nil {
			return c
		}
		data := bytes.Clone(c.Data)
		copy(data[expiresOffset:], wire.AppendExpires(nil, soonest(expires, h.Deadline)))
		c.Data = data
		return c
	}
	rec := *c.Record
	rec.Expires = soonest(expires, rec.Deadline).UTC().Truncate(time.Millisecond)
	c.Record = &rec
	return c
}

// expiresOffset is where a record has its expiry.
const expiresOffset = 10

// soonest returns the time, or the deadline if that comes before.
func soonest(t, deadline time.Time) time.Time {
	if !deadline.IsZero() && t.After(deadline) {
		return deadline
	}
	return t
}

// Started is called when Redis tells of changes from now on. Earlier changes are not
// known, so all watches are told.
func (n *nearby[T]) Started() {
	n.Cache.Started()
	n.followAll()
}

// Changed is called when a key has changed.
func (n *nearby[T]) Changed(key string) {
	id, err := session.ParseID(strings.TrimPrefix(key, n.prefix))
	if err != nil {
		return
	}
	n.Cache.Changed(id)
	if n.watchers.Has(id) {
		n.follow(id)
	}
}

// ChangedAll is called when all keys are gone.
func (n *nearby[T]) ChangedAll() {
	n.Cache.ChangedAll()
	n.followAll()
}

func (n *nearby[T]) followAll() {
	for _, id := range n.watchers.IDs() {
		n.follow(id)
	}
}

// follow has Redis tell of the next change of a watched session. Earlier changes are not
// known, so its watches are told.
func (n *nearby[T]) follow(id session.ID) {
	tell := func(near.Reply, error) { n.watchers.Changed(id) }
	if !n.tracker.Send(near.Command{Then: tell, Args: []any{"GETRANGE", n.prefix + id.String(), "0", "0"}}) {
		n.watchers.Changed(id) // the connection is lost or slow: Started is called for the next one
	}
}
