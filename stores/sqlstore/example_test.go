package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

type Cart struct{ Items []string }

// The program imports the driver, for example github.com/jackc/pgx/v5/stdlib.
func ExampleNew() {
	db, err := sql.Open("pgx", "postgres://localhost/shop")
	if err != nil {
		log.Fatal(err)
	}
	store, err := sqlstore.New(db, sqlstore.PostgreSQL, codec.MessagePack[Cart](), &sqlstore.Options{CreateTable: true})
	if err != nil {
		log.Fatal(err)
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = carts.Handler // as with any other store
}

func ExampleSchema() {
	text, err := sqlstore.Schema(sqlstore.SQLite, "carts")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
	// Output:
	// CREATE TABLE IF NOT EXISTS "carts" (
	//   id BLOB NOT NULL PRIMARY KEY,
	//   revision BIGINT NOT NULL,
	//   owner BLOB,
	//   ends BIGINT NOT NULL,
	//   deadline BIGINT NOT NULL,
	//   expires BIGINT NOT NULL,
	//   record BLOB NOT NULL
	// );
	// CREATE INDEX IF NOT EXISTS "carts_owner" ON "carts" (owner, id) WHERE owner IS NOT NULL;
	// CREATE INDEX IF NOT EXISTS "carts_ends" ON "carts" (ends);
}

// A checkout that cannot charge twice: the order is stored and the cart empty, or
// neither. A second checkout at the same time finds the cart empty.
func ExampleTransact() {
	var db *sql.DB // of the store
	_ = sessions.Handle(func(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
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
	// Output:
}

// Several attempts at a transaction that other ones are in the way of. What do changes,
// it must change itself.
func ExampleErrAborted() {
	transact := func(ctx context.Context, db *sql.DB, do func(ctx context.Context, tx *sql.Tx) error) error {
		for attempt := 0; ; attempt++ {
			err := sqlstore.Transact(ctx, db, nil, do)
			if !errors.Is(err, sqlstore.ErrAborted) || attempt == 5 {
				return err
			}
			select {
			case <-time.After(rand.N(10 * time.Millisecond << attempt)):
			case <-ctx.Done():
				return err
			}
		}
	}
	_ = transact
	// Output:
}

// A transaction that the application begins and ends itself.
func ExampleJoin() {
	var db *sql.DB // of the store
	_ = func(ctx context.Context, cart *sessions.Session[Cart]) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		t := sqlstore.Join(tx)
		defer t.Rollback()
		var items []string
		cart.Update(func(c *Cart) { items, c.Items = c.Items, nil })
		if err := cart.Commit(t.Context(ctx)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO orders (items) VALUES ($1)", fmt.Sprint(items)); err != nil {
			return err
		}
		return t.End(tx.Commit())
	}
	// Output:
}

func ExampleOpen() {
	_, err := sqlstore.Open(context.Background(), "postgres://localhost/shop", codec.MessagePack[Cart](), nil)
	fmt.Println(err) // this program imports no driver
	// Output: sqlstore: no driver for postgres is in the program; import one: _ "github.com/jackc/pgx/v5/stdlib"
}

// A job that deletes ended sessions at night.
func ExampleStore_Prune() {
	_ = func(ctx context.Context, store *sqlstore.Store[Cart]) {
		deleted, err := store.Prune(ctx)
		log.Println(deleted, "ended sessions deleted", err)
	}
	// Output:
}

// A store that was opened by its URL has a database of its own, which the program
// closes when the server has ended.
func ExampleStore_Close() {
	_ = func(ctx context.Context, server *http.Server) error {
		store, err := sqlstore.Open(ctx, "sqlite:/var/lib/shop/sessions.db", codec.MessagePack[Cart](), nil)
		if err != nil {
			return err
		}
		defer store.Close()
		carts, err := sessions.New(store, nil)
		if err != nil {
			return err
		}
		server.Handler = carts.Handler(server.Handler)
		return server.ListenAndServe()
	}
	// Output:
}

// A program whose tables are created by a migration tool looks when it starts whether
// the tool has run.
func ExampleStore_Check() {
	_ = func(ctx context.Context, store *sqlstore.Store[Cart]) {
		if err := store.Check(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
}

// A program with connections of its own can ask which of their sessions have ended.
// Manager.Watch does that for WebSockets and streams.
func ExampleStore_Revisions() {
	_ = func(ctx context.Context, store *sqlstore.Store[Cart], connections map[sessions.ID]net.Conn) error {
		ids := slices.Collect(maps.Keys(connections))
		revisions, err := store.Revisions(ctx, ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if revisions[i] == 0 {
				connections[id].Close()
			}
		}
		return nil
	}
	// Output:
}
