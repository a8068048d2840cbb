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

// TestEnded asks about more sessions than one statement takes.
func TestEnded(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, err := sqlstore.New(db, "", codec.MessagePack[int](), &sqlstore.Options{CreateTable: true})
		must(t, err)
		var ids, want []session.ID
		for i := range 250 {
			rec := session.Record[int]{ID: session.NewToken().ID(), Expires: time.Now().Add(time.Hour)}
			must(t, s.Save(t.Context(), &rec))
			ids = append(ids, rec.ID)
			switch i % 50 {
			case 3:
				must(t, s.Delete(t.Context(), rec.ID))
			case 7:
				must(t, s.Retire(t.Context(), rec.ID, rec.Revision, session.NewToken().ID(), time.Now().Add(time.Minute)))
			default:
				continue
			}
			want = append(want, rec.ID)
		}
		got, err := s.Ended(t.Context(), ids)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Ended returned %d IDs, %v; want %d", len(got), err, len(want))
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := s.Ended(done, ids); len(got) != 0 || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("in a context that is done, Ended returned %d IDs, %v", len(got), err)
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
