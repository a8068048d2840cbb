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

// A crowd of calls goes to a database that answers its statements one by one.
type crowd struct {
	*sqlstore.Store[cart]
	db     *sql.DB
	within atomic.Int32 // statements that the database has and has not answered
	sent   atomic.Int32 // statements that it has ever had
	answer chan struct{}
	all    sync.WaitGroup
}

func newCrowd(t *testing.T, d sqlstore.Dialect) *crowd {
	t.Helper()
	c := &crowd{answer: make(chan struct{})}
	c.db = (&fake{do: func(string) {
		c.within.Add(1)
		c.sent.Add(1)
		<-c.answer
		c.within.Add(-1)
	}}).database(t)
	var err error
	if c.Store, err = sqlstore.New(c.db, d, codec.JSON[cart](), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// call begins a call.
func (c *crowd) call(ctx context.Context, f func(context.Context) error) <-chan error {
	done := make(chan error, 1)
	c.all.Go(func() { done <- f(ctx) })
	synctest.Wait()
	return done
}

func (c *crowd) write(ctx context.Context) <-chan error {
	return c.call(ctx, func(ctx context.Context) error {
		return c.Touch(ctx, session.ID{1}, 1, time.Now().Add(time.Hour))
	})
}

func (c *crowd) read(ctx context.Context) <-chan error {
	return c.call(ctx, func(ctx context.Context) error {
		_, err := c.Load(ctx, session.ID{1})
		return err
	})
}

func (c *crowd) expect(t *testing.T, within, sent int32) {
	t.Helper()
	synctest.Wait()
	if n, all := c.within.Load(), c.sent.Load(); n != within || all != sent {
		t.Errorf("the database has %d statements, and has had %d; want %d and %d", n, all, within, sent)
	}
}

// end answers the statements that are left.
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

// Reads go at once while few are under way, and then together.
func TestReadsGoTogether(t *testing.T) {
	for _, d := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL} {
		inBubble(t, string(d), d, func(t *testing.T, c *crowd) {
			for range 12 {
				c.read(t.Context())
			}
			c.expect(t, 2, 2)
			c.answer <- struct{}{}
			c.expect(t, 2, 3) // one has the ten that waited
			c.answer <- struct{}{}
			c.answer <- struct{}{}
			c.expect(t, 0, 3)
			c.read(t.Context())
			c.expect(t, 1, 4)
		})
	}
	inBubble(t, "at most a hundred", sqlstore.PostgreSQL, func(t *testing.T, c *crowd) {
		for range 202 {
			c.read(t.Context())
		}
		c.answer <- struct{}{}
		c.answer <- struct{}{}
		c.expect(t, 2, 4)
		c.answer <- struct{}{}
		c.answer <- struct{}{}
		c.expect(t, 0, 4)
	})
	inBubble(t, "not beside statements that hang", sqlstore.PostgreSQL, func(t *testing.T, c *crowd) {
		for range 10 {
			c.read(t.Context())
		}
		time.Sleep(19 * time.Millisecond)
		c.expect(t, 2, 2)
		time.Sleep(time.Millisecond)
		c.expect(t, 3, 3)
		c.read(t.Context())
		c.expect(t, 4, 4)
	})
	inBubble(t, "until a request ends", sqlstore.PostgreSQL, func(t *testing.T, c *crowd) {
		for range 2 {
			c.read(t.Context())
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := c.read(ctx)
		cancel()
		if err := <-done; !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		c.answer <- struct{}{}
		c.expect(t, 1, 2) // none is sent for it
	})
	inBubble(t, "but on SQLite", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		for range 3 {
			c.read(t.Context())
		}
		c.expect(t, 3, 3)
	})
}

// Writes to SQLite take turns. They do not wait for ever.
func TestTurns(t *testing.T) {
	inBubble(t, "one after another", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		for range 4 {
			c.write(t.Context())
		}
		for sent := range int32(4) {
			c.expect(t, 1, sent+1)
			c.answer <- struct{}{}
		}
		c.expect(t, 0, 4)
	})
	inBubble(t, "the one before does not end", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		for range 3 {
			c.write(t.Context())
		}
		time.Sleep(999 * time.Millisecond)
		c.expect(t, 1, 1)
		time.Sleep(time.Millisecond)
		c.expect(t, 2, 2)
	})
	inBubble(t, "the request ends", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		ctx, cancel := context.WithCancel(t.Context())
		writes := []<-chan error{c.write(ctx), c.write(ctx)} // the first has its turn
		cancel()
		for _, done := range writes {
			if err := <-done; !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		c.expect(t, 1, 1)
	})
	inBubble(t, "a transaction has no turn", sqlstore.SQLite, func(t *testing.T, c *crowd) {
		c.write(t.Context())
		tx, err := c.db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tx.Rollback() })
		c.write(sqlstore.Join(tx).Context(t.Context()))
		c.expect(t, 2, 2)
	})
	inBubble(t, "another database", sqlstore.PostgreSQL, func(t *testing.T, c *crowd) {
		for range 3 {
			c.write(t.Context())
		}
		c.expect(t, 3, 3)
	})
}
