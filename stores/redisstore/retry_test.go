package redisstore_test

import (
	"context"
	"encoding"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// A line loses replies: armed, it swallows the next one and hangs up.
type line struct {
	armed     atomic.Int32
	skip      atomic.Int32 // how many replies to let pass before
	meanwhile func()       // if not nil, happens before the client knows
}

type lossyConn struct {
	net.Conn
	line *line
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &lossyConn{conn, l}, nil
}

func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.line.armed.Load() == 1 && c.line.skip.Add(-1) < 0 && c.line.armed.CompareAndSwap(1, 0) {
		c.Conn.Close()
		if c.line.meanwhile != nil {
			c.line.meanwhile()
		}
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// lossy returns a client that sends a command again when its reply is lost.
func (l *line) client(t *testing.T, server *redisserver.Server) *redis.Client {
	o := redisserver.Options(server.Addr())
	o.Dialer, o.MaxRetries = l.dial, 2
	client := clientOf(t, o)
	must(t, client.Ping(t.Context()).Err())
	return client
}

// losing runs f so that the reply to its last command is lost, and checks that
// it was.
func (l *line) losing(t *testing.T, f func() error) error {
	t.Helper()
	l.armed.Store(1)
	defer l.skip.Store(0)
	err := f()
	if l.armed.Load() != 0 {
		t.Fatal("no reply was lost")
	}
	return err
}

// A command that is sent again because its reply was lost does what it did
// already, and says so.
func TestLostReplies(t *testing.T) {
	lost := new(line)
	client := lost.client(t, redisserver.Start(t))
	s, ctx := newStore(t, client), t.Context()
	warm := saved(t, s, "")
	must(t, s.Touch(ctx, warm.ID, warm.Revision, warm.Expires))
	s.Delete(ctx, session.NewID(), 0)

	rec := draft("")
	must(t, lost.losing(t, func() error { return s.Save(ctx, &rec) }))
	wantStored(t, s, rec)

	rec.Value.Customer = "changed"
	must(t, lost.losing(t, func() error { return s.Save(ctx, &rec) }))
	wantStored(t, s, rec)

	rec.Expires = in(30 * time.Minute)
	must(t, lost.losing(t, func() error { return s.Touch(ctx, rec.ID, rec.Revision, rec.Expires) }))
	wantStored(t, s, rec)

	other := saved(t, s, "")
	must(t, lost.losing(t, func() error { return s.Delete(ctx, other.ID, other.Revision) }))
	if _, err := s.Load(ctx, other.ID); err != session.ErrNotFound {
		t.Errorf("after Delete: error %v", err)
	}

	mine := draft("anna")
	must(t, lost.losing(t, func() error { return s.Save(ctx, &mine) })) // the index's reply
	wantStored(t, s, mine)
	if ids := owned(t, s, "anna"); len(ids) != 1 || ids[0] != mine.ID {
		t.Errorf("the owner has the sessions %v, want %v", ids, mine.ID)
	}
}

func wantStored(t *testing.T, s store, want session.Record[cart]) {
	t.Helper()
	got, err := s.Load(t.Context(), want.ID)
	if err != nil || got.Revision != want.Revision || got.Value.Customer != want.Value.Customer || got.Expires != want.Expires {
		t.Errorf("stored is %+v, error %v, want %+v", got, err, want)
	}
}

// A write that is sent again and refused may have been made the first time: it
// is not known, and no conflict, after which it would be made once more.
func TestLostReplyAndAnotherWrite(t *testing.T) {
	server := redisserver.Start(t)
	for name, other := range map[string]func(store, session.Record[cart]) error{
		"replaced": func(s store, rec session.Record[cart]) error { return s.Save(t.Context(), &rec) },
		"deleted":  func(s store, rec session.Record[cart]) error { return s.Delete(t.Context(), rec.ID, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			lost, direct := new(line), newStore(t, server.Client(t))
			s := newStore(t, lost.client(t, server))
			rec := saved(t, direct, "")
			before := rec
			lost.meanwhile = func() {
				written, err := direct.Load(t.Context(), rec.ID)
				if must(t, err); written.Revision == before.Revision {
					t.Error("nothing was written yet")
				}
				must(t, other(direct, written))
			}
			rec.Value.Customer = "changed"
			if err := lost.losing(t, func() error { return s.Save(t.Context(), &rec) }); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got error %v, want ErrUnavailable", err)
			}
			if rec.Revision != before.Revision {
				t.Error("a failed Save set the revision")
			}
		})
	}
}

// A server that had to be sent the script again leaves no doubt about a conflict.
func TestConflictAfterScriptFlush(t *testing.T) {
	client := redisserver.Start(t).Client(t)
	s, ctx := newStore(t, client), t.Context()
	rec := saved(t, s, "")
	stale := rec
	must(t, s.Save(ctx, &rec))
	must(t, client.ScriptFlush(ctx).Err())
	if err := s.Save(ctx, &stale); !errors.Is(err, session.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
}

// A record that was ended before its creation was sent again stays ended.
func TestLostReplyOfACreationThatWasEnded(t *testing.T) {
	server, lost := redisserver.Start(t), new(line)
	s, other := newStore(t, lost.client(t, server)), newStore(t, server.Client(t))
	saved(t, s, "warm")
	rec := draft("anna")
	lost.skip.Store(1) // the index's
	lost.meanwhile = func() {
		if ids := owned(t, other, "anna"); len(ids) != 1 {
			t.Errorf("the owner has %v at first", ids)
		}
		must(t, other.Delete(context.Background(), rec.ID, 0))
	}
	if err := lost.losing(t, func() error { return s.Save(t.Context(), &rec) }); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got error %v, want ErrUnavailable", err)
	}
	if _, err := s.Load(t.Context(), rec.ID); err != session.ErrNotFound {
		t.Errorf("the record is back: Load returned %v", err)
	}
}

// counting reads the arguments of each command, as hooks that log or trace do.
type counting struct{ sent int } // scripts

func (h *counting) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *counting) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			h.sent++
		}
		for _, arg := range cmd.Args() {
			if m, ok := arg.(encoding.BinaryMarshaler); ok {
				m.MarshalBinary()
			}
		}
		return next(ctx, cmd)
	}
}

func (h *counting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A Delete whose reply is lost was perhaps refused, since another request had changed
// the record. If that is still there, the refusal stands.
func TestLostReplyOfARefusedDelete(t *testing.T) {
	server, lost := redisserver.Start(t), new(line)
	s, other := newStore(t, lost.client(t, server)), newStore(t, server.Client(t))
	must(t, s.Delete(t.Context(), saved(t, s, "").ID, 0))
	rec := saved(t, other, "")
	stale := rec
	must(t, other.Save(t.Context(), &rec))
	err := lost.losing(t, func() error { return s.Delete(t.Context(), stale.ID, stale.Revision) })
	if err != session.ErrConflict {
		t.Errorf("got error %v, want ErrConflict", err)
	}
	wantStored(t, other, rec)
}

// A hook that encodes the arguments does not make a conflict look like the
// outcome of a lost reply.
func TestConflictUnderAHookThatEncodes(t *testing.T) {
	client := redisserver.Start(t).Client(t)
	client.AddHook(new(counting))
	s := newStore(t, client)
	rec := saved(t, s, "")
	stale := rec
	must(t, s.Save(t.Context(), &rec))
	if err := s.Save(t.Context(), &stale); !errors.Is(err, session.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
}

// A lost reply is asked for again as often as the client's options allow.
func TestLostRepliesAreBounded(t *testing.T) {
	server := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, server.Addr())
	o := redisserver.Options(proxy.Addr())
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 2, time.Millisecond, time.Millisecond
	client := clientOf(t, o)
	hook := new(counting)
	client.AddHook(hook)
	s := newStore(t, client)
	rec := saved(t, s, "")
	proxy.DropReplies(100, func(args []string) bool { return strings.HasPrefix(strings.ToLower(args[0]), "eval") })
	hook.sent = 0
	if err := s.Save(t.Context(), &rec); !errors.Is(err, session.ErrUnavailable) || hook.sent != 3 {
		t.Errorf("got error %v after %d attempts, want 3", err, hook.sent)
	}
}
