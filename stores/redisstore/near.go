package redisstore

import (
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

// A NearCache keeps copies of records in the process, so that a request which reads
// a session costs no command and no decoding. Redis tells which records change. The
// section "Near cache" of the package's documentation says how, and what a request
// may see. The zero NearCache keeps nothing.
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
		with.NearCache.Records = records
		o = &with
	}
	if rest := strings.Join(others, "&"); rest != "" {
		before += "?" + rest
	}
	return before, o, nil
}

// A nearby is a store's near cache. A nil one keeps nothing.
type nearby[T any] struct {
	*near.Cache[T]
	tracker  *near.Tracker
	prefix   string
	watchers watchers.List
}

// startNear starts the near cache that the options ask for, nil if none.
func startNear[T any](o *Options, client redis.Cmdable, prefix string) *nearby[T] {
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
	n := &nearby[T]{Cache: near.NewCache[T](c.Records, c.Bytes), prefix: prefix}
	n.tracker = near.Start(client.(*redis.Client), prefix, c.MaxStale, n, o.logger())
	return n
}

// LoadCached returns the record of a session as it is, or as it was a moment ago if
// there is a near cache. See [session.CachedLoader].
func (s *Store[T]) LoadCached(ctx context.Context, id session.ID) (rec session.Record[T], cached bool, err error) {
	if s.near == nil {
		rec, err = s.Load(ctx, id)
		return rec, false, err
	}
	if err := ctx.Err(); err != nil {
		return rec, false, unavailable(err)
	}
	if found := s.lookUp(id); found != nil {
		return *found, true, nil
	}
	rec, err = s.loadNear(ctx, id)
	return rec, false, err
}

// lookUp returns the copy of a record, nil if there is none that may be served.
func (s *Store[T]) lookUp(id session.ID) *session.Record[T] {
	now := time.Now()
	if !s.near.tracker.Trusted(now) {
		return nil
	}
	found, ok := s.near.Get(id, now)
	if ok && found.Record == nil {
		rec, err := s.decode(found.Data, id)
		if err != nil {
			return nil
		}
		found.Record = &rec
		s.near.Decoded(id, found, &rec)
	}
	if !ok || passed(found.Record.Deadline) {
		return nil
	}
	return found.Record
}

// loadNear is Load, and keeps a copy.
func (s *Store[T]) loadNear(ctx context.Context, id session.ID) (session.Record[T], error) {
	ticket := s.near.Begin(id)
	if !ticket.Live {
		return s.Load(ctx, id)
	}
	kept := false
	defer func() {
		if !kept {
			s.near.End(id, ticket)
		}
	}()
	sent := time.Now()
	data, ttl, err := s.getWithTTL(ctx, id)
	if err != nil {
		s.near.saw(id, 0)
		return session.Record[T]{}, err
	}
	rec, err := s.decode(data, id)
	ttl = min(ttl, time.Until(rec.Expires)) // Redis's clock, and this one's
	if kept = err == nil && ttl > 0; kept {
		s.near.Put(id, ticket, near.Copy[T]{Record: &rec, Revision: rec.Revision, Size: len(data), Until: sent.Add(ttl)})
	}
	return rec, err
}

// drop forgets a record that is about to be written or was. It returns the copy if
// there was one.
func (n *nearby[T]) drop(id session.ID) (near.Copy[T], bool) {
	if n == nil {
		return near.Copy[T]{}, false
	}
	return n.Drop(id)
}

// saw forgets a record that was just read and has another revision, zero if it was
// not found: what a caller has seen must not be undone for the next.
func (n *nearby[T]) saw(id session.ID, rev session.Revision) {
	if n != nil {
		n.DropUnless(id, rev)
	}
}

// wrote keeps a record that this store has written. Redis is asked whether it still
// is the present one, since it tells of this write as of any other.
func (n *nearby[T]) wrote(id session.ID, written near.Copy[T], expires time.Time) {
	if n == nil {
		return
	}
	confirm := n.PutWritten(id, written)
	if confirm == nil {
		return
	}
	asked := n.tracker.Ask(n.prefix+id.String(), wire.HeaderSize, func(head string) {
		h, err := wire.ReadHeader([]byte(head))
		confirm(err == nil && !h.Retired && h.Revision == written.Revision && h.Expires.UnixMilli() == expires.UnixMilli())
	})
	if !asked {
		confirm(false)
	}
}

// touched keeps a copy of a record whose expiry this store has moved.
func (n *nearby[T]) touched(id session.ID, held near.Copy[T], expires, until time.Time) {
	if held.Record == nil {
		return
	}
	rec := *held.Record
	rec.Expires = expires.UTC().Truncate(time.Millisecond)
	if !rec.Deadline.IsZero() && rec.Expires.After(rec.Deadline) {
		rec.Expires = rec.Deadline
	}
	held.Record, held.Until = &rec, until
	n.wrote(id, held, rec.Expires)
}

// Started is called when Redis tells of changes from now on. Those before are not
// known, so that all who watch are told.
func (n *nearby[T]) Started() {
	n.Cache.Started()
	n.watchers.All()
}

// Changed is called when a key has changed.
func (n *nearby[T]) Changed(key string) {
	if id, err := session.ParseID(strings.TrimPrefix(key, n.prefix)); err == nil {
		n.Cache.Changed(id)
		n.watchers.Ended(id)
	}
}

// ChangedAll is called when all keys are gone.
func (n *nearby[T]) ChangedAll() {
	n.Cache.ChangedAll()
	n.watchers.All()
}
