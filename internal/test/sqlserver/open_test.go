package sqlserver_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// urls returns the URL of an empty database of each kind for stores.Open.
func urls(t testing.TB) map[string]func(testing.TB) string {
	t.Helper()
	return map[string]func(testing.TB) string{
		"sqlite": func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "a shop #1.db") },
		"postgres": func(t testing.TB) string {
			return sqlserver.Find("PostgreSQL by pgx").Source(t)
		},
		"mysql": func(t testing.TB) string {
			return "mysql://" + strings.NewReplacer("tcp(", "", ")", "").Replace(sqlserver.Find("MariaDB").Source(t))
		},
	}
}

func TestOpen(t *testing.T) {
	for name, url := range urls(t) {
		t.Run(name, func(t *testing.T) {
			at := url(t)
			var token session.Token
			for i := range 2 { // the second time, the table is there
				store, err := stores.Open(t.Context(), at, "carts", codec.MessagePack[cart]())
				must(t, err)
				if _, ok := store.(*sqlstore.Store[cart]); !ok {
					t.Fatalf("a %T", store)
				}
				if i == 0 {
					token = created(t, store, cart{Customer: "ada"})
				} else if loaded(t, store, token).Value().Customer != "ada" {
					t.Error("the session has not outlived the store")
				}
				must(t, store.(io.Closer).Close())
				if _, err := store.Load(t.Context(), token.ID()); !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("after Close: got %v", err)
				}
			}
		})
	}
}

// No statement of a store that is open on MySQL or MariaDB is prepared: each is one round
// trip.
func TestOpenPreparesNothing(t *testing.T) {
	url := urls(t)["mysql"](t)
	s, err := sqlstore.Open(t.Context(), url, codec.MessagePack[cart](), nil)
	must(t, err)
	defer s.Close()
	s.DB().SetMaxOpenConns(1)
	prepared := func() (n int) {
		must(t, s.DB().QueryRow("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'").Scan(new(string), &n))
		return n
	}
	before := prepared()
	visit := loaded(t, s, created(t, s, cart{"ada", []string{"tea"}}))
	visit.LogIn(func(c *cart) { c.Items = []string{strings.Repeat("'\\\x00\"", 100)} })
	must(t, visit.Commit(t.Context()))
	token, _ := visit.Token()
	if got, want := loaded(t, s, token).Value().Items[0], visit.Value().Items[0]; got != want {
		t.Errorf("%q became %q", want, got)
	}
	for _, err := range s.ByOwner(t.Context(), "ada") {
		must(t, err)
	}
	must(t, s.Delete(t.Context(), token.ID(), 0))
	_, err = s.Prune(t.Context())
	must(t, err)
	if n := prepared() - before; n != 0 {
		t.Errorf("%d statements were prepared", n)
	}
}

func TestOpenRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"sqlite:":                               "needs a file",
		"sqlite::memory:":                       "needs a file",
		"sqlite:/no such directory/x.db":        "unavailable",
		"mysql://anna:hunter2@localhost":        "needs a host and a database",
		"mysql:///shop":                         "needs a host and a database",
		"postgres://anna:hunter2@%zz/x":         "cannot be parsed",
		"postgres://anna:hunter2@127.0.0.1:1/x": "unavailable",
		"mysql://anna:hunter2@127.0.0.1:1/x":    "unavailable",
	} {
		store, err := stores.Open(t.Context(), url, "carts", codec.MessagePack[cart]())
		if text := fmt.Sprint(err); store != nil || !strings.Contains(text, want) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: got %v", url, err)
		}
	}
}

// Sessions move to SQL and back as they are.
func TestCopy(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		from, between, back := memstore.New[cart](nil), newStore(t, db, "sessions"), memstore.New[cart](nil)
		tokens := map[session.Token]cart{}
		for i := range 150 {
			c := cart{fmt.Sprint("customer ", i%7), []string{fmt.Sprint(i)}}
			tokens[created(t, from, c)] = c
		}
		for _, step := range []struct{ from, to session.Store[cart] }{{from, between}, {between, back}} {
			if n, err := stores.Copy(t.Context(), step.from, step.to); n != len(tokens) || err != nil {
				t.Fatal(n, err)
			}
		}
		for token := range tokens {
			first, err1 := from.Load(t.Context(), token.ID())
			last, err2 := back.Load(t.Context(), token.ID())
			must(t, errors.Join(err1, err2))
			if first.Owner != last.Owner || !first.Expires.Equal(last.Expires) || !first.Deadline.Equal(last.Deadline) ||
				!first.Created.Equal(last.Created) || first.Value.Items[0] != last.Value.Items[0] {
				t.Errorf("%+v became %+v", first, last)
			}
		}
	})
}
