package main

import (
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
)

// run starts the shop on a file, as a start of the program does.
func run(t *testing.T, file string) (http.Handler, *sql.DB) {
	t.Helper()
	db, err := open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h, err := newShop(db)
	if err != nil {
		t.Fatal(err)
	}
	return h, db
}

func TestCartSurvivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.db")
	var program http.Handler
	program, db := run(t, file)
	ada := sessiontest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { program.ServeHTTP(w, r) }))
	ada.Get("/").Has("nothing")
	ada.Submit("Earl Grey", nil).At("/").Has("In your cart: Earl Grey.")
	db.Close()

	program, _ = run(t, file)
	ada.Get("/").Has("In your cart: Earl Grey.")
	ada.Submit("Order", nil).Has("Thank you! Teas ordered: 1.", "nothing", "Orders so far: 1.")
	ada.Reload().Lacks("Thank you")
}

func TestUnknownTea(t *testing.T) {
	h, _ := run(t, filepath.Join(t.TempDir(), "shop.db"))
	sessiontest.NewClient(t, h).Post("/cart", url.Values{"tea": {"coffee"}}).HasStatus(http.StatusUnprocessableEntity).Told(sessiontest.NoNews)
}

// Of checkouts at the same time, one orders.
func TestCheckoutCannotChargeTwice(t *testing.T) {
	h, db := run(t, filepath.Join(t.TempDir(), "shop.db"))
	ada := sessiontest.NewClient(t, h)
	ada.Post("/cart", url.Values{"tea": {"Assam"}})
	var wg sync.WaitGroup
	for range 8 {
		tab := ada.Tab()
		wg.Go(func() { tab.Post("/checkout", nil) })
	}
	wg.Wait()
	if n := orders(t, db); n != 1 {
		t.Errorf("%d orders, want 1", n)
	}
}

// If the order cannot be stored, the cart is as it was.
func TestCheckoutThatFailsKeepsTheCart(t *testing.T) {
	h, db := run(t, filepath.Join(t.TempDir(), "shop.db"))
	ada := sessiontest.NewClient(t, h)
	ada.Post("/cart", url.Values{"tea": {"Assam"}})
	if _, err := db.Exec("ALTER TABLE orders RENAME TO hidden"); err != nil {
		t.Fatal(err)
	}
	ada.Post("/checkout", nil).HasStatus(http.StatusInternalServerError)
	if _, err := db.Exec("ALTER TABLE hidden RENAME TO orders"); err != nil {
		t.Fatal(err)
	}
	ada.Get("/").Has("In your cart: Assam.", "Orders so far: 0.").Lacks("Thank you")
}

func orders(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRow("SELECT COUNT(*) FROM orders").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
