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

// Whatever is done with others' sessions in a transaction is reported when it has been
// committed, and not at all if it is rolled back.
func TestEventsInATransaction(t *testing.T) {
	acts := map[string]func(ctx context.Context, m *sessions.Manager[cart], s session.Store[cart], id session.ID) error{
		"Edit": func(ctx context.Context, m *sessions.Manager[cart], _ session.Store[cart], id session.ID) error {
			return m.Edit(ctx, id, func(c *cart) { c.Items = []string{"cup"} })
		},
		"End": func(ctx context.Context, m *sessions.Manager[cart], _ session.Store[cart], id session.ID) error {
			return m.End(ctx, id, sessions.ReasonRevoked)
		},
		"EndAll": func(ctx context.Context, m *sessions.Manager[cart], _ session.Store[cart], _ session.ID) error {
			_, err := m.EndAll(ctx, sessions.ReasonRevoked)
			return err
		},
		"UpdateOwner": func(ctx context.Context, m *sessions.Manager[cart], _ session.Store[cart], _ session.ID) error {
			_, err := m.UpdateOwner(ctx, "ada", func(c *cart) { c.Items = []string{"cup"} })
			return err
		},
		"MaxPerOwner": func(ctx context.Context, m *sessions.Manager[cart], _ session.Store[cart], _ session.ID) error {
			visit, err := m.Open(ctx, "")
			if err != nil {
				return err
			}
			visit.LogIn(func(c *cart) { c.Customer = "ada" })
			return visit.Commit(ctx)
		},
	}
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		s := newStore(t, db, "sessions")
		var mu sync.Mutex
		var events []sessions.Event
		m, err := sessions.New[cart](s, &sessions.Options{MaxPerOwner: 1, Logger: slog.New(slog.DiscardHandler), Observe: func(_ context.Context, e sessions.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind != session.EventLoaded {
				events = append(events, e)
			}
		}})
		must(t, err)
		for name, act := range acts {
			id := created(t, s, cart{Customer: "ada"}).ID()
			for _, ends := range []error{errRefused, nil} {
				events = nil
				err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
					must(t, act(ctx, m, s, id))
					if len(events) != 0 {
						t.Errorf("%s: %d events before the end: %v", name, len(events), events)
					}
					return ends
				})
				if !errors.Is(err, ends) {
					t.Errorf("%s: %v", name, err)
				}
				if (len(events) == 0) != (ends != nil) {
					t.Errorf("%s: %d events after the end with %v: %v", name, len(events), ends, events)
				}
			}
			_, err := m.EndAll(t.Context(), sessions.ReasonRevoked)
			must(t, err)
		}
	})
}

// Many sessions can be ended in a transaction on the pool's only connection.
func TestManyRevocationsInAPoolOfOne(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		s := newStore(t, db, "sessions")
		m, err := sessions.New[cart](s, nil)
		must(t, err)
		for range 120 {
			created(t, s, cart{Customer: "ada"})
		}
		must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
			if n, err := m.RevokeAll(ctx, "ada", ""); n != 120 || err != nil {
				t.Errorf("RevokeAll: %d, %v", n, err)
			}
			return nil
		}))
		if n := rowsOf(t, db, "sessions"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}
