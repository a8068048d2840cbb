package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// Behind PgBouncer, each transaction may have another connection. The store's statements
// work there, and none of another program's is carried out in their place, in the modes
// that the drivers have for it.
func TestPgBouncer(t *testing.T) {
	for _, mode := range []struct{ name, driver, option string }{
		{"pgx, exec", "pgx", "default_query_exec_mode=exec"},
		{"pgx, simple protocol", "pgx", "default_query_exec_mode=simple_protocol"},
		{"lib/pq, binary parameters", "postgres", "binary_parameters=yes"},
	} {
		t.Run(mode.name, func(t *testing.T) {
			source := sqlserver.PgBouncer(t) + "&" + mode.option
			db, foreign := sqlserver.Connect(t, mode.driver, source), sqlserver.Connect(t, mode.driver, source)
			s, o := newStore(t, db, "sessions"), newOrders(t, db)
			must(t, s.Check(t.Context()))
			const visitors, rounds = 12, 15
			var all sync.WaitGroup
			for i := range visitors {
				token := created(t, s, cart{Customer: fmt.Sprint("customer ", i)})
				all.Go(func() {
					for range rounds {
						if err := visitBehind(db, s, token); err != nil {
							t.Error(err)
						}
					}
					visit, err := s.Load(context.Background(), token.ID())
					if n := len(visit.Value.Items); n != 2*rounds || err != nil {
						t.Errorf("%d items, %v, want %d", n, err, 2*rounds)
					}
				})
				all.Go(func() { // another program
					for k := range rounds {
						var n int
						if err := foreign.QueryRow("SELECT $1 + $2::int", i, k).Scan(&n); err != nil || n != i+k {
							t.Errorf("another program's statement: %d, %v", n, err)
						}
					}
				})
			}
			all.Wait()
			if n := len(o.all(t)); n != visitors*rounds {
				t.Errorf("%d orders", n)
			}
			listed := 0
			for _, err := range s.All(t.Context()) {
				must(t, err)
				listed++
			}
			if listed != visitors {
				t.Errorf("%d sessions", listed)
			}
			_, err := s.Prune(t.Context())
			must(t, err)
		})
	}
}

// visitBehind changes a session by itself and in a transaction.
func visitBehind(db *sql.DB, s *sqlstore.Store[cart], token session.Token) error {
	ctx := context.Background()
	rec, err := s.Load(ctx, token.ID())
	if err != nil {
		return err
	}
	rec.Value.Items = append(rec.Value.Items, "tea")
	if err := s.Save(ctx, &rec); err != nil {
		return err
	}
	return sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
		rec.Value.Items = append(rec.Value.Items, "cup")
		return errors.Join(s.Save(ctx, &rec), insertOrder(ctx, tx, []string{"cup"}))
	})
}
