package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A crowd of writes goes to a database that answers them one by one.
type crowd struct {
	*sqlstore.Store[cart]
	db     *sql.DB
	within atomic.Int32 // writes that the database has and has not answered
	answer chan struct{}
	all    sync.WaitGroup
}

func newCrowd(t *testing.T, d sqlstore.Dialect) *crowd {
	t.Helper()
	c := &crowd{answer: make(chan struct{})}
	c.db = (&fake{do: func(string) {
		c.within.Add(1)
		<-c.answer
		c.within.Add(-1)
	}}).database(t)
	var err error
	if c.Store, err = sqlstore.New(c.db, d, codec.JSON[cart](), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// write begins a write.
func (c *crowd) write(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	c.all.Go(func() { done <- c.Touch(ctx, session.ID{1}, time.Now().Add(time.Hour)) })
	synctest.Wait()
	return done
}

func (c *crowd) expect(t *testing.T, within int32) {
	t.Helper()
	synctest.Wait()
	if n := c.within.Load(); n != within {
		t.Errorf("the database has %d writes, want %d", n, within)
	}
}

// end answers the writes that are left.
func (c *crowd) end() {
	close(c.answer)
	c.all.Wait()
	c.db.Close()
}

func inBubble(t *testing.T, name string, d sqlstore.Dialect, test func(t *testing.T, c *crowd)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, d)
			defer c.end()
			test(t, c)
		})
	})
}

// Writes to SQLite take turns. They do not wait for ever.
func TestTurns(t *testing.T) {
	inBubble(t, "one after another", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		for range 3 {
			c.write(t.Context())
		}
		for range 3 {
			c.expect(t, 1)
			c.answer <- struct{}{}
		}
		c.expect(t, 0)
	})
	inBubble(t, "the one before does not end", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		for range 3 {
			c.write(t.Context())
		}
		time.Sleep(999 * time.Millisecond)
		c.expect(t, 1)
		time.Sleep(time.Millisecond)
		c.expect(t, 3)
	})
	inBubble(t, "the request ends", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		c.write(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		done := c.write(ctx)
		cancel()
		synctest.Wait()
		select {
		case err := <-done:
			if !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		default:
			t.Error("the write waits for its turn")
		}
		c.expect(t, 1)
	})
	inBubble(t, "a read has no turn", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		c.write(t.Context())
		c.all.Go(func() { c.Exists(t.Context(), session.ID{1}) })
		c.expect(t, 2)
	})
	inBubble(t, "a transaction has no turn", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		c.write(t.Context())
		tx, err := c.db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tx.Rollback() })
		c.write(sqlstore.InTx(t.Context(), tx))
		c.expect(t, 2)
	})
	inBubble(t, "another database", sqlstore.PostgreSQL, func(t *testing.T, c *crowd) {
		for range 3 {
			c.write(t.Context())
		}
		c.expect(t, 3)
	})
}
