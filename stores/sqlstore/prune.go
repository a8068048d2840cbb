package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Prune deletes the rows that have ended, and returns how many. It deletes a few at a
// time and waits for nobody: a row that a transaction has locked stays for the next time.
//
// Options.PruneEvery lets the store do it. Without it, creations delete some rows now
// and then.
func (s *Store[T]) Prune(ctx context.Context) (deleted int64, err error) {
	for from := int64(0); ; {
		n, last, err := s.expire(ctx, from)
		deleted += n
		if err != nil || n < pruneBatch {
			return deleted, session.StoreError(err)
		}
		from = last
	}
}

// pruneSome deletes a few rows. It goes on after those of the last time: beside an old
// snapshot, PostgreSQL's index keeps all that were deleted since, and would be read
// again and again. When it has come to the end, it begins anew sometimes, for rows that
// were locked. Others come: a failure needs no handling.
func (s *Store[T]) pruneSome(ctx context.Context) {
	n, last, err := s.expire(ctx, s.pruned.Load())
	switch {
	case err != nil:
	case n > 0:
		s.pruned.Store(last)
	case s.rounds.Add(1)%pruneBatch == 0:
		s.pruned.Store(0)
	}
}

// pruneAlways prunes on an interval until the store is closed.
func (s *Store[T]) pruneAlways() {
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			ctx, cancel := context.WithTimeout(s.closing, s.every)
			s.Prune(ctx) // or the next time
			cancel()
		case <-s.closing.Done():
			return
		}
	}
}

// expire deletes up to pruneBatch rows that have ended at a time or later. It returns
// how many, and the last of their times.
func (s *statements) expire(ctx context.Context, from int64) (n, last int64, err error) {
	switch s.dialect {
	case MySQL:
		return s.expireByID(ctx, from)
	case SQLite:
		n, err = s.exec(ctx, s.text(s.grammar.prune), int64(0))
		return n, 0, err
	}
	err = s.query(ctx, func() { n, last = 0, from }, func(rows *sql.Rows) error {
		var ends int64
		err := rows.Scan(&ends)
		n, last = n+1, max(last, ends)
		return err
	}, s.text(s.grammar.prune), from)
	return n, last, err
}

// expireByID does so in a transaction: MySQL's DELETE waits for locks, also for those
// between the rows that it deletes.
func (s *statements) expireByID(ctx context.Context, from int64) (n, last int64, err error) {
	if transactionOf(ctx) == nil {
		err = Transact(ctx, s.db, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, func(ctx context.Context, _ *sql.Tx) (err error) {
			n, last, err = s.expireByID(ctx, from)
			return err
		})
		return n, last, err
	}
	var ids []any
	err = s.run(ctx, func(tx Tx) error {
		return each(ctx, tx, func(rows *sql.Rows) error {
			var id []byte
			err := rows.Scan(&id, &last)
			ids = append(ids, id)
			return err
		}, s.text(s.expired), []any{from})
	})
	if err != nil || len(ids) == 0 {
		return 0, from, err
	}
	const one = "SELECT CAST(? AS BINARY(16)) AS id"
	rows := strings.Repeat(one+" UNION ALL ", len(ids)-1) + one
	n, err = s.exec(ctx, s.text(strings.ReplaceAll(s.bury, "{ids}", rows)), ids...)
	return n, last, err
}
