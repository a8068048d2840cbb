package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// records returns the records of new sessions.
func records(t *testing.T, s *sqlstore.Store[cart], n int) []session.Record[cart] {
	t.Helper()
	all := make([]session.Record[cart], n)
	for i := range all {
		rec, err := s.Load(t.Context(), created(t, s, cart{Items: []string{fmt.Sprint(i)}}).ID())
		must(t, err)
		all[i] = rec
	}
	return all
}

// atOnce calls do for each record at the same time.
func atOnce(recs []session.Record[cart], do func(i int, rec *session.Record[cart])) {
	var all sync.WaitGroup
	for i := range recs {
		all.Go(func() { do(i, &recs[i]) })
	}
	all.Wait()
}

// Of commands that go together, each has its own outcome.
func TestOutcomesOfCommandsThatGoTogether(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		for round := range 5 {
			recs := records(t, s, 60)
			want := make([]error, len(recs))
			for i := range recs {
				switch i % 6 {
				case 1:
					must(t, s.Delete(t.Context(), recs[i].ID, 0))
					want[i] = session.ErrNotFound
				case 2:
					newer := recs[i]
					must(t, s.Save(t.Context(), &newer))
					want[i] = session.ErrConflict
				case 3:
					recs[i].Revision = 0
					want[i] = session.ErrExists
				case 4:
					recs[i].ID, recs[i].Revision = session.NewID(), 0
				}
			}
			atOnce(recs, func(i int, rec *session.Record[cart]) {
				rec.Value.Items = []string{fmt.Sprint("round ", round, " number ", i)}
				if err := s.Save(context.Background(), rec); !errors.Is(err, want[i]) {
					t.Errorf("Save %d: got %v, want %v", i, err, want[i])
				}
			})
			atOnce(recs, func(i int, rec *session.Record[cart]) {
				got, err := s.Load(context.Background(), rec.ID)
				switch {
				case want[i] == session.ErrNotFound:
					if !errors.Is(err, session.ErrNotFound) {
						t.Errorf("Load %d: got %v", i, err)
					}
				case err != nil || want[i] == nil && (got.Revision != rec.Revision || got.Value.Items[0] != rec.Value.Items[0]):
					t.Errorf("Load %d: got %v, %q, %v; want %v, %q", i, got.Revision, got.Value.Items, err, rec.Revision, rec.Value.Items)
				}
			})
		}
	})
}

// Of several writes over one revision that go together, one succeeds.
func TestWritesOverOneRevisionGoTogether(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		for range 10 {
			recs := make([]session.Record[cart], 30)
			first := records(t, s, 1)[0]
			for i := range recs {
				recs[i] = first
				recs[i].Value.Items = []string{fmt.Sprint(i)}
			}
			errs := make([]error, len(recs))
			atOnce(recs, func(i int, rec *session.Record[cart]) { errs[i] = s.Save(context.Background(), rec) })
			stored, err := s.Load(t.Context(), first.ID)
			must(t, err)
			winners := 0
			for i, err := range errs {
				switch {
				case err == nil:
					if winners++; stored.Revision != recs[i].Revision || stored.Value.Items[0] != fmt.Sprint(i) {
						t.Errorf("number %d succeeded, and the store has %q", i, stored.Value.Items)
					}
				case !errors.Is(err, session.ErrConflict):
					t.Errorf("number %d: %v", i, err)
				}
			}
			if winners != 1 {
				t.Errorf("%d succeeded", winners)
			}
		}
	})
}

// A session that a transaction has locked delays no other session.
func TestALockedSessionDelaysNobody(t *testing.T) {
	for _, d := range sqlserver.Databases {
		if dialects[d.Driver] == sqlstore.SQLite { // has one lock only
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			db := d.Open(t)
			s := newStore(t, db, "sessions")
			recs := records(t, s, 40)
			locked, recs := recs[:4], recs[4:]
			tx, err := db.Begin()
			must(t, err)
			defer tx.Rollback()
			for _, rec := range locked {
				_, err := tx.Exec("UPDATE sessions SET deadline = deadline + 1 WHERE id = " + hexOf(db, rec.ID))
				must(t, err)
			}
			var waiting sync.WaitGroup
			for i := range locked {
				waiting.Go(func() {
					if err := s.Save(context.Background(), &locked[i]); err != nil {
						t.Errorf("after the lock: %v", err)
					}
				})
			}
			for range 20 {
				atOnce(recs, func(i int, rec *session.Record[cart]) {
					ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
					defer cancel()
					if err := s.Save(ctx, rec); err != nil {
						t.Errorf("beside the lock: %v", err)
					}
				})
			}
			must(t, tx.Rollback())
			waiting.Wait()
		})
	}
}

// A call ends with its context, whatever others do: wait for a lock, use up the pool, or
// hold SQLite's only lock.
func TestDeadlinesBesideOthers(t *testing.T) {
	deadlinesBesideOthers := func(t *testing.T, d sqlserver.Database, options string) {
		t.Run(d.Name+options, func(t *testing.T) {
			source := d.Source(t) + options
			db, other := sqlserver.Connect(t, d.Driver, source), sqlserver.Connect(t, d.Driver, source)
			db.SetMaxOpenConns(4)
			s := newStore(t, db, "sessions")
			calls := map[string]func(context.Context, *session.Record[cart]) error{
				"Save": func(ctx context.Context, rec *session.Record[cart]) error { return s.Save(ctx, rec) },
				"Touch": func(ctx context.Context, rec *session.Record[cart]) error {
					return s.Touch(ctx, rec.ID, rec.Revision, time.Now().Add(time.Minute))
				},
				"Delete": func(ctx context.Context, rec *session.Record[cart]) error { return s.Delete(ctx, rec.ID, rec.Revision) },
				"Save in a transaction": func(ctx context.Context, rec *session.Record[cart]) error {
					return sqlstore.Transact(ctx, db, nil, func(ctx context.Context, _ *sql.Tx) error { return s.Save(ctx, rec) })
				},
				"Delete in a transaction": func(ctx context.Context, rec *session.Record[cart]) error {
					return sqlstore.Transact(ctx, db, nil, func(ctx context.Context, _ *sql.Tx) error { return s.Delete(ctx, rec.ID, 0) })
				},
			}
			for name, call := range calls {
				recs := records(t, s, 12)
				tx, err := other.Begin()
				must(t, err)
				defer tx.Rollback()
				_, err = tx.Exec("UPDATE sessions SET deadline = deadline + 1")
				must(t, err)
				longest := make([]time.Duration, len(recs))
				atOnce(recs, func(i int, rec *session.Record[cart]) {
					ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
					defer cancel()
					began := time.Now()
					if err := call(ctx, rec); !errors.Is(err, session.ErrUnavailable) {
						t.Errorf("%s: got %v", name, err)
					}
					longest[i] = time.Since(began)
				})
				if longest := slices.Max(longest); longest > 10*time.Second { // SQLite's drivers wait for a lock for a minute, MariaDB's for 50 seconds
					t.Errorf("%s took %v", name, longest)
				}
				must(t, tx.Rollback())
				for i := range recs { // some may have been carried out after all
					if _, err := s.Load(t.Context(), recs[i].ID); err != nil && !errors.Is(err, session.ErrNotFound) {
						t.Error(err)
					}
				}
			}
		})
	}
	for _, d := range sqlserver.Databases {
		deadlinesBesideOthers(t, d, "")
		if dialects[d.Driver] == sqlstore.SQLite {
			deadlinesBesideOthers(t, d, "&_txlock=immediate")
		}
	}
}

// A call that has no connection ends with its context.
func TestDeadlinesWithoutAConnection(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		s := newStore(t, db, "sessions")
		rec := records(t, s, 1)[0]
		conn, err := db.Conn(t.Context())
		must(t, err)
		for name, call := range map[string]func(context.Context) error{
			"Load":     func(ctx context.Context) error { _, err := s.Load(ctx, rec.ID); return err },
			"Exists":   func(ctx context.Context) error { _, err := s.Exists(ctx, rec.ID); return err },
			"Save":     func(ctx context.Context) error { return s.Save(ctx, &rec) },
			"Delete":   func(ctx context.Context) error { return s.Delete(ctx, rec.ID, 0) },
			"Transact": func(ctx context.Context) error { return sqlstore.Transact(ctx, db, nil, nil) },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			if err := call(ctx); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: got %v", name, err)
			}
			cancel()
		}
		must(t, conn.Close())
		must(t, s.Save(t.Context(), &rec))
	})
}
