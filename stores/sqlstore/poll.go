package sqlstore

import (
	"context"
	"errors"
	"slices"

	"github.com/seed48429006/sessions/session"
)

// Ended returns the IDs that are not live, as [session.Poller] says. It is one
// SELECT for 100 of them.
func (s *Store[T]) Ended(ctx context.Context, ids []session.ID) (ended []session.ID, err error) {
	for batch := range slices.Chunk(ids, pollSize) {
		if err := alive(ctx); err != nil {
			return ended, err
		}
		live, err := s.liveAmong(ctx, batch)
		if err != nil {
			return ended, unavailable(err)
		}
		for _, id := range batch {
			if !live[id] {
				ended = append(ended, id)
			}
		}
	}
	return ended, nil
}

// liveAmong returns the IDs that are live, of at most pollSize.
func (s *Store[T]) liveAmong(ctx context.Context, ids []session.ID) (live map[session.ID]bool, err error) {
	args := make([]any, pollSize)
	for i := range args { // the statement has always as many parameters; the last ID fills them
		args[i] = ids[min(i, len(ids)-1)][:]
	}
	stmt, err := s.live.get(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	live = make(map[session.ID]bool)
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		live[session.ID(id)] = true
	}
	return live, rows.Err()
}
