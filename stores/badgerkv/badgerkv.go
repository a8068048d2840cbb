// Package badgerkv keeps sessions in a Badger database: durable, and without a server,
// for programs that run as one process.
//
//	backend, err := badgerkv.Open("sessions", nil)
//	...
//	defer backend.Close()
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//
// A program that imports this package can also call stores.Open with the URL
// "badger:sessions".
//
// A write is on the disk when it has returned, unless [Options] say otherwise. Badger
// drops sessions that have ended when it compacts its files, in goroutines of its own,
// until [Backend.Close].
package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// Options change how a database is opened. The zero Options is the default.
type Options struct {
	// Unsynced lets a write return before it is on the disk. A machine that loses power
	// then loses the last writes, log-outs among them.
	Unsynced bool
}

// A Backend is a [kvstore.Lister] and a [kvstore.Watcher] in a Badger database. Its methods
// are safe for concurrent use.
type Backend struct {
	db      *badger.DB
	owned   bool
	watched watchers.List[string]
}

func init() {
	kvstore.Register("badger", func(_ context.Context, url string) (kvstore.Backend, error) {
		_, path, _ := strings.Cut(url, ":")
		b, err := Open(strings.TrimPrefix(path, "//"), nil)
		if err != nil { // not a nil *Backend in the interface
			return nil, err
		}
		return b, nil
	})
}

// Open opens the database in a folder, and creates it if there is none. If another
// process has it open, or it cannot be read, the error is a [session.ErrUnavailable].
func Open(folder string, o *Options) (*Backend, error) {
	if folder == "" {
		return nil, errors.New("badgerkv: the folder's path is empty")
	}
	options := badger.DefaultOptions(folder).WithLoggingLevel(badger.WARNING)
	options.SyncWrites = o == nil || !o.Unsynced
	db, err := badger.Open(options)
	if err != nil {
		return nil, fmt.Errorf("%w: badgerkv: %w", session.ErrUnavailable, err)
	}
	return &Backend{db: db, owned: true}, nil
}

// New returns a backend in a database that the program uses for other things too. The
// keys of sessions begin with the store's namespace and a dot. The database must detect
// conflicts, as it does by default. It stays the caller's. All stores in it must use this
// one backend, which tells of the writes that it makes.
func New(db *badger.DB) (*Backend, error) {
	if !db.Opts().DetectConflicts {
		return nil, errors.New("badgerkv: the database does not detect conflicts")
	}
	return &Backend{db: db}, nil
}

// Close closes the database, if Open has opened it.
func (b *Backend) Close() error {
	if !b.owned {
		return nil
	}
	return b.db.Close()
}

// Get implements [kvstore.Backend].
func (b *Backend) Get(ctx context.Context, key string) (value []byte, version kvstore.Version, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	err = b.db.View(func(tx *badger.Txn) error {
		item, err := tx.Get([]byte(key))
		if err != nil {
			return err
		}
		version = kvstore.Version(item.Version())
		value, err = item.ValueCopy(nil)
		return err
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, 0, nil
	}
	return value, version, err
}

// Swap implements [kvstore.Backend].
func (b *Backend) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (swapped bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err = b.db.Update(func(tx *badger.Txn) error {
		var version kvstore.Version
		item, err := tx.Get([]byte(key))
		switch {
		case err == nil:
			version = kvstore.Version(item.Version())
		case !errors.Is(err, badger.ErrKeyNotFound):
			return err
		}
		if swapped = version == old; !swapped {
			return nil
		}
		if len(value) == 0 {
			return tx.Delete([]byte(key))
		}
		entry := badger.NewEntry([]byte(key), value)
		if !end.IsZero() {
			entry.ExpiresAt = uint64(max(end.Unix()+1, 1)) // whole seconds, and not before the end
		}
		return tx.SetEntry(entry)
	})
	if errors.Is(err, badger.ErrConflict) { // with a transaction that was first
		return false, nil
	}
	if swapped {
		b.watched.Changed(key) // also if it is not known whether it was written
	}
	return swapped && err == nil, err
}

// Watch implements [kvstore.Watcher]: no other process writes to the database.
func (b *Backend) Watch(key string, changed func()) (stop func()) { return b.watched.Add(key, changed) }

// Keys implements [kvstore.Lister]. It yields what there was when it began.
func (b *Backend) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		tx := b.db.NewTransaction(false)
		defer tx.Discard()
		options := badger.DefaultIteratorOptions
		options.PrefetchValues = false
		options.Prefix = []byte(prefix)
		it := tx.NewIterator(options)
		defer it.Close()
		if err := ctx.Err(); err != nil {
			yield("", err)
			return
		}
		for it.Rewind(); it.Valid(); it.Next() {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			if !yield(string(it.Item().Key()), nil) {
				return
			}
		}
	}
}
