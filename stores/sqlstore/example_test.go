package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"

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
	//   record BLOB,
	//   successor BLOB
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

func ExampleInTx() {
	var db *sql.DB // of the store
	_ = func(ctx context.Context, cart *sessions.Session[Cart]) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var items []string
		cart.Update(func(c *Cart) { items, c.Items = c.Items, nil })
		if err := cart.Commit(sqlstore.InTx(ctx, tx)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO orders (items) VALUES ($1)", fmt.Sprint(items)); err != nil {
			return err
		}
		return tx.Commit()
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

// A program with connections of its own can ask which of their sessions have ended.
// Manager.Watch does that for WebSockets and streams.
func ExampleStore_Ended() {
	_ = func(ctx context.Context, store *sqlstore.Store[Cart], connections map[sessions.ID]net.Conn) error {
		ended, err := store.Ended(ctx, slices.Collect(maps.Keys(connections)))
		for _, id := range ended {
			connections[id].Close()
		}
		return err // others may have ended too: ask again
	}
	// Output:
}
