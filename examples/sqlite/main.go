// Sqlite is a tea shop that keeps its sessions and its orders in one SQLite file. A
// checkout saves both in one transaction, so that it cannot charge twice.
//
//	cd examples/sqlite
//	go run .
//
// Open http://localhost:8080, put something into the cart, stop the program and start
// it again: the cart is still there. Or:
//
//	curl -c jar -b jar -L -d tea=Assam http://localhost:8080/cart
//	curl -c jar -b jar -L -d order= http://localhost:8080/checkout
package main

import (
	"database/sql"
	"flag"
	"log"
	"net/http"

	_ "modernc.org/sqlite"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A Cart is the value of each session.
type Cart struct {
	Teas    []string
	Notices []string
}

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	file := flag.String("file", "shop.db", "where sessions and orders are kept")
	flag.Parse()
	db, err := open(*file)
	if err != nil {
		log.Fatal(err)
	}
	h, err := newShop(db)
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, h))
}

// open opens the file. Write-ahead logging lets requests read while one writes, and
// a transaction that will write takes its lock at once.
func open(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	_, err = db.Exec("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, teas TEXT NOT NULL)")
	return db, err
}

func newShop(db *sql.DB) (http.Handler, error) {
	store, err := sqlstore.New(db, sqlstore.SQLite, codec.MessagePack[Cart](), &sqlstore.Options{CreateTable: true})
	if err != nil {
		return nil, err
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	s := &shop{db}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(s.home))
	mux.Handle("POST /cart", sessions.Handle(s.add))
	mux.Handle("POST /checkout", sessions.Handle(s.checkout))
	return http.NewCrossOriginProtection().Handler(carts.Handler(mux)), nil
}
