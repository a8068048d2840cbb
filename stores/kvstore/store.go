package kvstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// DefaultMaxRecordBytes is the limit of a record's size unless [Options] or the backend
// has another.
const DefaultMaxRecordBytes = 1 << 20

// Options change how a [Store] works. The zero Options is the default.
type Options struct {
	// MaxRecordBytes is how large a stored record may be, its owner and the encoding's
	// overhead included. A larger one is neither written nor decoded. Zero means
	// [DefaultMaxRecordBytes]. If the backend has a lower limit, that holds.
	MaxRecordBytes int
}

// A Store is a [session.Store] on a [Backend], and a [session.Opener], [session.Poller]
// and [session.Watcher] too. Its methods are safe for concurrent use. It must be made by
// [New].
type Store[T any] struct {
	keyspace
	backend Backend
	lister  Lister // nil if the backend is none
	codec   codec.Codec[T]
	limit   int // of a record's bytes

	watchers watchers.List[session.ID] // unless the backend is a Watcher
}

// New returns a store that keeps its sessions in the backend, under keys that begin with
// the namespace. Two stores that share a backend need different namespaces, unless
// they are to share the sessions. Nil options are the default.
//
// The store is a [*ListStore] if the backend is a [Lister], and a [*Store] otherwise. The
// backend stays the caller's. The error joins all mistakes in the arguments and, if the
// codec can tell, in T.
func New[T any](backend Backend, namespace string, c codec.Codec[T], o *Options) (session.Store[T], error) {
	if o == nil {
		o = new(Options)
	}
	if err := errors.Join(checkBackend(backend), checkNamespace(namespace), checkCodec(c), o.check()); err != nil {
		return nil, err
	}
	s := &Store[T]{keyspace: keyspace{namespace + "."}, backend: backend, codec: c, limit: o.MaxRecordBytes}
	if s.limit == 0 {
		s.limit = DefaultMaxRecordBytes
	}
	if bounded, ok := backend.(interface{ MaxValueBytes() int }); ok {
		s.limit = min(s.limit, bounded.MaxValueBytes())
	}
	if lister, ok := backend.(Lister); ok {
		s.lister = lister
		return &ListStore[T]{Store: s}, nil
	}
	return s, nil
}

func (o *Options) check() error {
	if o.MaxRecordBytes < 0 {
		return fmt.Errorf("kvstore: MaxRecordBytes is negative: %d", o.MaxRecordBytes)
	}
	return nil
}

func checkBackend(backend Backend) error {
	if v := reflect.ValueOf(backend); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("kvstore: the backend is nil")
	}
	return nil
}

func checkCodec[T any](c codec.Codec[T]) error {
	if c == nil {
		return errors.New("kvstore: the codec is nil")
	}
	if c, ok := c.(codec.Checker); ok {
		return c.Check()
	}
	return nil
}

// Close closes the backend, if it can be closed. It is for stores that package stores
// has opened: the backend of another store is the caller's.
func (s *Store[T]) Close() error {
	if c, ok := s.backend.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Load returns the record of a session, as [session.Store] says. It is one Get.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, _, err := s.Open(ctx, id, anyone)
	return rec, err
}

// anyone accepts the secrets of every record.
func anyone(session.Secrets) bool { return true }

// Open is [Store.Load] that does not decode the value if accepts refuses the secrets,
// as [session.Opener] says. It never returns a copy.
func (s *Store[T]) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (rec session.Record[T], copied bool, err error) {
	found, err := s.get(ctx, id)
	if err == nil && !found.live() {
		err = session.ErrNotFound
	}
	if err != nil {
		return rec, false, err
	}
	rec, err = s.decode(id, found.data, accepts)
	return rec, false, err
}

func (s *Store[T]) decode(id session.ID, data []byte, accepts func(session.Secrets) bool) (session.Record[T], error) {
	if len(data) > s.limit {
		return session.Record[T]{}, &session.DecodeError{ID: id, Err: session.ErrTooLarge}
	}
	return wire.OpenRecord(data, id, s.codec, accepts)
}

// Exists reports whether there is a live record, as [session.Store] says. A record that
// cannot be read counts as live.
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	found, err := s.get(ctx, id)
	return err == nil && found.live(), err
}

// Revisions returns the revisions of records, as [session.Poller] says. It is one Get
// for each.
func (s *Store[T]) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	revs := make([]session.Revision, len(ids))
	for i, id := range ids {
		found, err := s.get(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case found.live():
			revs[i] = found.revision()
		}
	}
	return revs, nil
}

// Watch calls changed when the session changes or ends, as [session.Watcher] says. If the
// backend is not a [Watcher], ok is false, and the store tells of its own writes only. A
// manager learns of other processes' writes when it next asks, after its WatchInterval at
// most.
func (s *Store[T]) Watch(id session.ID, changed func()) (stop func(), ok bool) {
	if w, ok := s.backend.(Watcher); ok {
		return w.Watch(s.record(id), changed), true
	}
	return s.watchers.Add(id, changed), false
}

// A stored value is the backend's value under a record's key.
type stored struct {
	data    []byte
	version Version // zero if there is nothing
	header  wire.Header
	err     error // why the header cannot be read
}

// get returns a session as the backend has it.
func (s *Store[T]) get(ctx context.Context, id session.ID) (found stored, err error) {
	if err := ctx.Err(); err != nil {
		return found, unavailable(err)
	}
	found.data, found.version, err = s.backend.Get(ctx, s.record(id))
	if err != nil {
		return stored{}, unavailable(err)
	}
	if found.version != 0 {
		found.header, found.err = wire.ReadHeader(found.data)
	}
	return found, nil
}

// live reports whether the record has not ended. One whose header cannot be read lives
// until the backend drops it.
func (f *stored) live() bool {
	return f.version != 0 && (f.err != nil || endOf(f.header.Expires, f.header.Deadline).After(time.Now()))
}

// unread is the revision of a record whose header cannot be read.
const unread session.Revision = math.MaxUint64

func (f *stored) revision() session.Revision {
	if f.err != nil {
		return unread
	}
	return f.header.Revision
}

// owner returns the record's owner, or nothing if it cannot be read.
func (f *stored) owner() string {
	if f.version == 0 || f.err != nil {
		return ""
	}
	owner, _ := f.header.Owner(f.data)
	return owner
}

// endOf returns when a record ends.
func endOf(expires, deadline time.Time) time.Time {
	if deadline.IsZero() || expires.Before(deadline) {
		return expires
	}
	return deadline
}

// unavailable wraps an error of the backend.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}
