package kvstore

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/seed48429006/sessions/session"
)

// settled is how old a note must be to be removed if it leads nowhere: older than the
// clocks of two processes can differ, and than a Save can take between a note and its
// record.
const settled = 2 * time.Hour

// needsNote reports whether an owner's note of a record is to be written before the
// record is.
func needsNote(found *stored, owner string, deadline time.Time) bool {
	return !found.live() || found.owner() != owner || !found.header.Deadline.Equal(deadline)
}

// putNote notes that a session has an owner. The note outlives the record.
func (s *Store[T]) putNote(ctx context.Context, owner string, id session.ID, deadline time.Time) error {
	key, end := s.note(owner, id), deadline
	if !end.IsZero() {
		end = end.Add(settled)
	}
	for {
		if err := ctx.Err(); err != nil {
			return unavailable(err)
		}
		_, version, err := s.backend.Get(ctx, key)
		if err != nil {
			return unavailable(err)
		}
		value := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
		swapped, err := s.backend.Swap(ctx, key, version, value, end)
		if err != nil {
			return unavailable(err)
		}
		if swapped {
			return nil
		}
	}
}

// forgetting returns a function that removes the note of the owner that a record had, if
// the next one is another. The note is looked for now, before the record changes: it
// stays if it is written again before the function runs, because the record has that
// owner again. If the note cannot be removed, lists remove it later.
func (s *Store[T]) forgetting(ctx context.Context, id session.ID, found *stored, next string) func() {
	former := found.owner()
	if s.lister == nil || former == "" || former == next {
		return func() {}
	}
	key := s.note(former, id)
	_, version, err := s.backend.Get(ctx, key)
	if err != nil || version == 0 {
		return func() {}
	}
	return func() { s.backend.Swap(ctx, key, version, nil, time.Time{}) }
}

// prune removes a note that leads nowhere, unless it is new: the record may follow it. It
// reports whether it did.
func (s *Store[T]) prune(ctx context.Context, key string) (bool, error) {
	value, version, err := s.backend.Get(ctx, key)
	if err != nil || version == 0 {
		return false, unavailable(err)
	}
	if len(value) == 8 && time.Since(time.UnixMilli(int64(binary.BigEndian.Uint64(value)))) < settled {
		return false, nil
	}
	removed, err := s.backend.Swap(ctx, key, version, nil, time.Time{})
	return removed, unavailable(err)
}
