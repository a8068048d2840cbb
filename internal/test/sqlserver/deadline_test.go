package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
)

// Each call keeps its deadline while the server does not answer, also with a driver that
// does not return when a context ends.
func TestDeadlinesInABlackHole(t *testing.T) {
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run(driver, func(t *testing.T) {
			server := sqlserver.PostgreSQL(t)
			db := sqlserver.Connect(t, driver, postgresURL(server))
			s := newStore(t, db, "sessions")
			token := created(t, s, cart{"ada", []string{"tea"}})
			rec, err := s.Load(t.Context(), token.ID())
			must(t, err)
			calls := map[string]func(context.Context) error{
				"Load":      func(ctx context.Context) error { _, err := s.Load(ctx, rec.ID); return err },
				"Save":      func(ctx context.Context) error { r := rec; return s.Save(ctx, &r) },
				"Touch":     func(ctx context.Context) error { return s.Touch(ctx, rec.ID, rec.Revision, rec.Expires) },
				"Delete":    func(ctx context.Context) error { return s.Delete(ctx, rec.ID, rec.Revision) },
				"Exists":    func(ctx context.Context) error { _, err := s.Exists(ctx, rec.ID); return err },
				"Revisions": func(ctx context.Context) error { _, err := s.Revisions(ctx, []session.ID{rec.ID}); return err },
				"Prune":     func(ctx context.Context) error { _, err := s.Prune(ctx); return err },
				"Check":     s.Check,
				"ByOwner": func(ctx context.Context) (err error) {
					for _, err = range s.ByOwner(ctx, "ada") {
					}
					return err
				},
			}
			db.SetMaxIdleConns(2 * len(calls))
			var conns []*sql.Conn // for calls that find a connection which does not answer
			for range 2 * len(calls) {
				conn, err := db.Conn(t.Context())
				must(t, err)
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				must(t, conn.Close())
			}
			must(t, server.Signal(syscall.SIGSTOP))
			defer server.Signal(syscall.SIGCONT)
			for name, call := range calls {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				done := make(chan error, 1)
				go func() { done <- call(ctx) }()
				select {
				case err := <-done:
					if !errors.Is(err, session.ErrUnavailable) {
						t.Errorf("%s: got %v", name, err)
					}
				case <-time.After(10 * time.Second):
					t.Errorf("%s has not returned", name)
				}
				cancel()
			}
		})
	}
}
