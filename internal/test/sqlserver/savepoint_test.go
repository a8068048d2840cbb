package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/pgxtx"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// partly checks that the end of a transaction told of a session that was not saved, and
// that the session is what the store has.
func partly(t *testing.T, err error, s session.Store[cart], visit *session.Session[cart], token session.Token, items int) {
	t.Helper()
	if !errors.Is(err, session.ErrUnsupported) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if n := len(loaded(t, s, token).Value().Items); n != items {
		t.Errorf("the store has %d items, want %d", n, items)
	}
	if !hooks.Of(visit).Settled() {
		t.Error("the session waits")
	}
	visit.Update(func(c *cart) { c.Items = append(c.Items, "pot") })
	must(t, visit.Commit(t.Context()))
	if n := len(loaded(t, s, token).Value().Items); n != items+1 || len(visit.Value().Items) != n {
		t.Errorf("the next change makes %d items, and %d in the session, want %d", n, len(visit.Value().Items), items+1)
	}
}

// Transactions that go back to a savepoint lose the sessions that they saved since. They
// never end as if these were saved.
func TestSavepoints(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		for name, first := range map[string]bool{"before the first commit": false, "between two commits": true} {
			t.Run(name, func(t *testing.T) {
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				add := func(ctx context.Context) {
					visit.Update(func(c *cart) { c.Items = append(c.Items, "cup") })
					must(t, visit.Commit(ctx))
				}
				err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
					if first {
						add(ctx)
					}
					_, err := tx.Exec("SAVEPOINT here")
					must(t, err)
					add(ctx)
					_, err = tx.Exec("ROLLBACK TO SAVEPOINT here")
					return err
				})
				partly(t, err, s, visit, token, 1) // all is rolled back
			})
		}
		t.Run("not gone back to", func(t *testing.T) {
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.Exec("SAVEPOINT here")
				must(t, err)
				must(t, empty(ctx, visit))
				_, err = tx.Exec("RELEASE SAVEPOINT here")
				return err
			}))
			if n := len(visit.Value().Items); n != 0 {
				t.Errorf("the session has %d items", n)
			}
		})
		t.Run("a log-out that is taken back", func(t *testing.T) {
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.Exec("SAVEPOINT here")
				must(t, err)
				visit.Destroy()
				must(t, visit.Commit(ctx))
				_, err = tx.Exec("ROLLBACK TO SAVEPOINT here")
				return err
			})
			if !errors.Is(err, session.ErrUnsupported) {
				t.Errorf("got %v", err)
			}
			must(t, visit.Commit(t.Context()))
			if live, err := s.Exists(t.Context(), token.ID()); live || err != nil {
				t.Errorf("a destroyed session lives: %v, %v", live, err)
			}
		})
	})
}

// The end of a nested transaction is not the end of the one that it is in.
func TestNestedTransactions(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), sqlserver.Find("PostgreSQL by pgx").Source(t))
	must(t, err)
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	s := newStore(t, db, "sessions")
	byGorm, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), &gorm.Config{Logger: logger.Discard})
	must(t, err)
	add := func(ctx context.Context, visit *session.Session[cart]) error {
		visit.Update(func(c *cart) { c.Items = append(c.Items, "cup") })
		return visit.Commit(ctx)
	}
	for name, nested := range map[string]func(context.Context, *session.Session[cart]) error{
		"gorm": func(ctx context.Context, visit *session.Session[cart]) (ended error) {
			byGorm.WithContext(ctx).Transaction(func(outer *gorm.DB) error {
				var t *sqlstore.Transaction
				err := outer.Transaction(func(inner *gorm.DB) error {
					t = sqlstore.Join(inner.Statement.ConnPool)
					return add(t.Context(ctx), visit)
				})
				ended = t.End(err)
				return ended
			})
			return ended
		},
		"pgx": func(ctx context.Context, visit *session.Session[cart]) error {
			outer, err := pool.Begin(ctx)
			if err != nil {
				return err
			}
			defer outer.Rollback(ctx)
			inner, err := outer.Begin(ctx)
			if err != nil {
				return err
			}
			t := pgxtx.Join(inner)
			defer t.Rollback()
			return add(t.Context(ctx), visit) // fails at once
		},
	} {
		t.Run(name, func(t *testing.T) {
			token := created(t, s, cart{name, []string{"tea"}})
			visit := loaded(t, s, token)
			partly(t, nested(t.Context(), visit), s, visit, token, 1)
		})
	}
}
