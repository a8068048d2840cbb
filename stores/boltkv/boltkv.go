// Package boltkv keeps sessions in a bbolt file: durable, and without a server, for
// programs that run as one process.
//
//	backend, err := boltkv.Open("sessions.db", nil)
//	...
//	defer backend.Close()
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//
// A program that imports this package can also call stores.Open with the URL
// "bolt:sessions.db".
//
// A write is on the disk when it has returned. Writes that come while another one is
// being written share one transaction, so that hundreds of visitors cost few more
// waits for the disk than one. Sessions that have ended are removed by later writes.
package boltkv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// Options change how a file is opened. The zero Options is the default.
type Options struct {
	// Timeout is how long Open waits for another process that has the file open. Zero
	// means one second.
	Timeout time.Duration
}

// A Backend is a [kvstore.Lister] and a [kvstore.Watcher] in a bbolt database. Its methods
// are safe for concurrent use.
type Backend struct {
	db      *bbolt.DB
	bucket  []byte
	owned   bool
	writer  writer
	watched watchers.List[string]
}

func init() {
	kvstore.Register("bolt", func(_ context.Context, url string) (kvstore.Backend, error) {
		_, path, _ := strings.Cut(url, ":")
		b, err := Open(strings.TrimPrefix(path, "//"), nil)
		if err != nil { // not a nil *Backend in the interface
			return nil, err
		}
		return b, nil
	})
}

// Open opens the file, and creates it if there is none. If another process has it open,
// or it cannot be read, the error is a [session.ErrUnavailable].
func Open(path string, o *Options) (*Backend, error) {
	if path == "" {
		return nil, errors.New("boltkv: the path is empty")
	}
	timeout := time.Second
	if o != nil && o.Timeout != 0 {
		timeout = o.Timeout
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("%w: boltkv: %w", session.ErrUnavailable, err)
	}
	b, err := New(db, "sessions")
	if err != nil {
		db.Close()
		return nil, err
	}
	b.owned = true
	return b, nil
}

// New returns a backend in a bucket of a database that the program uses for other
// things too. The bucket must be the backend's own. The database stays the caller's.
func New(db *bbolt.DB, bucket string) (*Backend, error) {
	b := &Backend{db: db, bucket: []byte(bucket)}
	b.writer.write = b.writeAll
	err := db.Update(func(tx *bbolt.Tx) error {
		top, err := tx.CreateBucketIfNotExists(b.bucket)
		if err != nil {
			return err
		}
		_, keysErr := top.CreateBucketIfNotExists(keysName)
		_, endsErr := top.CreateBucketIfNotExists(endsName)
		return errors.Join(keysErr, endsErr)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: boltkv: %w", session.ErrUnavailable, err)
	}
	return b, nil
}

// Close closes the file, if Open has opened it.
func (b *Backend) Close() error {
	if !b.owned {
		return nil
	}
	return b.db.Close()
}

// The buckets within the backend's: the values by key, and for each key with an end the
// end and the key.
var keysName, endsName = []byte("keys"), []byte("ends")

// Get implements [kvstore.Backend].
func (b *Backend) Get(ctx context.Context, key string) (value []byte, version kvstore.Version, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	err = b.db.View(func(tx *bbolt.Tx) error {
		e := b.tables(tx).live([]byte(key), time.Now().UnixMilli())
		value, version = bytes.Clone(e.value), e.version
		return nil
	})
	return value, version, err
}

// Swap implements [kvstore.Backend].
func (b *Backend) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if len(value) == 0 { // an absent key has no end
		end = time.Time{}
	}
	s := &swap{key: []byte(key), old: old, value: value, end: millis(end), done: make(chan bool, 1)}
	if err := b.writer.do(ctx, s); err != nil {
		return false, err
	}
	return s.swapped, s.err
}

// writeAll carries out swaps in one transaction, and removes some keys that have ended.
func (b *Backend) writeAll(all []*swap) {
	err := b.db.Update(func(tx *bbolt.Tx) error {
		t, now := b.tables(tx), time.Now().UnixMilli()
		for _, s := range all {
			s.swapped, s.err = t.swap(s, now)
		}
		return t.dropEnded(now, 2*len(all)+8)
	})
	for _, s := range all {
		if err != nil {
			s.swapped, s.err = false, err
		}
		if s.swapped {
			b.watched.Changed(string(s.key))
		}
	}
}

// Watch implements [kvstore.Watcher]: no other process writes to the file.
func (b *Backend) Watch(key string, changed func()) (stop func()) { return b.watched.Add(key, changed) }

// Keys implements [kvstore.Lister].
func (b *Backend) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for from, more := []byte(prefix), true; more; {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			var page []string
			err := b.db.View(func(tx *bbolt.Tx) error {
				page = b.tables(tx).page(from, []byte(prefix), time.Now().UnixMilli())
				return nil
			})
			if err != nil {
				yield("", err)
				return
			}
			for _, key := range page {
				if !yield(key, nil) {
					return
				}
			}
			if more = len(page) == pageLen; more {
				from = append([]byte(page[pageLen-1]), 0)
			}
		}
	}
}

// pageLen is how many keys are read in one transaction.
const pageLen = 500

// tables are the backend's buckets within a transaction.
type tables struct{ keys, ends *bbolt.Bucket }

func (b *Backend) tables(tx *bbolt.Tx) tables {
	top := tx.Bucket(b.bucket)
	return tables{top.Bucket(keysName), top.Bucket(endsName)}
}

// An entry is what there is of a key. Its version is zero if there is nothing.
type entry struct {
	version kvstore.Version
	end     uint64 // in Unix milliseconds; zero for none
	value   []byte
}

// An entry's version and end are in the 16 bytes before its value.
const headLen = 16

func (t tables) entry(key []byte) (e entry) {
	data := t.keys.Get(key)
	if len(data) < headLen {
		return entry{}
	}
	return entry{kvstore.Version(binary.BigEndian.Uint64(data)), binary.BigEndian.Uint64(data[8:]), data[headLen:]}
}

func (e *entry) ended(now int64) bool { return e.end != 0 && e.end <= uint64(now) }

// live is entry for a key that has not ended.
func (t tables) live(key []byte, now int64) entry {
	if e := t.entry(key); !e.ended(now) {
		return e
	}
	return entry{}
}

func (t tables) swap(s *swap, now int64) (bool, error) {
	present := t.entry(s.key)
	version := present.version
	if present.ended(now) {
		version = 0
	}
	if version != s.old {
		return false, nil
	}
	if present.end != 0 && present.end != s.end {
		if err := t.ends.Delete(endKey(present.end, s.key)); err != nil {
			return false, err
		}
	}
	if len(s.value) == 0 {
		return true, t.keys.Delete(s.key)
	}
	next, err := t.keys.NextSequence()
	if err != nil {
		return false, err
	}
	data := make([]byte, headLen, headLen+len(s.value))
	binary.BigEndian.PutUint64(data, next)
	binary.BigEndian.PutUint64(data[8:], s.end)
	if s.end != 0 {
		err = t.ends.Put(endKey(s.end, s.key), nil)
	}
	return true, errors.Join(err, t.keys.Put(s.key, append(data, s.value...)))
}

// dropEnded removes keys that have ended, at most so many.
func (t tables) dropEnded(now int64, most int) error {
	c := t.ends.Cursor()
	for end, _ := c.First(); end != nil && most > 0 && binary.BigEndian.Uint64(end) <= uint64(now); end, _ = c.First() {
		if err := errors.Join(t.keys.Delete(end[8:]), c.Delete()); err != nil {
			return err
		}
		most--
	}
	return nil
}

// page returns the next keys with a prefix.
func (t tables) page(from, prefix []byte, now int64) (keys []string) {
	c := t.keys.Cursor()
	for key, _ := c.Seek(from); bytes.HasPrefix(key, prefix) && len(keys) < pageLen; key, _ = c.Next() {
		if e := t.entry(key); !e.ended(now) {
			keys = append(keys, string(key))
		}
	}
	return keys
}

func endKey(end uint64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), end), key...)
}

// millis returns an end in Unix milliseconds, at least one, and zero for none.
func millis(end time.Time) uint64 {
	if end.IsZero() {
		return 0
	}
	return uint64(max(end.UnixMilli(), 1))
}
