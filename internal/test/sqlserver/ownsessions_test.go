package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// The functions of the guide "From your own sessions table".

// moveOwnSessions gives visitors who still have a row in the table user_sessions a session
// with the same data. The row goes in the same transaction.
func moveOwnSessions(db *sql.DB, old http.Cookie, next http.Handler) http.Handler {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		c, err := r.Cookie(old.Name)
		if err != nil {
			next.ServeHTTP(w, r)
			return
		}
		if s.IsNew() && !s.Gone() {
			if err := moveRow(r.Context(), db, c.Value, s); err != nil {
				sessions.Fail[cart](w, r, err)
				return
			}
		}
		gone := old // with the Path and Domain that it was set with
		gone.Value, gone.MaxAge = "", -1
		http.SetCookie(w, &gone)
		next.ServeHTTP(w, r)
	})
}

// moveRow makes the row a session. Of requests that come with the same cookie at once, one
// moves the row. The others get ErrGone, a 409, for the browser to load the page again.
func moveRow(ctx context.Context, db *sql.DB, id string, s *sessions.Session[cart]) error {
	return sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
		var customer, items string
		var ends int64
		row := tx.QueryRowContext(ctx, "SELECT customer, items, ends FROM user_sessions WHERE id = $1", id)
		switch err := row.Scan(&customer, &items, &ends); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		case time.Now().Unix() >= ends:
			return nil
		}
		deleted, err := tx.ExecContext(ctx, "DELETE FROM user_sessions WHERE id = $1", id)
		if err != nil {
			return err
		}
		if n, err := deleted.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, sessions.ErrGone)
		}
		s.LogIn(func(c *cart) { *c = cart{Customer: customer, Items: strings.Fields(items)} })
		s.SetDeadline(time.Unix(ends, 0)) // no later than it was promised
		return s.Commit(ctx)
	})
}

func TestMoveFromOwnTable(t *testing.T) {
	for _, name := range []string{"PostgreSQL by pgx", "SQLite by modernc"} {
		t.Run(name, func(t *testing.T) {
			db := sqlserver.Find(name).Open(t)
			store := newStore(t, db, "sessions")
			_, err := db.Exec("CREATE TABLE user_sessions (id VARCHAR(64) PRIMARY KEY, customer VARCHAR(64), items VARCHAR(200), ends BIGINT)")
			must(t, err)
			carts, err := sessions.New(store, nil)
			must(t, err)
			insert := func(id string, left time.Duration) {
				_, err := db.Exec("INSERT INTO user_sessions VALUES ($1, 'ada', 'tea mug', $2)", id, time.Now().Add(left).Unix())
				must(t, err)
			}
			rows := func() (n int) {
				must(t, db.QueryRow("SELECT count(*) FROM user_sessions").Scan(&n))
				return n
			}
			old := http.Cookie{Name: "sid", Path: "/"}
			visitor := func(id string) *sessiontest.Client {
				mux := http.NewServeMux()
				mux.Handle("/", carts.Handler(moveOwnSessions(db, old, sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
					fmt.Fprintf(w, "%s %q", s.Value().Customer, s.Value().Items)
				}))))
				mux.Handle("POST /logout", carts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) { s.Destroy() })))
				mux.HandleFunc("/before", func(w http.ResponseWriter, r *http.Request) {
					http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", Value: id})
				})
				c := sessiontest.NewClient(t, mux)
				c.Get("/before")
				return c
			}

			insert("live", time.Hour)
			ada := visitor("live")
			copied := ada.Copy()
			for range 2 {
				ada.Get("/").Has(`ada ["tea" "mug"]`)
			}
			if n, cookies := rows(), ada.Cookies(); n != 0 || len(cookies) != 1 {
				t.Errorf("%d rows are left, cookies %v", n, cookies)
			}
			for rec, err := range carts.ByOwner(t.Context(), "ada") {
				if err != nil || time.Until(rec.Deadline) > time.Hour {
					t.Errorf("the session lives until %v, %v", rec.Deadline, err)
				}
			}
			ada.Post("/logout", nil)
			ada.Get("/").Lacks("ada")
			copied.Get("/").Lacks("ada")

			insert("ended", -time.Hour)
			visitor("ended").Get("/").Lacks("ada")

			insert("kept", time.Hour)
			kept := visitor("kept")
			_, err = db.Exec("ALTER TABLE sessions RENAME TO elsewhere")
			must(t, err)
			kept.Get("/").HasStatus(http.StatusServiceUnavailable)
			_, err = db.Exec("ALTER TABLE elsewhere RENAME TO sessions")
			must(t, err)
			kept.Get("/").Has("ada")
			if _, err := carts.RevokeAll(t.Context(), "ada", sessions.ReasonRevoked); err != nil {
				t.Fatal(err)
			}

			insert("twice", time.Hour)
			first := visitor("twice")
			var wait sync.WaitGroup
			for range 2 {
				tab := first.Tab()
				wait.Go(func() { tab.Get("/") })
			}
			wait.Wait()
			n := 0
			for _, err := range carts.ByOwner(t.Context(), "ada") {
				must(t, err)
				n++
			}
			if n != 1 {
				t.Errorf("%d sessions for one row", n)
			}
			first.Get("/").Has("ada")
		})
	}
}
