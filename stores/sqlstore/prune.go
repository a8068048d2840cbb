package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// headSize is how many bytes of a record are read to tell of its end: the header, the
// secrets, and all but the longest owners.
const headSize = 2048

// Prune deletes the rows that have ended, and returns how many. It deletes a few at a
// time and waits for nobody: a row that a transaction has locked stays for the next time.
//
// Options.PruneEvery lets the store do it. Without it, creations delete some rows now
// and then.
func (s *Store[T]) Prune(ctx context.Context) (deleted int64, err error) {
	for from := int64(0); ; {
		gone, err := s.reap(ctx, from)
		deleted += int64(len(gone.rows))
		if err != nil || len(gone.rows) < pruneBatch {
			return deleted, session.StoreError(err)
		}
		from = gone.last
	}
}

// pruneSome deletes a few rows. It goes on after those of the last time: beside an old
// snapshot, PostgreSQL's index keeps all that were deleted since, and would be read
// again and again. When it has come to the end, it begins anew sometimes, for rows that
// were locked. Others come: a failure needs no handling.
func (s *Store[T]) pruneSome(ctx context.Context) {
	gone, err := s.reap(ctx, s.pruned.Load())
	switch {
	case err != nil:
	case len(gone.rows) > 0:
		s.pruned.Store(gone.last)
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

// OnReaped tells of sessions that have timed out, as [session.Reaper] says, when
// [Store.Prune] or a creation deletes their rows. It does not tell of rows that are
// deleted in a transaction of the application, which may take that back.
func (s *Store[T]) OnReaped(reaped func(session.Event)) { s.reaped.Add(reaped) }

// reap deletes some rows, and tells of their sessions.
func (s *Store[T]) reap(ctx context.Context, from int64) (gone expired, err error) {
	tell := s.reaped.Any() && transactionOf(ctx) == nil
	if gone, err = s.expire(ctx, from, tell); err != nil {
		return expired{}, err
	}
	if !tell {
		return gone, nil
	}
	for _, r := range gone.rows {
		rec, err := wire.Outline[T](r.record, r.id)
		if err != nil {
			continue // nothing is known of it
		}
		rec.Expires = time.UnixMilli(r.expires).UTC()
		if event, ok := session.TimedOut(&rec); ok {
			s.reaped.Tell(event)
		}
	}
	return gone, nil
}

// Expired are rows that were deleted because they have ended.
type expired struct {
	rows []row
	last int64 // when the last of them ended
}

func (e *expired) scan(rows *sql.Rows) error {
	var r row
	var id []byte
	var ends int64
	err := rows.Scan(&ends, &id, &r.expires, &r.record)
	copy(r.id[:], id)
	e.rows, e.last = append(e.rows, r), max(e.last, ends)
	return err
}

// expire deletes up to pruneBatch rows that have ended at a time or later. It reads the
// beginnings of their records if tell is set.
func (s *statements) expire(ctx context.Context, from int64, tell bool) (gone expired, err error) {
	if s.bury != "" && transactionOf(ctx) == nil {
		err = Transact(ctx, s.db, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, func(ctx context.Context, _ *sql.Tx) (err error) {
			gone, err = s.expire(ctx, from, tell)
			return err
		})
		return gone, err
	}
	columns := "ends, id, expires, NULL"
	if tell {
		columns = fmt.Sprintf("ends, id, expires, substr(record, 1, %d)", headSize)
	}
	text := s.text(strings.ReplaceAll(s.prune, "{columns}", columns))
	err = s.run(ctx, func(tx Tx) error {
		found := expired{last: from}
		err := s.inTurn(ctx, tx, func(ctx context.Context) error { return each(ctx, tx, found.scan, text, []any{from}) })
		if err == nil {
			gone = found
		}
		return err
	})
	if err != nil || s.bury == "" || len(gone.rows) == 0 {
		return gone, err
	}
	return gone, s.buryAll(ctx, gone.rows)
}

// buryAll deletes rows by their primary keys: MySQL's DELETE waits for locks, also for
// those between the rows that it deletes.
func (s *statements) buryAll(ctx context.Context, rows []row) error {
	const one = "SELECT CAST(? AS BINARY(16)) AS id"
	ids := make([]any, len(rows))
	for i := range rows {
		ids[i] = rows[i].id[:]
	}
	all := strings.Repeat(one+" UNION ALL ", len(ids)-1) + one
	_, err := s.exec(ctx, s.text(strings.ReplaceAll(s.bury, "{ids}", all)), ids...)
	return err
}
