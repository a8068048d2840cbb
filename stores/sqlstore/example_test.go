package sqlstore_test

import (
	"database/sql"
	"fmt"
	"log"

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
	// CREATE INDEX IF NOT EXISTS "carts_owner" ON "carts" (owner, id);
	// CREATE INDEX IF NOT EXISTS "carts_ends" ON "carts" (ends);
}
