package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// Sessions that are ended in a transaction are reported when it has been committed.
func TestRevocationsInATransaction(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		var mu sync.Mutex
		var revoked []session.ID
		m, err := sessions.New[cart](s, &sessions.Options{Logger: slog.New(slog.DiscardHandler), Observe: func(_ context.Context, e sessions.Event) {
			if mu.Lock(); e.Kind == session.EventRevoked {
				revoked = append(revoked, e.ID)
			}
			mu.Unlock()
		}})
		must(t, err)
		one, two, three := created(t, s, cart{Customer: "ada"}).ID(), created(t, s, cart{Customer: "ada"}).ID(), created(t, s, cart{Customer: "ada"}).ID()
		for _, want := range []error{errRefused, nil} {
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
				must(t, m.Revoke(ctx, "ada", one, ""))
				if n, err := m.RevokeAll(ctx, "ada", "", two); n != 1 || err != nil {
					t.Errorf("RevokeAll: %d, %v", n, err)
				}
				if len(revoked) != 0 {
					t.Errorf("%d are reported before the end", len(revoked))
				}
				return want
			})
			if !errors.Is(err, want) {
				t.Error(err)
			}
			if want != nil && len(revoked) != 0 {
				t.Errorf("%d are reported after a rollback", len(revoked))
			}
		}
		if !slices.Equal(revoked, []session.ID{one, three}) {
			t.Errorf("reported %v, want %v and %v", revoked, one, three)
		}
	})
}
