package sqlserver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/lib/pq"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A committer decides how a COMMIT fares. Each connection is closed after one, when
// it has left the committer.
type committer func(commit func() error) error

type committingDriver struct {
	driver.Driver
	how *committer
}

type committingConn struct {
	driver.Conn
	how  *committer
	busy *sync.WaitGroup
}

type committingTx struct {
	driver.Tx
	conn committingConn
}

// A committingStmt leaves its end to the connection, which a late COMMIT may be using.
type committingStmt struct {
	driver.Stmt
	how *committer
}

func (s committingStmt) Close() error {
	if *s.how == nil {
		return s.Stmt.Close()
	}
	return nil
}

func (d committingDriver) Open(name string) (driver.Conn, error) {
	conn, err := d.Driver.Open(name)
	return committingConn{conn, d.how, new(sync.WaitGroup)}, err
}

func (c committingConn) Begin() (driver.Tx, error) {
	//lint:ignore SA1019 the wrapped driver has it, and the interface is the smaller one
	tx, err := c.Conn.Begin()
	return committingTx{tx, c}, err
}

func (c committingConn) Prepare(query string) (driver.Stmt, error) {
	stmt, err := c.Conn.Prepare(query)
	return committingStmt{stmt, c.how}, err
}

func (c committingConn) Close() error {
	go func() {
		c.busy.Wait()
		c.Conn.Close()
	}()
	return nil
}

func (x committingTx) Commit() error {
	if *x.conn.how == nil {
		return x.Tx.Commit()
	}
	x.conn.busy.Add(1)
	done := sync.OnceFunc(x.conn.busy.Done)
	err := (*x.conn.how)(func() error { defer done(); return x.Tx.Commit() })
	if errors.Is(err, errNotSent) {
		done()
	}
	return driver.ErrBadConn
}

var (
	howToCommit committer
	errNotSent  = errors.New("not sent")
)

func init() {
	for name, d := range map[string]driver.Driver{"postgres": new(pq.Driver), "mysql": mysql.MySQLDriver{}} {
		sql.Register("committing-"+name, committingDriver{d, &howToCommit})
	}
}

// If the reply to COMMIT is lost, Transact finds out whether it was carried out, also if
// that happens later.
func TestALostReplyToCommit(t *testing.T) {
	ways := map[string]struct {
		how  committer
		kept bool
	}{
		"carried out":       {func(commit func() error) error { return commit() }, true},
		"not sent":          {func(func() error) error { return errNotSent }, false},
		"carried out later": {func(commit func() error) error { time.AfterFunc(200*time.Millisecond, func() { commit() }); return nil }, true},
	}
	for _, d := range sqlserver.Databases {
		if d.Driver != "postgres" && d.Driver != "mysql" { // SQLite has no line that loses replies
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			howToCommit = nil
			db := sqlserver.Connect(t, "committing-"+d.Driver, d.Source(t))
			dialect := map[string]sqlstore.Dialect{"postgres": sqlstore.PostgreSQL, "mysql": sqlstore.MySQL}[d.Driver]
			s, err := sqlstore.New(db, dialect, codec.MessagePack[cart](), &sqlstore.Options{CreateTable: true})
			must(t, err)
			for name, way := range ways {
				t.Run("and Join: "+name, func(t *testing.T) { lostToJoin(t, db, s, way.how, way.kept) })
				t.Run(name, func(t *testing.T) {
					howToCommit = nil
					token := created(t, s, cart{"ada", []string{"tea"}})
					visit := loaded(t, s, token)
					howToCommit = way.how
					err := sqlstore.Transact(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
						visit.Renew()
						visit.Update(func(c *cart) { c.Items = nil })
						return visit.Commit(ctx)
					})
					if way.kept != (err == nil) || !way.kept && !errors.Is(err, session.ErrUnavailable) {
						t.Fatalf("got %v", err)
					}
					if got := len(visit.Value().Items) == 0; got != way.kept || !hooks.Of(visit).Settled() {
						t.Errorf("at once: kept: %v, want %v", got, way.kept)
					}
					must(t, visit.Commit(t.Context()))
					if got := len(visit.Value().Items) == 0; got != way.kept {
						t.Errorf("kept: %v, want %v", got, way.kept)
					}
					now, _ := visit.Token()
					if diff := len(loaded(t, s, now).Value().Items) - len(visit.Value().Items); diff != 0 || now.Equal(token) == way.kept {
						t.Error("the session is not what is stored")
					}
				})
			}
		})
	}
}

// lostToJoin loses the reply to COMMIT of a transaction of the application's own: of a
// change, a creation and a log-out.
func lostToJoin(t *testing.T, db *sql.DB, s *sqlstore.Store[cart], how committer, kept bool) {
	for name, change := range map[string]func(*session.Session[cart]){
		"change":   func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items = nil }) },
		"creation": func(s *session.Session[cart]) { s.Set(cart{Customer: "eve"}) },
		"log-out":  (*session.Session[cart]).Destroy,
	} {
		for _, deferred := range []bool{false, true} {
			howToCommit = nil
			token := created(t, s, cart{"ada", []string{"tea"}})
			visit := loaded(t, s, token)
			if name == "creation" {
				visit = session.New(session.Store[cart](s), nil)
			}
			tx, err := db.BeginTx(t.Context(), nil)
			must(t, err)
			howToCommit = how
			joined := sqlstore.Join(tx)
			change(visit)
			must(t, visit.Commit(joined.Context(t.Context())))
			err = tx.Commit()
			if deferred {
				must(t, joined.Rollback())
			} else if err := joined.End(err); (err == nil) != kept {
				t.Errorf("%s: End returned %v", name, err)
			}
			if !hooks.Of(visit).Settled() && name != "log-out" {
				t.Errorf("%s: the session waits", name)
			}
			now, there := visit.Token()
			if name == "log-out" {
				now = token
			}
			live, err := s.Exists(t.Context(), now.ID())
			must(t, err)
			want := map[string]bool{"change": true, "creation": kept, "log-out": !kept}[name]
			if live != want || name == "creation" && there != kept {
				t.Errorf("%s: the session lives: %v, want %v; it has a token: %v", name, live, want, there)
			}
			if n := len(visit.Value().Items); name == "change" && (n == 0) != kept {
				t.Errorf("%s: %d items", name, n)
			}
		}
	}
}
