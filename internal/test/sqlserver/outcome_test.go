package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// End returns nil if the transaction was committed, and an error otherwise, whatever
// others do before it looks.
func TestEndTellsHowItEnded(t *testing.T) {
	end := func(t *testing.T, s *sqlstore.Store[cart], id session.ID) { must(t, s.Delete(t.Context(), id, 0)) }
	change := func(t *testing.T, s *sqlstore.Store[cart], id session.ID) {
		rec, err := s.Load(t.Context(), id)
		must(t, err)
		rec.Value.Items = append(rec.Value.Items, "pot")
		must(t, s.Save(t.Context(), &rec))
	}
	for name, test := range map[string]struct {
		meanwhile func(t *testing.T, s *sqlstore.Store[cart], id session.ID) // after COMMIT
		ends      func(*sql.Tx) error
		want      error
	}{
		"another request changes the session": {change, (*sql.Tx).Commit, nil},
		"another request ends the session":    {end, (*sql.Tx).Commit, nil},
		"an error of the program after COMMIT": {nil, func(tx *sql.Tx) error {
			return errors.Join(tx.Commit(), errRefused)
		}, nil},
		"an error of the program after ROLLBACK": {nil, func(tx *sql.Tx) error {
			return errors.Join(tx.Rollback(), errRefused)
		}, errRefused},
		"and a change of another request after it": {change, func(tx *sql.Tx) error {
			return errors.Join(tx.Rollback(), errRefused)
		}, errRefused},
	} {
		t.Run(name, func(t *testing.T) {
			sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
				s, ctx := newStore(t, db, "sessions"), t.Context()
				token := created(t, s, cart{"ada", []string{"tea"}})
				visit := loaded(t, s, token)
				tx, err := db.BeginTx(ctx, nil)
				must(t, err)
				joined := sqlstore.Join(tx)
				visit.Update(func(c *cart) { c.Items = append(c.Items, "cup") })
				must(t, visit.Commit(joined.Context(ctx)))
				err = test.ends(tx)
				if test.meanwhile != nil {
					test.meanwhile(t, s, token.ID())
				}
				if err := joined.End(err); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if kept := len(visit.Value().Items) == 2; kept != (test.want == nil) || !hooks.Of(visit).Settled() {
					t.Errorf("the session has %q", visit.Value().Items)
				}
				visit.Update(func(c *cart) { c.Items = append(c.Items, "pan") })
				if err := visit.Commit(ctx); err == nil {
					if got, want := strings.Join(loaded(t, s, token).Value().Items, " "), strings.Join(visit.Value().Items, " "); got != want {
						t.Errorf("the store has %q, and the session %q", got, want)
					}
				} else if !errors.Is(err, session.ErrGone) {
					t.Error(err)
				}
			})
		})
	}
}

// A statement of the store that comes too late, after COMMIT, fails by itself. The
// transaction was committed all the same.
func TestAStatementAfterCommit(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		token := created(t, s, cart{"ada", []string{"tea"}})
		visit := loaded(t, s, token)
		tx, err := db.BeginTx(t.Context(), nil)
		must(t, err)
		joined := sqlstore.Join(tx)
		ctx := joined.Context(t.Context())
		must(t, empty(ctx, visit))
		err = tx.Commit()
		if _, late := s.Exists(ctx, token.ID()); !errors.Is(late, session.ErrUnavailable) || !errors.Is(late, sql.ErrTxDone) {
			t.Errorf("the late statement: got %v", late)
		}
		must(t, joined.End(err))
		if len(visit.Value().Items) != 0 || !hooks.Of(visit).Settled() {
			t.Error("the session does not know that it is saved")
		}
	})
}

// Each session that a transaction has saved or ended counts, and not only the last one.
func TestASavepointTakesBackOneOfTwo(t *testing.T) {
	type within = func(ctx context.Context, s *sqlstore.Store[cart], mine, other session.Token) error
	save := func(ctx context.Context, s *sqlstore.Store[cart], mine, _ session.Token) error {
		rec, err := s.Load(ctx, mine.ID())
		if err == nil {
			err = s.Save(ctx, &rec)
		}
		return err
	}
	revoke := func(ctx context.Context, s *sqlstore.Store[cart], _, other session.Token) error {
		return s.Delete(ctx, other.ID(), 0)
	}
	create := func(ctx context.Context, s *sqlstore.Store[cart], _, _ session.Token) error {
		visit := session.New(session.Store[cart](s), nil)
		visit.Set(cart{Customer: "eve"})
		return visit.Commit(ctx)
	}
	steps := map[string]struct{ before, lost, after within }{
		"a change before a revocation": {nil, save, revoke},
		"a revocation after a change":  {save, revoke, nil},
		"a creation before a change":   {nil, create, save},
		"a creation":                   {nil, create, nil},
	}
	nothing := func(context.Context, *sqlstore.Store[cart], session.Token, session.Token) error { return nil }
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		for name, step := range steps {
			for _, by := range []string{"Transact", "Join", "Join of a connection"} {
				t.Run(name+", "+by, func(t *testing.T) {
					mine, other := created(t, s, cart{Customer: "ada"}), created(t, s, cart{Customer: "bob"})
					run := func(do within, ctx context.Context) {
						if do == nil {
							do = nothing
						}
						must(t, do(ctx, s, mine, other))
					}
					steps := func(ctx context.Context, tx sqlstore.Tx) {
						run(step.before, ctx)
						_, err := tx.ExecContext(ctx, "SAVEPOINT here")
						must(t, err)
						run(step.lost, ctx)
						_, err = tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT here")
						must(t, err)
						run(step.after, ctx)
					}
					var err error
					switch by {
					case "Transact":
						err = sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
							steps(ctx, tx)
							return nil
						})
						if live, err := s.Exists(t.Context(), other.ID()); !live || err != nil {
							t.Errorf("what Transact has refused is carried out: %v, %v", live, err)
						}
					case "Join":
						tx, failed := db.BeginTx(t.Context(), nil)
						must(t, failed)
						joined := sqlstore.Join(tx)
						steps(joined.Context(t.Context()), tx)
						err = joined.End(tx.Commit())
					default:
						err = byHand(t, db, func(conn *sql.Conn, joined *sqlstore.Transaction) {
							steps(joined.Context(t.Context()), conn)
						})
					}
					if !errors.Is(err, session.ErrUnsupported) {
						t.Errorf("got %v", err)
					}
				})
			}
		}
	})
}

// byHand runs a transaction on a connection without database/sql's own transactions.
func byHand(t *testing.T, db *sql.DB, do func(conn *sql.Conn, joined *sqlstore.Transaction)) error {
	t.Helper()
	conn, err := db.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN")
	must(t, err)
	joined := sqlstore.Join(conn)
	do(conn, joined)
	_, err = conn.ExecContext(t.Context(), "COMMIT")
	return joined.End(err)
}

// A connection that the application keeps after COMMIT may be the pool's only one.
func TestATransactionOfAConnection(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		s := newStore(t, db, "sessions")
		for range 2 {
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			conn, err := db.Conn(t.Context())
			must(t, err)
			tx, err := conn.BeginTx(t.Context(), nil)
			must(t, err)
			joined := sqlstore.Join(tx)
			must(t, empty(joined.Context(t.Context()), visit))
			must(t, joined.End(tx.Commit()))
			must(t, conn.Close())
			token, _ = visit.Token()
			if n := len(loaded(t, s, token).Value().Items); n != 0 {
				t.Errorf("%d items", n)
			}

			must(t, byHand(t, db, func(_ *sql.Conn, joined *sqlstore.Transaction) {
				visit.Update(func(c *cart) { c.Items = []string{"tea"} })
				must(t, visit.Commit(joined.Context(t.Context())))
			}))
			if n := len(loaded(t, s, token).Value().Items); n != 1 {
				t.Errorf("by hand: %d items", n)
			}
		}
	})
}

// A nested transaction is found without another connection.
func TestANestedTransactionInAPoolOfOne(t *testing.T) {
	db := sqlserver.Find("PostgreSQL by pgx").Open(t)
	db.SetMaxOpenConns(1)
	s := newStore(t, db, "sessions")
	byGorm, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), &gorm.Config{Logger: logger.Discard})
	must(t, err)
	for _, want := range []error{session.ErrUnsupported, errRefused} {
		token := created(t, s, cart{"ada", []string{"tea"}})
		visit := loaded(t, s, token)
		must(t, byGorm.Transaction(func(outer *gorm.DB) error {
			var joined *sqlstore.Transaction
			err := outer.Transaction(func(inner *gorm.DB) error {
				joined = sqlstore.Join(inner.Statement.ConnPool)
				must(t, empty(joined.Context(t.Context()), visit))
				if want == errRefused {
					return errRefused
				}
				return nil
			})
			if err := joined.End(err); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			return nil
		}))
		visit.Update(func(c *cart) { c.Items = append(c.Items, "pot") })
		err := visit.Commit(t.Context())
		if want == errRefused {
			must(t, err)
		} else if err != nil && !errors.Is(err, session.ErrGone) { // the outer one was committed, and has renewed it
			t.Error(err)
		}
	}
}

// The error of a statement that the application takes no notice of is the database's own.
func TestAFailedStatementThatIsIgnored(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		for _, with := range []bool{true, false} {
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				if with {
					must(t, empty(ctx, visit))
				}
				tx.ExecContext(ctx, "INSERT INTO nowhere VALUES (1)")
				return nil
			})
			if !strings.Contains(dialect(db), "postgresql") { // others go on
				must(t, err)
				continue
			}
			if err == nil || errors.Is(err, session.ErrUnavailable) {
				t.Errorf("with a session: %v: got %v", with, err)
			}
			asBefore(t, s, visit, token)
		}
	})
}

func dialect(db *sql.DB) string {
	for _, d := range sqlserver.Databases {
		other, err := sql.Open(d.Driver, "")
		if err == nil && other.Driver() == db.Driver() {
			return string(dialects[d.Driver])
		}
	}
	return ""
}

// A plainTx has no method Rollback, so that a store cannot end it.
type plainTx struct{ tx *sql.Tx }

func (p plainTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.tx.ExecContext(ctx, query, args...)
}

func (p plainTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.tx.QueryContext(ctx, query, args...)
}

// If the application commits a transaction in spite of an error of a store, which could
// not roll it back, End returns the error, and the session goes on from what is stored.
func TestCommitInSpiteOfAnError(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		if strings.Contains(dialect(db), "postgresql") { // rolls back by itself
			t.SkipNow()
		}
		s, ctx := newStore(t, db, "sessions"), t.Context()
		broken, err := sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{Table: "absent"})
		must(t, err)
		token := created(t, s, cart{"ada", []string{"tea"}})
		visit := loaded(t, s, token)
		tx, err := db.BeginTx(ctx, nil)
		must(t, err)
		joined := sqlstore.Join(plainTx{tx})
		visit.Update(func(c *cart) { c.Items = append(c.Items, "cup") })
		must(t, visit.Commit(joined.Context(ctx)))
		if _, err := broken.Exists(joined.Context(ctx), token.ID()); err == nil {
			t.Error("the table is there")
		}
		if err := joined.End(tx.Commit()); err == nil {
			t.Error("End returned nil")
		}
		visit.Update(func(c *cart) { c.Items = append(c.Items, "pot") })
		must(t, visit.Commit(ctx))
		if got, want := loaded(t, s, token).Value().Items, visit.Value().Items; strings.Join(got, " ") != "tea cup pot" || len(want) != 3 {
			t.Errorf("the store has %q, and the session %q", got, want)
		}
	})
}
