package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// TestRevisions asks about more sessions than one statement takes.
func TestRevisions(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, err := sqlstore.New(db, "", codec.MessagePack[int](), &sqlstore.Options{CreateTable: true})
		must(t, err)
		var ids []session.ID
		var want []session.Revision
		for i := range 250 {
			id := session.NewID()
			rec := session.Record[int]{ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Expires: time.Now().Add(time.Hour)}
			must(t, s.Save(t.Context(), &rec))
			if i%50 == 3 {
				must(t, s.Delete(t.Context(), rec.ID, rec.Revision))
				rec.Revision = 0
			}
			ids, want = append(ids, rec.ID), append(want, rec.Revision)
		}
		got, err := s.Revisions(t.Context(), ids)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Revisions returned %v, %v; want %v", got, err, want)
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := s.Revisions(done, ids); len(got) != 0 || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("in a context that is done, Revisions returned %v, %v", got, err)
		}
	})
}

// TestWatch checks that watched sessions in a database end with their cause.
func TestWatch(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, err := sqlstore.New(db, "", codec.MessagePack[int](), &sqlstore.Options{CreateTable: true})
		must(t, err)
		m, err := middleware.New(s, &middleware.Options{WatchInterval: 10 * time.Millisecond, SaveTimeout: time.Minute})
		must(t, err)
		for _, end := range []struct {
			how   func(*session.Session[int])
			cause error
		}{
			{(*session.Session[int]).Destroy, session.ErrNotFound},
			{(*session.Session[int]).Renew, session.ErrGone},
		} {
			mine, err := m.Open(t.Context(), "")
			must(t, err)
			mine.Set(1)
			must(t, mine.Commit(t.Context()))
			ctx := m.Watch(t.Context(), mine)
			token, _ := mine.Token()
			others, err := m.Open(t.Context(), token.Reveal())
			must(t, err)
			end.how(others)
			must(t, others.Commit(t.Context()))
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), end.cause) {
				t.Errorf("the watch ended with %v, want %v", context.Cause(ctx), end.cause)
			}
		}
	})
}
