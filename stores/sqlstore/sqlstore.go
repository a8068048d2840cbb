package sqlstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// The values of a zero [Options].
const (
	DefaultTable          = "sessions"
	DefaultMaxRecordBytes = 1 << 20
)

// Options change how a [Store] works. The zero Options is the default.
type Options struct {
	// Table is the name of the table, of letters, digits and underscores. Empty means
	// [DefaultTable]. A table in another schema is "schema.table".
	Table string

	// CreateTable makes [New] create the table and its indexes if they are absent, and
	// call [Store.Check].
	CreateTable bool

	// MaxRecordBytes is how large a stored record may be. Zero means
	// [DefaultMaxRecordBytes]. MySQL takes at most 16 MiB - 1, the others 256 MiB.
	MaxRecordBytes int

	// PruneEvery lets a goroutine delete the rows that have ended, on this interval,
	// until [Store.Close]. Zero means that some creations delete a few. A negative
	// interval leaves it to the program: see [Store.Prune].
	PruneEvery time.Duration
}

// A Store is a [session.Store] in a table of a database, and a [session.Opener],
// [session.Indexer], [session.Lister], [session.Poller] and [session.Reaper] too. T is the type of the
// sessions' values. Its methods are safe for concurrent use.
//
// A Store must be made by [New] or [Open].
type Store[T any] struct {
	*statements
	codec codec.Codec[T]
	limit int
	owned bool // Close closes the database

	every   time.Duration
	closing context.Context
	close   context.CancelFunc
	debt    atomic.Int64 // creations since rows were last pruned
	pruned  atomic.Int64 // rows that ended earlier have gone
	rounds  atomic.Int64 // in which none was found
	reaped  watchers.Listeners[session.Event]
}

// New returns a store that keeps its sessions in a table of db. An empty dialect
// means that of the database's driver. Nil options are the default. The error joins
// all mistakes in the arguments.
//
// The database stays the caller's: New sends nothing, unless Options.CreateTable is
// set, and closes nothing.
func New[T any](db *sql.DB, d Dialect, c codec.Codec[T], o *Options) (*Store[T], error) {
	s, err := newStore(db, d, c, o)
	if err == nil && o != nil && o.CreateTable {
		err = s.createTable(context.Background())
	}
	if err != nil {
		return nil, err
	}
	s.begin()
	return s, nil
}

func newStore[T any](db *sql.DB, d Dialect, c codec.Codec[T], o *Options) (*Store[T], error) {
	if o == nil {
		o = new(Options)
	}
	table := cmp.Or(o.Table, DefaultTable)
	err := errors.Join(checkDatabase(db, &d), checkTable(table), checkCodec(c))
	if err := errors.Join(err, o.checkLimit(d)); err != nil {
		return nil, err
	}
	s := &Store[T]{statements: newStatements(db, d, table), codec: c, limit: cmp.Or(o.MaxRecordBytes, DefaultMaxRecordBytes), every: o.PruneEvery}
	s.closing, s.close = context.WithCancel(context.Background())
	return s, nil
}

// begin begins what the options ask for.
func (s *Store[T]) begin() {
	if s.every > 0 {
		go s.pruneAlways()
	}
}

// DB returns the database, for a transaction of the application's own.
func (s *Store[T]) DB() *sql.DB { return s.db }

// Close ends what the options let the store do by itself. It closes the database of a
// store that [Open] opened, and not the one that was given to [New].
func (s *Store[T]) Close() error {
	s.close()
	if !s.owned {
		return nil
	}
	return s.db.Close()
}

// checkDatabase finds the dialect if it is empty.
func checkDatabase(db *sql.DB, d *Dialect) (err error) {
	if db == nil {
		return errors.New("sqlstore: the database is nil")
	}
	if *d == "" {
		*d, err = dialectOf(db)
		return err
	}
	_, err = Schema(*d, DefaultTable)
	return err
}

func checkCodec[T any](c codec.Codec[T]) error {
	if c == nil {
		return errors.New("sqlstore: the codec is nil")
	}
	if c, ok := c.(codec.Checker); ok {
		return c.Check()
	}
	return nil
}

func (o *Options) checkLimit(d Dialect) error {
	most := math.MaxInt32
	if g := grammars[d]; g != nil {
		most = g.limit
	}
	if o.MaxRecordBytes < 0 || o.MaxRecordBytes > most {
		return fmt.Errorf("sqlstore: MaxRecordBytes is %d; it must be positive, at most %d, or zero for the default", o.MaxRecordBytes, most)
	}
	return nil
}

// ownerHash returns the value of the owner's column: it does not show the owner.
func ownerHash(owner string) any {
	if owner == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(owner))
	return sum[:]
}

// remaining returns the time until t in milliseconds, rounded up. For the zero time
// it is as long as the columns allow.
func remaining(t time.Time) int64 {
	if t.IsZero() {
		return farthest
	}
	left := time.Until(t)
	ms := left.Milliseconds()
	if left > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return min(ms, farthest)
}

// farthest is a time to live that never ends, in milliseconds.
const farthest = 1000 * 365 * 24 * 60 * 60 * 1000

func alive(ctx context.Context) error { return session.StoreError(ctx.Err()) }
