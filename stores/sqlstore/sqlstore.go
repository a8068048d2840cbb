package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

// The values of a zero [Options].
const (
	DefaultTable          = "sessions"
	DefaultMaxRecordBytes = 1 << 20
)

// Options change how a [Store] works. The zero Options is the default.
type Options struct {
	// Table is the name of the table, of letters, digits and underscores. Empty
	// means [DefaultTable].
	Table string

	// CreateTable makes [New] create the table and its indexes if they are absent.
	// New fails if another program's table has that name.
	CreateTable bool

	// MaxRecordBytes is how large a stored record may be. Zero means
	// [DefaultMaxRecordBytes]. MySQL takes at most 16 MiB - 1.
	MaxRecordBytes int
}

// A Store is a [session.Store] in a table of a database, and a [session.Indexer]
// and [session.Lister] too. T is the type of the sessions' values. Its methods are
// safe for concurrent use.
//
// A Store must be made by [New].
type Store[T any] struct {
	db    *sql.DB
	codec codec.Codec[T]
	limit int
	owned bool // Close closes db
	statements

	dialect Dialect
	table   string
}

// New returns a store that keeps its sessions in a table of db. An empty dialect
// means that of the database's driver. Nil options are the default. The error joins
// all mistakes in the arguments.
//
// The database stays the caller's: New sends nothing, unless Options.CreateTable is
// set, and closes nothing.
func New[T any](db *sql.DB, d Dialect, c codec.Codec[T], o *Options) (*Store[T], error) {
	if o == nil {
		o = new(Options)
	}
	table := o.Table
	if table == "" {
		table = DefaultTable
	}
	s := &Store[T]{db: db, codec: c, limit: o.MaxRecordBytes, table: table}
	if s.limit == 0 {
		s.limit = DefaultMaxRecordBytes
	}
	err := errors.Join(checkDatabase(db, &d), checkTable(table), checkCodec(c), o.checkLimit())
	if err != nil {
		return nil, err
	}
	s.dialect = d
	s.prepare(d, table)
	if o.CreateTable {
		if err := s.createTable(context.Background()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// createTable creates the table if it is absent. A table that is there needs no
// privilege to create one. Some databases do not complain about another table of the
// same name, so that the table is tried at the end.
func (s *Store[T]) createTable(ctx context.Context) error {
	_, err := s.Exists(ctx, session.ID{})
	if err == nil {
		return nil
	}
	for range 3 { // programs that start at once hinder each other
		if err = s.runSchema(ctx); err == nil {
			break
		}
	}
	if err == nil {
		if _, err = s.Exists(ctx, session.ID{}); err == nil {
			return nil
		}
		err = fmt.Errorf("is there another table of that name? %w", err)
	}
	if s.db.PingContext(ctx) == nil { // the database answers, and refuses
		return fmt.Errorf("sqlstore: creating the table %s: %v", s.table, err)
	}
	return fmt.Errorf("%w: creating the table %s: %w", session.ErrUnavailable, s.table, err)
}

func (s *Store[T]) runSchema(ctx context.Context) error {
	g := grammars[s.dialect]
	for _, text := range g.schema(s.dialect, s.table) {
		if _, err := s.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
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

func (o *Options) checkLimit() error {
	if o.MaxRecordBytes < 0 || o.MaxRecordBytes > math.MaxInt32 {
		return fmt.Errorf("sqlstore: MaxRecordBytes is %d; it must be positive, or zero for the default", o.MaxRecordBytes)
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

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}

func alive(ctx context.Context) error { return unavailable(ctx.Err()) }
