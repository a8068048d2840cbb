package session_test

import (
	"context"
	"slices"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/interleave"
)

type others = []func(context.Context, session.Store[state]) error

// In every order of two checkouts in transactions and a request that adds an item:
// each item that was added is ordered once or still in the cart, also if a
// transaction is rolled back or a call fails.
func TestEveryOrderOfCheckouts(t *testing.T) {
	rollBack := func(x *tx) error { x.rollback(); return errDown }
	for name, test := range map[string]struct {
		end       func(*tx) error
		checkouts int
		faults    []interleave.Fault
	}{
		"committed":               {(*tx).commit, 2, nil},
		"rolled back":             {rollBack, 2, nil},
		"committed, with a fault": {(*tx).commit, 1, []interleave.Fault{interleave.Fails}},
	} {
		t.Run(name, func(t *testing.T) {
			var store *txStore
			var token session.Token
			var ordered, added []string
			checkout := func(ctx context.Context, gated session.Store[state]) error {
				s, err := session.Load(ctx, gated, nil, token)
				if err != nil {
					return err
				}
				var items []string
				x := store.begin()
				s.Update(func(v *state) { items, v.Notes = v.Notes, nil })
				err = s.Commit(session.WithTransaction(ctx, x))
				interleave.Part(ctx, "end", func() error {
					if err != nil {
						x.rollback()
					} else if err = test.end(x); err == nil {
						ordered = append(ordered, items...)
					}
					return nil
				})
				return s.Commit(ctx) // the middleware's
			}
			add := func(ctx context.Context, gated session.Store[state]) error {
				s, err := session.Load(ctx, gated, nil, token)
				if err != nil {
					return err
				}
				s.Update(func(v *state) { v.Notes = append(v.Notes, "b") })
				if err = s.Commit(ctx); err == nil {
					added = append(added, "b")
				}
				return err
			}
			actors := append(slices.Repeat(others{checkout}, test.checkouts), add)
			interleave.Overlap[state]{
				Store: func() session.Store[state] {
					store, ordered, added = newTxStore(), nil, []string{"a"}
					token = stored(t, store, state{Notes: []string{"a"}})
					return store
				},
				Others: actors,
				Faults: test.faults,
			}.Run(t, func(tb testing.TB, out interleave.Outcome[state]) {
				all := append(slices.Clone(ordered), load(t, store, token).Value().Notes...)
				slices.Sort(all)
				if !slices.Equal(all, added) {
					tb.Errorf("added %q; ordered %q and %q are left", added, ordered, load(t, store, token).Value().Notes)
				}
			})
		})
	}
}
