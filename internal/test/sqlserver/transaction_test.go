package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// orders is a table of the application's own beside the sessions.
type orders struct{ db *sql.DB }

func newOrders(t *testing.T, db *sql.DB) orders {
	t.Helper()
	_, err := db.Exec("CREATE TABLE orders (customer VARCHAR(100), items VARCHAR(1000))")
	must(t, err)
	return orders{db}
}

func insertOrder(ctx context.Context, tx *sql.Tx, items []string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO orders (customer, items) VALUES ('ada', '"+strings.Join(items, ",")+"')")
	return err
}

func (o orders) all(t *testing.T) (items []string) {
	t.Helper()
	rows, err := o.db.Query("SELECT items FROM orders ORDER BY items")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var list string
		must(t, rows.Scan(&list))
		items = append(items, strings.Split(list, ",")...)
	}
	must(t, rows.Err())
	return items
}

func loaded(t testing.TB, s session.Store[cart], token session.Token) *session.Session[cart] {
	t.Helper()
	visit, err := session.Load(context.Background(), s, nil, token, time.Time{})
	must(t, err)
	return visit
}

var (
	errRefused = errors.New("the payment is refused")

	// endings are the ways in which a transaction ends.
	endings = map[string]func(*sqlstore.Transaction, *sql.Tx) error{
		"commit":   func(t *sqlstore.Transaction, tx *sql.Tx) error { return t.End(tx.Commit()) },
		"rollback": func(t *sqlstore.Transaction, _ *sql.Tx) error { return t.Rollback() },
		"rollback by a function that failed": func(t *sqlstore.Transaction, tx *sql.Tx) error {
			if err := t.End(errors.Join(errRefused, tx.Rollback())); !errors.Is(err, errRefused) {
				return fmt.Errorf("End returned %v", err)
			}
			return nil
		},
		"commit, and End later by a deferred Rollback": func(t *sqlstore.Transaction, tx *sql.Tx) error {
			return errors.Join(tx.Commit(), t.Rollback())
		},
	}

	// changes are those of a session of one item.
	changes = map[string]func(*session.Session[cart]){
		"update":  func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items = nil }) },
		"renewal": func(s *session.Session[cart]) { s.Renew(); s.Update(func(c *cart) { c.Items = nil }) },
		"log-in":  func(s *session.Session[cart]) { s.LogIn(func(c *cart) { c.Customer, c.Items = "bob", nil }) },
		"log-out": (*session.Session[cart]).Destroy,
	}
)

// Session and order are both there or neither.
func TestASessionInTheApplicationsTransaction(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, o := newStore(t, db, "sessions"), newOrders(t, db)
		for end, ends := range endings {
			for name, change := range changes {
				t.Run(end+" of a "+name, func(t *testing.T) {
					ctx := t.Context()
					token := created(t, s, cart{"ada", []string{"tea"}})
					visit, before := loaded(t, s, token), len(o.all(t))
					tx, err := db.BeginTx(ctx, nil)
					must(t, err)
					defer tx.Rollback()
					within := sqlstore.Join(tx)
					change(visit)
					must(t, visit.Commit(within.Context(ctx)))
					must(t, insertOrder(ctx, tx, []string{"tea"}))
					if err := visit.Commit(ctx); !errors.Is(err, session.ErrUnavailable) {
						t.Errorf("before the end: got %v", err)
					}
					must(t, ends(within, tx))
					must(t, visit.Commit(ctx))

					kept := strings.HasPrefix(end, "commit")
					if n := len(o.all(t)) - before; (n == 1) != kept {
						t.Errorf("%d orders", n)
					}
					now, there := visit.Token()
					if name == "log-out" {
						if live, err := s.Exists(ctx, token.ID()); live || there || err != nil {
							t.Errorf("a destroyed session lives: %v, %v", live, err)
						}
						return
					}
					if now.Equal(token) != (!kept || name == "update") {
						t.Error("the session has the wrong token")
					}
					if got := loaded(t, s, now).Value().Items; (len(got) == 0) != kept || len(visit.Value().Items) != len(got) {
						t.Errorf("the cart has %q, and the session %q", got, visit.Value().Items)
					}
					if _, old := loaded(t, s, token).Token(); old == (kept && name != "update") {
						t.Errorf("the old token gives access: %v", old)
					}
				})
			}
		}
	})
}

// A new session that was rolled back has no token, and none in the store.
func TestANewSessionInATransaction(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		for end, ends := range endings {
			visit := session.New(session.Store[cart](s), nil)
			tx, err := db.BeginTx(t.Context(), nil)
			must(t, err)
			visit.Set(cart{"ada", []string{"tea"}})
			within := sqlstore.Join(tx)
			must(t, visit.Commit(within.Context(t.Context())))
			must(t, ends(within, tx))
			must(t, visit.Commit(t.Context()))
			token, ok := visit.Token()
			if ok != strings.HasPrefix(end, "commit") {
				t.Errorf("%s: token: %v", end, ok)
			}
			if live, err := s.Exists(t.Context(), token.ID()); live != ok || err != nil {
				t.Errorf("%s: in the store: %v, %v", end, live, err)
			}
		}
	})
}

// Transact tells the session its end at once.
func TestTransact(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, o := newStore(t, db, "sessions"), newOrders(t, db)
		for want, refuse := range []bool{true, false} {
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				visit.Update(func(c *cart) { c.Items = nil })
				must(t, visit.Commit(ctx))
				must(t, insertOrder(ctx, tx, []string{"tea"}))
				if refuse {
					return errRefused
				}
				return nil
			})
			if refuse != errors.Is(err, errRefused) {
				t.Fatal(err)
			}
			if left := len(visit.Value().Items); left != 1-want || !hooks.Of(visit).Settled() {
				t.Errorf("%d items in the session", left)
			}
			if left, n := len(loaded(t, s, token).Value().Items), len(o.all(t)); left != 1-want || n != want {
				t.Errorf("%d items in the cart, %d orders", left, n)
			}
		}
		visit := loaded(t, s, created(t, s, cart{"ada", []string{"tea"}}))
		func() {
			defer func() { recover() }()
			sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				visit.Renew()
				must(t, visit.Commit(ctx))
				panic("of the test")
			})
		}()
		if len(visit.Value().Items) != 1 || !hooks.Of(visit).Settled() {
			t.Error("after a panic, the session is not as before")
		}
	})
}

// Checkouts at once, at every level of isolation, and requests that add an item to
// the same cart: each item is ordered once or left in the cart.
func TestNoCheckoutChargesTwice(t *testing.T) {
	levels := []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, o := newStore(t, db, "sessions"), newOrders(t, db)
		for _, level := range levels {
			t.Run(level.String(), func(t *testing.T) {
				if tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level}); err != nil {
					t.Skip(err)
				} else {
					must(t, tx.Rollback())
				}
				_, err := db.Exec("DELETE FROM orders")
				must(t, err)
				token := created(t, s, cart{"ada", []string{"tea"}})
				var mu sync.Mutex
				added, charged := []string{"tea"}, []string(nil)
				var all sync.WaitGroup
				for i := range 6 {
					all.Go(func() {
						items, err := checkout(db, s, token, level)
						if err != nil && !errors.Is(err, sqlstore.ErrAborted) {
							t.Errorf("checkout: %v", err)
						}
						mu.Lock()
						defer mu.Unlock()
						charged = append(charged, items...)
					})
					all.Go(func() {
						item := string(rune('a' + i))
						visit := loaded(t, s, token)
						visit.Update(func(c *cart) { c.Items = append(c.Items, item) })
						must(t, visit.Commit(context.Background()))
						mu.Lock()
						defer mu.Unlock()
						added = append(added, item)
					})
				}
				all.Wait()
				for _, err := checkout(db, s, token, level); err != nil; { // of the rest
					_, err = checkout(db, s, token, level)
				}
				ordered := o.all(t)
				slices.Sort(ordered)
				slices.Sort(added)
				if !slices.Equal(ordered, added) {
					t.Errorf("ordered %q, added %q", ordered, added)
				}
			})
		}
	})
}

// checkout orders the cart's items. It reads before it writes, so that its snapshot
// may be old.
func checkout(db *sql.DB, s session.Store[cart], token session.Token, level sql.IsolationLevel) (items []string, err error) {
	ctx := context.Background()
	visit, err := session.Load(ctx, s, nil, token, time.Time{})
	if err != nil {
		return nil, err
	}
	err = sqlstore.Transact(ctx, db, &sql.TxOptions{Isolation: level}, func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM orders").Scan(&n); err != nil {
			return errors.Join(err, sqlstore.ErrAborted)
		}
		visit.Update(func(c *cart) { items, c.Items = c.Items, nil })
		if err := visit.Commit(ctx); err != nil || len(items) == 0 {
			return err
		}
		if err := insertOrder(ctx, tx, items); err != nil {
			return errors.Join(err, sqlstore.ErrAborted) // of the application's own statements, all can be
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, visit.Commit(ctx)
}

// In a pool of one connection, a transaction holds it: the store needs no other.
func TestATransactionInAPoolOfOne(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		s := newStore(t, db, "sessions")
		visit := session.New(session.Store[cart](s), &session.Policy{MaxPerOwner: 1})
		must(t, sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
			for _, item := range []string{"tea", "cup"} {
				visit.LogIn(func(c *cart) { c.Customer = "ada"; c.Items = append(c.Items, item) })
				if err := visit.Commit(ctx); err != nil {
					return err
				}
			}
			return nil
		}))
		token, _ := visit.Token()
		if got := loaded(t, s, token).Value().Items; len(got) != 2 {
			t.Errorf("the cart has %q", got)
		}
	})
}

// A transaction that was ended elsewhere, and one of which a statement failed, take
// no more statements.
func TestABrokenTransaction(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, ctx := newStore(t, db, "sessions"), t.Context()
		token := created(t, s, cart{"ada", []string{"tea"}})
		tx, err := db.BeginTx(ctx, nil)
		must(t, err)
		must(t, tx.Rollback())
		visit := loaded(t, s, token)
		visit.Update(func(c *cart) { c.Items = nil })
		if err := visit.Commit(sqlstore.Join(tx).Context(ctx)); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("ended: got %v", err)
		}
		err = sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
			short, cancel := context.WithCancel(ctx)
			visit.Update(func(c *cart) { c.Items = []string{"cup"} })
			must(t, visit.Commit(ctx))
			cancel()
			s.Delete(short, token.ID(), 0) // fails, and is ignored
			_, failed := s.Exists(ctx, token.ID())
			return failed
		})
		if err != nil {
			t.Errorf("a call that sent nothing broke the transaction: %v", err)
		}
		if got := loaded(t, s, token).Value().Items; !slices.Equal(got, []string{"cup"}) {
			t.Errorf("the cart has %q", got)
		}
	})
}

// After a deadlock, MySQL and MariaDB have rolled the transaction back and would carry
// out its next statements by themselves. None is carried out, and the transaction is not
// committed, whichever statement of a Commit has met it.
func TestADeadlock(t *testing.T) {
	for name, kind := range map[string]string{"postgres": "PostgreSQL by pgx", "mariadb": "MariaDB", "mysql": "MySQL"} {
		t.Run(name, func(t *testing.T) {
			kind := sqlserver.Find(kind)
			db := kind.Open(t)
			s := newStore(t, db, "sessions")
			for _, text := range []string{"CREATE TABLE locks (id INT PRIMARY KEY, n INT)", "INSERT INTO locks VALUES (1, 0)", "CREATE TABLE many (n INT)"} {
				_, err := db.Exec(text)
				must(t, err)
			}
			t.Run("Save", func(t *testing.T) {
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				visit.Renew()
				deadlock(t, db, kind.Driver, visit, token.ID())
				asBefore(t, s, visit, token)
			})
			t.Run("Touch", func(t *testing.T) {
				token := created(t, s, cart{"bob", []string{"tea"}})
				_, err := db.Exec(fmt.Sprint("UPDATE sessions SET expires = ", time.Now().Add(time.Minute).UnixMilli()))
				must(t, err)
				visit := loaded(t, s, token)
				deadlock(t, db, kind.Driver, visit, token.ID())
				if len(visit.Value().Items) != 1 {
					t.Error("the visitor has lost the session")
				}
			})
			t.Run("MaxPerOwner", func(t *testing.T) {
				oldest := created(t, s, cart{"eve", []string{"tea"}})
				visit := session.New(session.Store[cart](s), &session.Policy{MaxPerOwner: 1})
				visit.LogIn(func(c *cart) { c.Customer = "eve" })
				deadlock(t, db, kind.Driver, visit, oldest.ID())
				if _, ok := visit.Token(); ok || len(loaded(t, s, oldest).Value().Items) != 1 {
					t.Error("there is a new session, or the old one has gone")
				}
			})
		})
	}
}

// deadlock commits a session that needs the row of another one, which waits.
func deadlock(t *testing.T, db *sql.DB, driver string, visit *session.Session[cart], id session.ID) {
	ctx := t.Context()
	other, err := db.BeginTx(ctx, nil)
	must(t, err)
	defer other.Rollback()
	waiting := "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
	parameter := "?"
	if driver == "pgx" {
		waiting, parameter = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'", "$1"
		_, err := other.Exec("SET LOCAL deadlock_timeout = '1h'") // so that the session's transaction finds the deadlock
		must(t, err)
	}
	for range 10 { // MySQL rolls back the transaction that has done less
		_, err := other.Exec("INSERT INTO many WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 100) SELECT n FROM seq")
		must(t, err)
	}
	_, err = other.Exec("UPDATE sessions SET deadline = deadline + 1 WHERE id = "+parameter, id[:])
	must(t, err)
	err = sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE locks SET n = 1")
		must(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := other.Exec("UPDATE locks SET n = 2")
			done <- errors.Join(err, other.Commit())
		}()
		for waits := 0; waits == 0; {
			select {
			case err := <-done:
				t.Fatalf("the other transaction did not wait: %v", err)
			case <-time.After(200 * time.Millisecond): // the server looks anew only after a pause of 100
			}
			must(t, db.QueryRow(waiting).Scan(&waits))
		}
		if err := visit.Commit(ctx); !errors.Is(err, sqlstore.ErrAborted) {
			t.Errorf("Commit: got %v", err)
		}
		must(t, <-done)
		if _, err := tx.Exec("INSERT INTO locks VALUES (2, 0)"); err == nil {
			t.Error("a statement after it was carried out")
		}
		return nil // the application takes no notice
	})
	if !errors.Is(err, sqlstore.ErrAborted) {
		t.Errorf("Transact: got %v", err)
	}
	var n int
	must(t, db.QueryRow("SELECT COUNT(*) FROM locks WHERE id = 2").Scan(&n))
	if n != 0 {
		t.Error("a statement after the deadlock has taken effect")
	}
	must(t, visit.Commit(ctx))
}
