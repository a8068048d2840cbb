package sqlserver_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

type Cart struct{ Items []string }

// exampleCheckout is the handler of the example of sqlstore.Transact.
func exampleCheckout(db *sql.DB) http.Handler {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		var items []string
		err := sqlstore.Transact(r.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
			cart.Update(func(c *Cart) { items, c.Items = c.Items, nil })
			if err := cart.Commit(ctx); err != nil || len(items) == 0 {
				return err
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO orders (items) VALUES ($1)", fmt.Sprint(items))
			return err
		})
		if err != nil {
			sessions.Fail[Cart](w, r, err)
			return
		}
		fmt.Fprintln(w, len(items), "items ordered")
	})
}

// The example does what it says: it stores the order and empties the cart, or neither.
func TestTheExampleOfTransact(t *testing.T) {
	for _, name := range []string{"SQLite by modernc", "PostgreSQL by pgx"} { // of the databases whose parameters are as the example has them
		t.Run(name, func(t *testing.T) {
			db := sqlserver.Find(name).Open(t)
			_, err := db.Exec("CREATE TABLE orders (items TEXT)")
			must(t, err)
			store, err := sqlstore.New(db, "", codec.MessagePack[Cart](), &sqlstore.Options{CreateTable: true})
			must(t, err)
			m, err := sessions.New(store, nil)
			must(t, err)
			cookie := ""
			visit := func(h http.Handler) *httptest.ResponseRecorder {
				r, w := httptest.NewRequest("POST", "/", nil), httptest.NewRecorder()
				r.Header.Set("Cookie", cookie)
				m.Handler(h).ServeHTTP(w, r)
				if set, _, ok := strings.Cut(w.Header().Get("Set-Cookie"), ";"); ok {
					cookie = set
				}
				return w
			}
			fill := sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[Cart]) {
				s.Set(Cart{[]string{"tea", "cup"}})
			})
			left := func() (n int) {
				visit(sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[Cart]) { n = len(s.Value().Items) }))
				return n
			}
			visit(fill)
			for _, want := range []string{"2 items ordered\n", "0 items ordered\n"} {
				if w := visit(exampleCheckout(db)); w.Code != http.StatusOK || w.Body.String() != want || left() != 0 {
					t.Errorf("%d %q, %d items left; want %q", w.Code, w.Body, left(), want)
				}
			}
			var n int
			var order string
			must(t, db.QueryRow("SELECT COUNT(*), MIN(items) FROM orders").Scan(&n, &order))
			if n != 1 || order != "[tea cup]" {
				t.Errorf("%d orders, the first of %q", n, order)
			}
			visit(fill)
			_, err = db.Exec("DROP TABLE orders")
			must(t, err)
			if w := visit(exampleCheckout(db)); w.Code < 500 || left() != 2 {
				t.Errorf("an order that fails: %d %q, %d items left", w.Code, w.Body, left())
			}
		})
	}
}

// The handler of this test has all lines of the example.
func TestTheExampleIsThisOne(t *testing.T) {
	const path = "../../../stores/sqlstore/example_test.go"
	text, err := os.ReadFile(path)
	must(t, err)
	here, err := os.ReadFile("example_test.go")
	must(t, err)
	_, after, found := strings.Cut(string(text), "\nfunc ExampleTransact() {\n")
	_, after, begins := strings.Cut(after, "sessions.Handle(")
	body, _, ends := strings.Cut(after, "\n\t// Output:")
	if !found || !begins || !ends || !strings.Contains(string(here), "sessions.Handle("+body) {
		t.Errorf("the handler differs from that of ExampleTransact in %s", path)
	}
}
