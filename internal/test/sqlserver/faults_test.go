package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

type cart struct {
	Customer string
	Items    []string
}

func (c cart) SessionOwner() string { return c.Customer }

func newStore(t testing.TB, db *sql.DB, table string) *sqlstore.Store[cart] {
	t.Helper()
	s, err := sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{Table: table, CreateTable: true})
	must(t, err)
	return s
}

func created(t testing.TB, s session.Store[cart], c cart) session.Token {
	t.Helper()
	visit := session.New(s, nil)
	visit.Set(c)
	must(t, visit.Commit(t.Context()))
	token, _ := visit.Token()
	return token
}

// Changes that several programs make at once to one session are all there.
func TestChangesAtOnce(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		stores := []session.Store[cart]{newStore(t, db, "sessions"), newStore(t, db, "sessions")}
		token := created(t, stores[0], cart{Customer: "ada"})
		const workers, changes = 8, 5
		done := make(chan error, workers)
		for i := range workers {
			go func() {
				for k := range changes {
					visit, err := session.Load(context.Background(), stores[i%2], nil, token, time.Time{})
					if err == nil {
						visit.Update(func(c *cart) { c.Items = append(c.Items, fmt.Sprint(i, " ", k)) })
						err = visit.Commit(context.Background())
					}
					if err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range workers {
			must(t, <-done)
		}
		visit, err := session.Load(t.Context(), stores[0], nil, token, time.Time{})
		must(t, err)
		items := visit.Value().Items
		slices.Sort(items)
		if n := len(slices.Compact(items)); n != workers*changes {
			t.Errorf("%d of %d changes are there", n, workers*changes)
		}
	})
}

// Rows that have ended go with Prune and with creations.
func TestPrune(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s, ctx := newStore(t, db, "pruned"), t.Context()
		short := func() {
			at := time.Now().UTC().Truncate(time.Millisecond)
			rec := session.Record[cart]{ID: session.NewID(), Created: at, Renewed: at,
				Deadline: at.Add(time.Hour), Expires: at.Add(300 * time.Millisecond)}
			if err := s.Save(ctx, &rec); err != nil && !errors.Is(err, session.ErrNotFound) {
				t.Fatal(err)
			}
		}
		rows := func() (n int) {
			must(t, db.QueryRow("SELECT COUNT(*) FROM pruned").Scan(&n))
			return n
		}
		for range 150 {
			short()
		}
		live := created(t, s, cart{Items: []string{"kept"}})
		time.Sleep(400 * time.Millisecond)
		ended := rows() - 1 // those that no creation has deleted
		if n, err := s.Prune(ctx); err != nil || int(n) != ended {
			t.Errorf("deleted %d of %d, %v", n, ended, err)
		}
		if n := rows(); n != 1 {
			t.Errorf("%d rows stay", n)
		}
		for range 20 {
			short()
		}
		time.Sleep(400 * time.Millisecond)
		for range 500 { // one creation in 16 deletes
			created(t, s, cart{Items: []string{"new"}})
		}
		if n := rows(); n != 501 {
			t.Errorf("%d rows, want 501", n)
		}
		if exists, err := s.Exists(ctx, live.ID()); !exists || err != nil {
			t.Errorf("the live session: %v, %v", exists, err)
		}
	})
}

// A context that is done ends each method, and a database that is closed is
// unavailable.
func TestUnavailable(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "sessions")
		token := created(t, s, cart{Customer: "ada"})
		check := func(ctx context.Context) {
			t.Helper()
			rec := session.Record[cart]{ID: token.ID(), Revision: 1, Expires: time.Now().Add(time.Hour)}
			_, load := s.Load(ctx, token.ID())
			_, exists := s.Exists(ctx, token.ID())
			errs := map[string]error{
				"Load": load, "Exists": exists, "Save": s.Save(ctx, &rec), "Delete": s.Delete(ctx, token.ID(), 0),
				"Touch": s.Touch(ctx, token.ID(), 1, time.Now().Add(time.Hour)),
			}
			for _, err := range s.ByOwner(ctx, "ada") {
				errs["ByOwner"] = err
			}
			for _, err := range s.All(ctx) {
				errs["All"] = err
			}
			_, _, errs["Open"] = s.Open(ctx, token.ID(), func(session.Secrets) bool { return true })
			_, errs["Revisions"] = s.Revisions(ctx, []session.ID{token.ID()})
			for name, err := range errs {
				if !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("%s: got %v", name, err)
				}
			}
			if len(errs) != 9 {
				t.Errorf("%d methods", len(errs))
			}
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		check(done)
		must(t, db.Close())
		check(t.Context())
	})
}

// Many sessions of one owner are listed in pages, each once.
func TestPages(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		s := newStore(t, db, "pages")
		const n = 250
		for range n {
			created(t, s, cart{Customer: "ada"})
		}
		created(t, s, cart{Customer: "bob"})
		listed := map[session.ID]bool{}
		for rec, err := range s.ByOwner(t.Context(), "ada") {
			must(t, err)
			listed[rec.ID] = true
			if len(listed) == 150 { // in the middle, one goes and one comes
				must(t, s.Delete(t.Context(), rec.ID, rec.Revision))
			}
		}
		if len(listed) != n {
			t.Errorf("%d sessions, want %d", len(listed), n)
		}
		all := 0
		for _, err := range s.All(t.Context()) {
			must(t, err)
			all++
		}
		if all != n {
			t.Errorf("%d sessions in all, want %d", all, n)
		}
	})
}

func TestTheTableIsThere(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		newStore(t, db, "twice")
		newStore(t, db, "twice")
		s, err := sqlstore.New(db, "", codec.MessagePack[cart](), &sqlstore.Options{Table: "absent"})
		must(t, err)
		if _, err := s.Load(t.Context(), session.ID{1}); !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "absent") {
			t.Errorf("got %v", err)
		}
	})
}
