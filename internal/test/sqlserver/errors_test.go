package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// Only a driver's error says that a transaction met another one. A visitor may choose the
// text of the program's errors, and of rows that a database quotes.
func TestTheTextOfAnErrorIsNotTakenForADrivers(t *testing.T) {
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		newStore(t, db, "sessions")
		_, err := db.Exec("CREATE TABLE customers (name VARCHAR(100) PRIMARY KEY)")
		must(t, err)
		for _, text := range []string{"database is locked (5) (SQLITE_BUSY)", "Error 1213", "Error 1062", "in a failed transaction"} {
			refuse := errors.New("no customer is called " + text)
			if err := sqlstore.Transact(t.Context(), db, nil, func(context.Context, *sql.Tx) error { return refuse }); err != refuse {
				t.Errorf("the program's error: got %v", err)
			}
			err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
				insert := "INSERT INTO customers (name) VALUES ('" + text + "')"
				_, err := tx.ExecContext(ctx, insert)
				must(t, err)
				_, err = tx.ExecContext(ctx, insert)
				return err
			})
			if err == nil || errors.Is(err, sqlstore.ErrAborted) || errors.Is(err, session.ErrUnavailable) {
				t.Errorf("a row that is there already: got %v", err)
			}
		}
	})
}
