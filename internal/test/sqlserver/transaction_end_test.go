package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// asBefore fails if a session is not as it was created, at once.
func asBefore(t *testing.T, s session.Store[cart], visit *session.Session[cart], token session.Token) {
	t.Helper()
	now, _ := visit.Token()
	if !hooks.Of(visit).Settled() || !now.Equal(token) || len(visit.Value().Items) != 1 {
		t.Errorf("the session is not as before: settled %v, same token %v, %q", hooks.Of(visit).Settled(), now.Equal(token), visit.Value().Items)
	}
	if items := loaded(t, s, token).Value().Items; len(items) != 1 {
		t.Errorf("the store has %q", items)
	}
}

// empty renews a session and empties it, in a transaction.
func empty(ctx context.Context, visit *session.Session[cart]) error {
	visit.Renew()
	visit.Update(func(c *cart) { c.Items = nil })
	return visit.Commit(ctx)
}

// A constraint that fails at COMMIT is the database's own error, and no failure of it.
func TestADeferredConstraint(t *testing.T) {
	for _, d := range sqlserver.Databases {
		if d.Driver == "mysql" { // has none
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			db.SetMaxOpenConns(1)
			s := newStore(t, db, "sessions")
			if dialects[d.Driver] == sqlstore.SQLite {
				_, err := db.Exec("PRAGMA foreign_keys = on")
				must(t, err)
			}
			for _, text := range []string{"CREATE TABLE customers (id INT PRIMARY KEY)",
				"CREATE TABLE sales (customer INT REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED)"} {
				_, err := db.Exec(text)
				must(t, err)
			}
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				must(t, empty(ctx, visit))
				_, err := tx.ExecContext(ctx, "INSERT INTO sales VALUES (7)")
				return err
			})
			if err == nil || errors.Is(err, session.ErrUnavailable) || !strings.Contains(strings.ToLower(err.Error()), "foreign key") {
				t.Errorf("got %v", err)
			}
			asBefore(t, s, visit, token)
		})
	}
}

// A context that ends in a transaction rolls it back.
func TestATransactionsContextEnds(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, o := newStore(t, db, "sessions"), newOrders(t, db)
		for name, notices := range map[string]bool{"and do returns its error": true, "and do takes no notice": false} {
			t.Run(name, func(t *testing.T) {
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				ctx, cancel := context.WithCancel(t.Context())
				err := sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
					must(t, empty(ctx, visit))
					must(t, insertOrder(context.Background(), tx, []string{"tea"}))
					cancel()
					if notices {
						return ctx.Err()
					}
					return nil
				})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				asBefore(t, s, visit, token)
				if n := len(o.all(t)); n != 0 {
					t.Errorf("%d orders", n)
				}
			})
		}
	})
}

// An application that ends a transaction itself within Transact gets what it did.
func TestDoEndsTheTransaction(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		token := created(t, s, cart{"ada", []string{"tea"}})
		visit := loaded(t, s, token)
		err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
			must(t, empty(ctx, visit))
			return tx.Rollback()
		})
		if !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("got %v", err)
		}
		asBefore(t, s, visit, token)
		must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
			must(t, empty(ctx, visit))
			return tx.Commit()
		}))
		if len(visit.Value().Items) != 0 || !hooks.Of(visit).Settled() {
			t.Error("the session does not know that it is saved")
		}
	})
}

// pools are databases whose connections are few, or whose transactions take a lock when
// they begin.
func pools(t *testing.T, test func(t *testing.T, db *sql.DB, handlers int)) {
	for _, d := range sqlserver.Databases {
		for _, size := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, pool of %d", d.Name, size), func(t *testing.T) {
				source := d.Source(t)
				if dialects[d.Driver] == sqlstore.SQLite {
					source += "&_txlock=immediate"
				}
				db := sqlserver.Connect(t, d.Driver, source)
				db.SetMaxOpenConns(size)
				test(t, db, size)
			})
		}
	}
}

// A request can have a second transaction, however the first one ended.
func TestASecondTransaction(t *testing.T) {
	pools(t, func(t *testing.T, db *sql.DB, handlers int) {
		s := newStore(t, db, "sessions")
		firsts := map[string]func(ctx context.Context, tx *sql.Tx) error{
			"committed":   func(ctx context.Context, tx *sql.Tx) error { return nil },
			"refused":     func(ctx context.Context, tx *sql.Tx) error { return errRefused },
			"failed":      func(ctx context.Context, tx *sql.Tx) error { _, err := tx.ExecContext(ctx, "no SQL"); return err },
			"rolled back": func(ctx context.Context, tx *sql.Tx) error { return tx.Rollback() },
		}
		for name, first := range firsts {
			t.Run(name, func(t *testing.T) {
				var all sync.WaitGroup
				for range handlers {
					token := created(t, s, cart{"ada", []string{"tea"}})
					all.Go(func() {
						visit := loaded(t, s, token)
						ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
						defer cancel()
						err := sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
							visit.Update(func(c *cart) { c.Items = append(c.Items, "first") })
							return errors.Join(visit.Commit(ctx), first(ctx, tx))
						})
						if (err == nil) != (name == "committed") || errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("the first: %v", err)
						}
						err = sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
							visit.Update(func(c *cart) { c.Items = append(c.Items, "second") })
							return visit.Commit(ctx)
						})
						want := map[bool]int{true: 3, false: 2}[name == "committed"]
						if n := len(visit.Value().Items); err != nil || n != want {
							t.Errorf("the second: %d items, want %d, %v", n, want, err)
						}
						tx, err := db.BeginTx(ctx, nil)
						if err != nil {
							t.Error(err)
							return
						}
						joined := sqlstore.Join(tx)
						defer joined.Rollback()
						visit.Update(func(c *cart) { c.Items = append(c.Items, "third") })
						err = errors.Join(visit.Commit(joined.Context(ctx)), first(ctx, tx))
						if err != nil {
							err = errors.Join(err, tx.Rollback())
						} else {
							err = tx.Commit()
						}
						if err := joined.End(err); (err == nil) != (name == "committed") || errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("the third: %v", err)
						}
						if name == "committed" {
							want++
						}
						err = sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
							visit.Update(func(c *cart) { c.Items = append(c.Items, "fourth") })
							return visit.Commit(ctx)
						})
						if n := len(visit.Value().Items); err != nil || n != want+1 {
							t.Errorf("the fourth: %d items, want %d, %v", n, want+1, err)
						}
					})
				}
				all.Wait()
			})
		}
	})
}

func TestTransactWithinTransact(t *testing.T) {
	pools(t, func(t *testing.T, db *sql.DB, _ int) {
		must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
			err := sqlstore.Transact(ctx, db, nil, func(context.Context, *sql.Tx) error { return nil })
			if err == nil || errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "within a transaction") {
				t.Errorf("got %v", err)
			}
			return nil
		}))
	})
}

// A store takes part in a transaction of another pool, with warm statements or without.
func TestATransactionOfAnotherPool(t *testing.T) {
	for _, d := range sqlserver.Databases {
		t.Run(d.Name, func(t *testing.T) {
			source := d.Source(t)
			db, other := sqlserver.Connect(t, d.Driver, source), sqlserver.Connect(t, d.Driver, source)
			s := newStore(t, db, "sessions")
			for range 2 {
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				err := sqlstore.Transact(t.Context(), other, nil, func(ctx context.Context, _ *sql.Tx) error {
					return errors.Join(empty(ctx, visit), errRefused)
				})
				if !errors.Is(err, errRefused) {
					t.Errorf("got %v", err)
				}
				asBefore(t, s, visit, token)
				must(t, sqlstore.Transact(t.Context(), other, nil, func(ctx context.Context, _ *sql.Tx) error { return empty(ctx, visit) }))
			}
		})
	}
}

// Another attempt is right where another transaction was in the way: the error says so.
func TestErrAborted(t *testing.T) {
	aborted := func(t *testing.T, err error) {
		t.Helper()
		if !errors.Is(err, sqlstore.ErrAborted) || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
	nothing := func(context.Context, *sql.Tx) error { return nil }
	for _, d := range sqlserver.Databases {
		switch dialects[d.Driver] {
		case sqlstore.SQLite:
			t.Run(d.Name+", BEGIN IMMEDIATE", func(t *testing.T) {
				source := strings.NewReplacer("60000", "1").Replace(d.Source(t)) + "&_txlock=immediate"
				db := sqlserver.Connect(t, d.Driver, source)
				other, err := db.Begin()
				must(t, err)
				aborted(t, sqlstore.Transact(t.Context(), db, nil, nothing))
				must(t, other.Rollback())
				must(t, sqlstore.Transact(t.Context(), db, nil, nothing))
			})
		case sqlstore.PostgreSQL:
			t.Run(d.Name+", an order of the application's own", func(t *testing.T) {
				db := d.Open(t)
				o := newOrders(t, db)
				_, err := db.Exec("INSERT INTO orders VALUES ('ada', 'tea')")
				must(t, err)
				aborted(t, sqlstore.Transact(t.Context(), db, &sql.TxOptions{Isolation: sql.LevelRepeatableRead}, func(ctx context.Context, tx *sql.Tx) error {
					var n int
					must(t, tx.QueryRow("SELECT COUNT(*) FROM orders").Scan(&n))
					_, err := o.db.Exec("UPDATE orders SET items = 'cup'")
					must(t, err)
					_, err = tx.Exec("UPDATE orders SET items = 'pot'")
					return fmt.Errorf("my own words: %w", err)
				}))
			})
		}
	}
}

// So it is for statements of the application's own that met a lock or a deadlock, and
// whether they are in Transact or in a transaction that is joined.
func TestErrAbortedOfOwnStatements(t *testing.T) {
	for _, d := range sqlserver.Databases {
		t.Run(d.Name, func(t *testing.T) {
			source := strings.NewReplacer("60000", "1").Replace(d.Source(t))
			db, others := sqlserver.Connect(t, d.Driver, source), sqlserver.Connect(t, d.Driver, source)
			s, o := newStore(t, db, "sessions"), newOrders(t, db)
			_, err := db.Exec("INSERT INTO orders VALUES ('ada', 'tea')")
			must(t, err)
			prepare, statement := "", "UPDATE orders SET items = 'cup'"
			switch dialects[d.Driver] {
			case sqlstore.PostgreSQL:
				prepare = "SET LOCAL lock_timeout = 1"
			case sqlstore.MySQL:
				prepare = "SET innodb_lock_wait_timeout = 1"
			}
			work := func(tx *sql.Tx) error {
				other, err := others.Begin()
				must(t, err)
				defer other.Rollback()
				_, err = other.Exec("UPDATE orders SET items = 'pot'")
				must(t, err)
				if prepare != "" {
					_, err := tx.Exec(prepare)
					must(t, err)
				}
				if _, err = tx.Exec(statement); err != nil {
					return fmt.Errorf("my own words: %w", err)
				}
				return nil
			}
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			for name, transact := range map[string]func() error{
				"Transact": func() error {
					return sqlstore.Transact(t.Context(), db, nil, func(_ context.Context, tx *sql.Tx) error { return work(tx) })
				},
				"Join": func() error {
					tx, err := db.BeginTx(t.Context(), nil)
					must(t, err)
					joined := sqlstore.Join(tx)
					return joined.End(errors.Join(work(tx), tx.Rollback()))
				},
			} {
				if err := transact(); !errors.Is(err, sqlstore.ErrAborted) || !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("%s: got %v", name, err)
				}
				asBefore(t, s, visit, token)
			}
			if items := o.all(t); items[0] != "tea" {
				t.Errorf("the orders are %q", items)
			}
		})
	}
}

// Attempts as ErrAborted's example makes them get through, whatever is in their way.
func TestTransactionsThatAreTriedAgain(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		_, err := db.Exec("CREATE TABLE counters (n INT)")
		must(t, err)
		_, err = db.Exec("INSERT INTO counters VALUES (0)")
		must(t, err)
		s := newStore(t, db, "sessions")
		token := created(t, s, cart{Customer: "ada"})
		const workers, rounds = 4, 5
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for range rounds {
					visit := loaded(t, s, token)
					for {
						err := sqlstore.Transact(context.Background(), db, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(ctx context.Context, tx *sql.Tx) error {
							var n int
							if err := tx.QueryRowContext(ctx, "SELECT n FROM counters").Scan(&n); err != nil {
								return err
							}
							visit.Update(func(c *cart) { c.Items = append(c.Items, "tea") })
							if err := visit.Commit(ctx); err != nil {
								return err
							}
							_, err := tx.ExecContext(ctx, fmt.Sprint("UPDATE counters SET n = ", n+1))
							return err
						})
						if err == nil {
							break
						}
						if !errors.Is(err, sqlstore.ErrAborted) {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		all.Wait()
		var n int
		must(t, db.QueryRow("SELECT n FROM counters").Scan(&n))
		if items := len(loaded(t, s, token).Value().Items); n != workers*rounds || items != n {
			t.Errorf("counted %d, and %d items, want %d", n, items, workers*rounds)
		}
	})
}

// In a transaction, all that decides about other sessions sees the latest ones, and not
// those of the snapshot that MySQL's transactions have.
func TestATransactionSeesTheLatest(t *testing.T) {
	for _, d := range sqlserver.Databases {
		if dialects[d.Driver] == sqlstore.SQLite { // another write ends its transaction
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			s, o := newStore(t, db, "sessions"), newOrders(t, db)
			ended := created(t, s, cart{"ada", nil})
			var visit *session.Session[cart]
			must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				var n int
				must(t, tx.QueryRow("SELECT COUNT(*) FROM orders").Scan(&n)) // makes the snapshot
				_, err := o.db.Exec("INSERT INTO orders VALUES ('bob', 'tea')")
				must(t, err)
				must(t, s.Delete(context.Background(), ended.ID(), 0))
				latest := created(t, s, cart{"ada", nil})
				var found []session.ID
				for rec, err := range s.ByOwner(ctx, "ada") {
					must(t, err)
					found = append(found, rec.ID)
				}
				if len(found) != 1 || found[0] != latest.ID() {
					t.Errorf("ByOwner found %v, want %v", found, latest.ID())
				}
				for rec, err := range s.All(ctx) {
					if err != nil || rec.ID != latest.ID() {
						t.Errorf("All found %v, %v, want %v", rec.ID, err, latest.ID())
					}
				}
				if revs, err := s.Revisions(ctx, []session.ID{ended.ID(), latest.ID()}); err != nil || revs[0] != 0 || revs[1] == 0 {
					t.Errorf("Revisions: %v, %v", revs, err)
				}
				for id, want := range map[session.ID]bool{ended.ID(): false, latest.ID(): true} {
					if live, err := s.Exists(ctx, id); live != want || err != nil {
						t.Errorf("Exists: %v, %v, want %v", live, err, want)
					}
				}
				visit = session.New(session.Store[cart](s), &session.Policy{MaxPerOwner: 1})
				visit.LogIn(func(c *cart) { c.Customer = "ada" })
				return visit.Commit(ctx)
			}))
			n := 0
			for rec, err := range s.ByOwner(t.Context(), "ada") {
				must(t, err)
				if n++; rec.ID != visit.ID() {
					t.Error("MaxPerOwner has kept a session that the snapshot did not have")
				}
			}
			if n != 1 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// After SQLite is full, or a statement was interrupted, it may have rolled the
// transaction back, and would carry out what follows by itself.
func TestSQLiteEndsATransaction(t *testing.T) {
	for _, d := range sqlserver.Databases {
		if dialects[d.Driver] != sqlstore.SQLite {
			continue
		}
		for name, trouble := range map[string]struct{ begin, end string }{
			"full": {"PRAGMA max_page_count = 20", "PRAGMA max_page_count = 100000"},
			"interrupted": {"CREATE TRIGGER slow BEFORE UPDATE ON sessions BEGIN SELECT COUNT(*) FROM orders a, orders b, orders c, orders d, orders e, orders f, orders g; END",
				"DROP TRIGGER slow"},
		} {
			t.Run(d.Name+", "+name, func(t *testing.T) {
				db := d.Open(t)
				db.SetMaxOpenConns(1)
				s := newStore(t, db, "sessions")
				newOrders(t, db)
				for range 100 {
					_, err := db.Exec("INSERT INTO orders VALUES ('bob', 'tea')")
					must(t, err)
				}
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				_, err := db.Exec(trouble.begin)
				must(t, err)
				err = sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
					short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
					defer cancel()
					visit.Update(func(c *cart) { c.Items = []string{strings.Repeat("tea", 100_000)} })
					if err := visit.Commit(short); err == nil {
						t.Error("Commit returned nil")
					}
					if err := insertOrder(context.Background(), tx, []string{"by itself"}); err == nil {
						t.Error("a statement after it was carried out")
					}
					return nil // the application takes no notice
				})
				if err == nil {
					t.Error("Transact returned nil")
				}
				_, err = db.Exec(trouble.end)
				must(t, err)
				asBefore(t, s, visit, token)
				var n int
				must(t, db.QueryRow("SELECT COUNT(*) FROM orders").Scan(&n))
				if n != 100 {
					t.Errorf("%d orders", n)
				}
			})
		}
	}
}
