package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A log-in in a transaction that is still open has a place: another log-in waits for the
// transaction's end, and is refused only if it was committed.
func TestARefusedLogInBesideATransaction(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		policy := &session.Policy{MaxPerOwner: 1, AtMax: session.RefuseLogIn, SaveTimeout: time.Minute}
		for _, test := range []struct{ ends, want error }{{errRefused, nil}, {nil, session.ErrTooManySessions}} {
			for rec, err := range s.ByOwner(t.Context(), "ada") {
				must(t, err)
				must(t, s.Delete(t.Context(), rec.ID, 0))
			}
			logIn := func(ctx context.Context) error {
				visit := session.New[cart](s, policy)
				visit.LogIn(func(c *cart) { c.Customer = "ada" })
				return visit.Commit(ctx)
			}
			other := make(chan error, 1)
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
				must(t, logIn(ctx))
				go func() { other <- logIn(t.Context()) }()
				return test.ends
			})
			if !errors.Is(err, test.ends) {
				t.Error(err)
			}
			if err := <-other; !errors.Is(err, test.want) {
				t.Errorf("when the transaction has ended with %v: %v", test.ends, err)
			}
		}
	})
}
