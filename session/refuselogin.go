package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// An AtMax says who yields when an owner logs in who has [Policy.MaxPerOwner] sessions
// already.
type AtMax int

// The choices at the bound.
const (
	EndOldest   AtMax = iota // ends the session with the oldest log-in
	RefuseLogIn              // the log-in fails with [ErrTooManySessions]
)

// String returns the choice in the word of configurations: end_oldest or refuse_log_in.
func (a AtMax) String() string {
	switch a {
	case EndOldest:
		return "end_oldest"
	case RefuseLogIn:
		return "refuse_log_in"
	}
	return fmt.Sprintf("AtMax(%d)", int(a))
}

// MarshalText writes the choice's word.
func (a AtMax) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the choice from its word. No word means EndOldest.
func (a *AtMax) UnmarshalText(text []byte) error {
	switch string(text) {
	case "", "end_oldest":
		*a = EndOldest
	case "refuse_log_in":
		*a = RefuseLogIn
	default:
		return errors.New("session: an AtMax is end_oldest or refuse_log_in")
	}
	return nil
}

// A seat is the place of a log-in among its owner's sessions while it is being stored.
//
// Seats are in a note about the owner. A log-in reads the note, then the owner's
// sessions, and then replaces the note as it has read it. So log-ins of an owner take
// their seats one after another, and each has counted all seats before it: by the note
// or, once they are stored, by their sessions. A stored log-in leaves its seat. A
// process that dies first keeps its seat until no write of the log-in can arrive any
// more.
//
// The last seat that was left stays in the note. Otherwise the note could be deleted
// and made again, and a slow log-in that found no note could not tell.
type seat struct {
	holder uint64 // names the draft that has taken it
	id     ID     // of the session; zero when the seat was left
	until  int64  // in Unix milliseconds
}

const (
	seatLen  = 8 + len(ID{}) + 8
	maxSeats = maxTermsLen / seatLen
)

// A holding is the seat of a draft.
type holding struct {
	holder uint64
	owner  string
}

// takeSeat makes sure that the owner may have the session that is about to be stored.
// Else it returns [ErrTooManySessions].
func (c *commit[T]) takeSeat(ctx context.Context, rec *Record[T]) error {
	index, limited := c.limited(rec.Owner)
	if !limited || c.s.policy.AtMax != RefuseLogIn || rec.Owner == c.base.Owner {
		return nil
	}
	if h := c.draft.seat; h == nil || h.owner != rec.Owner {
		c.leaveSeat(ctx)
		c.draft.seat = &holding{rand.Uint64(), rec.Owner}
	}
	return c.editSeats(ctx, rec.ID, func(taken []seat) error {
		all, newer, err := readable(ctx, index, rec.Owner)
		if err != nil {
			return err
		}
		others := map[ID]bool{}
		for _, s := range taken {
			others[s.id] = true
		}
		for _, other := range all {
			others[other.ID] = true
		}
		if delete(others, rec.ID); len(others)+newer >= c.s.policy.MaxPerOwner {
			c.draft.seat = nil
			return ErrTooManySessions
		}
		return nil
	})
}

// leaveSeat gives up the draft's seat. If that fails, the seat stays until its time.
func (c *commit[T]) leaveSeat(ctx context.Context) {
	if c.draft.seat != nil {
		_ = c.editSeats(ctx, ID{}, func([]seat) error { return nil })
		c.draft.seat = nil
	}
}

// editSeats gives the draft a seat for the session with this ID, if allowed agrees
// about the others' seats. It tries again when another log-in was first.
func (c *commit[T]) editSeats(ctx context.Context, id ID, allowed func(taken []seat) error) error {
	held := *c.draft.seat
	noteID := noteID("seats", held.owner)
	timeout, _ := ctx.Deadline() // of the commit, which stores nothing later
	until := timeout.Add(maxSkew)
	for attempts := 1; ; attempts++ {
		at := now()
		note, err := look(ctx, c.s.store, noteID)
		if errors.Is(err, ErrNotFound) {
			note, err = Record[T]{ID: noteID, Created: at, Renewed: at}, nil
		}
		if err != nil {
			return err
		}
		taken := slices.DeleteFunc(note.Secrets.seats(), func(s seat) bool {
			return s.holder == held.holder || s.id.IsZero() || s.until <= at.UnixMilli()
		})
		if err := allowed(taken); err != nil {
			return err
		}
		note.Secrets = packSeats(append(taken, seat{held.holder, id, until.UnixMilli()}))
		note.Deadline = later(note.Deadline, until.UTC().Truncate(time.Millisecond))
		note.Expires = note.Deadline
		err = ErrConflict // as long as there are too many
		if len(taken) < maxSeats {
			err = StoreError(c.s.store.Save(ctx, &note))
		}
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, ErrConflict) && !errors.Is(err, ErrExists) && !errors.Is(err, ErrNotFound):
			return err
		case attempts >= maxAttempts:
			return fmt.Errorf("%w: other log-ins of the owner were first, %d times", ErrConflict, attempts)
		}
		if err := backOff(ctx, attempts); err != nil {
			return fmt.Errorf("%w: %w", ErrConflict, err)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// seats returns the seats in an owner's note.
func (s Secrets) seats() (list []seat) {
	for data := []byte(s.term(seatsTerm)); len(data) >= seatLen; data = data[seatLen:] {
		list = append(list, seat{
			binary.BigEndian.Uint64(data), ID(data[8 : seatLen-8]), int64(binary.BigEndian.Uint64(data[seatLen-8:])),
		})
	}
	return list
}

func packSeats(list []seat) Secrets {
	var data []byte
	for _, s := range list {
		data = binary.BigEndian.AppendUint64(data, s.holder)
		data = append(data, s.id[:]...)
		data = binary.BigEndian.AppendUint64(data, uint64(s.until))
	}
	return pack(0, nil, "").with(seatsTerm, string(data))
}
