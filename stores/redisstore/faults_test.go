package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// calls returns every method as one that returns its error only.
func calls(s store, rec session.Record[cart]) map[string]func(context.Context) error {
	first := func(yield func(func(session.Record[cart], error) bool)) (err error) {
		yield(func(_ session.Record[cart], e error) bool { err = e; return false })
		return err
	}
	return map[string]func(context.Context) error{
		"Load":    func(ctx context.Context) error { _, err := s.Load(ctx, rec.ID); return err },
		"Exists":  func(ctx context.Context) error { _, err := s.Exists(ctx, rec.ID); return err },
		"Save":    func(ctx context.Context) error { r := rec; return s.Save(ctx, &r) },
		"create":  func(ctx context.Context) error { r := draft("anna"); return s.Save(ctx, &r) },
		"Touch":   func(ctx context.Context) error { return s.Touch(ctx, rec.ID, rec.Revision, in(time.Hour)) },
		"Delete":  func(ctx context.Context) error { return s.Delete(ctx, rec.ID, 0) },
		"ByOwner": func(ctx context.Context) error { return first(s.ByOwner(ctx, rec.Owner)) },
		"All":     func(ctx context.Context) error { return first(s.All(ctx)) },
		"Outline": func(ctx context.Context) error { _, err := s.Outline(ctx, rec.ID); return err },
		"OutlinesByOwner": func(ctx context.Context) error {
			return first(s.OutlinesByOwner(ctx, rec.Owner))
		},
		"Revisions": func(ctx context.Context) error { _, err := s.Revisions(ctx, []session.ID{rec.ID}); return err },
		"Check":     s.Check,
	}
}

// wantUnavailable checks that every method says that it does not know, and does not
// wait for an answer as long as the client would, which is a minute.
func wantUnavailable(t *testing.T, s store, rec session.Record[cart], timeout time.Duration, cause error) {
	t.Helper()
	for name, call := range calls(s, rec) {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		start := time.Now()
		err := call(ctx)
		cancel()
		if !errors.Is(err, session.ErrUnavailable) || cause != nil && !errors.Is(err, cause) {
			t.Errorf("%s: got error %v, want ErrUnavailable with its cause", name, err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s took %v under a context of %v", name, took, timeout)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	s := newStore(t, newClient(t, server.URL()))
	rec := saved(t, s, "anna")

	if err := server.Pause(); err == nil {
		wantUnavailable(t, s, rec, moment, nil)
		must(t, server.Resume())
		if _, err := s.Load(t.Context(), rec.ID); errors.Is(err, session.ErrUnavailable) { // what was sent may have been done
			t.Errorf("when the server is back: %v", err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s, rec) {
		if err := call(cancelled); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: got error %v", name, err)
		}
	}
	server.Kill()
	wantUnavailable(t, s, rec, patience, nil)
}

// A replica that takes no writes is an error, not a success; what can be read
// still is.
func TestReadOnlyReplica(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s, ctx := newStore(t, client), t.Context()
	rec := saved(t, s, "anna")
	must(t, client.Do(ctx, "REPLICAOF", "127.0.0.1", "1").Err())
	for name, call := range calls(s, rec) {
		err := call(ctx)
		switch name {
		case "Load", "Exists", "ByOwner", "All", "Outline", "OutlinesByOwner", "Revisions", "Check":
			must(t, err)
		default:
			if !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: got error %v, want ErrUnavailable", name, err)
			}
		}
	}
	wantStored(t, s, rec)
}

// When Redis is out of memory, nothing can be saved, but sessions can be ended.
func TestOutOfMemory(t *testing.T) {
	client := redisserver.Start(t, "--maxmemory-policy", "noeviction").Client(t)
	s, ctx := newStore(t, client), t.Context()
	rec, other := saved(t, s, "anna"), saved(t, s, "")
	must(t, client.ScriptFlush(ctx).Err())
	must(t, client.ConfigSet(ctx, "maxmemory", "1").Err())

	for name, call := range calls(s, rec) {
		if name == "Save" || name == "create" {
			if err := call(ctx); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: got error %v, want ErrUnavailable", name, err)
			}
		}
	}
	wantStored(t, s, rec)
	began := time.Now()
	rec.Expires = in(3 * time.Hour)
	must(t, s.Touch(ctx, rec.ID, rec.Revision, rec.Expires))
	if got := endOf(t, client, key(rec.ID)); !near(got, rec.Expires, began) {
		t.Errorf("touched, the key ends at %v, want %v", got, rec.Expires)
	}
	wantStored(t, s, rec)
	must(t, s.Delete(ctx, rec.ID, 0))
	must(t, s.Delete(ctx, other.ID, 0))
	if n, err := client.DBSize(ctx).Result(); err != nil || n != 0 {
		t.Errorf("%d keys are left, error %v", n, err)
	}
}

// A log-out that its replica had not confirmed can be repeated while Redis is out of
// memory.
func TestALogOutIsRepeatedOutOfMemory(t *testing.T) {
	t.Parallel()
	primary := redisserver.Start(t, "--maxmemory-policy", "noeviction")
	follow(t, primary)
	client, ctx := primary.Client(t), t.Context()
	s := careful(t, client, confirmed)
	rec := saved(t, s, "")
	s.Delete(ctx, session.NewID(), 0) // the script is there, and so is the memory
	must(t, client.ConfigSet(ctx, "maxmemory", "1").Err())
	for range 2 {
		if err := s.Delete(ctx, rec.ID, 0); err != nil && err != session.ErrNotFound {
			t.Errorf("got error %v", err)
		}
	}
}

// A caller whose context is cancelled does not wait for the server.
func TestCancelledWhileTheServerIsSilent(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	client := server.Client(t) // which waits for a minute
	s := newStore(t, client)
	rec := saved(t, s, "anna")
	if err := server.Pause(); err != nil {
		t.Skip(err)
	}
	defer server.Resume()
	for name, call := range calls(s, rec) {
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(moment, cancel)
		start := time.Now()
		if err := call(ctx); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v", name, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		stop.Stop()
	}
}

// A stuck is a hook that answers one command only when the test ends.
type stuck struct {
	name string
	ends <-chan struct{}
}

func (stuck) DialHook(next redis.DialHook) redis.DialHook { return next }
func (stuck) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h stuck) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == h.name {
			<-h.ends
		}
		return next(ctx, cmd)
	}
}

// In a cluster, the server of the record can answer while the server of the index does not.
func TestCancelledWhileOneCommandIsNotAnswered(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	for name, command := range map[string]string{"Delete": "zrem", "Check": "zrange"} {
		t.Run(name, func(t *testing.T) {
			client := server.Client(t) // which waits for a minute
			s := newStore(t, client)
			rec := saved(t, s, "anna")
			ends := make(chan struct{})
			client.AddHook(stuck{command, ends})
			ctx, cancel := context.WithCancel(t.Context())
			defer time.AfterFunc(moment, cancel).Stop()
			back := make(chan error, 1)
			go func() { back <- calls(s, rec)[name](ctx) }()
			select {
			case err := <-back:
				if name == "Delete" { // the session has ended
					must(t, err)
				} else if !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("got error %v", err)
				}
				close(ends)
			case <-time.After(20 * time.Second):
				close(ends)
				t.Fatalf("it waits for the answer: %v", <-back)
			}
		})
	}
}

// A session's key may hold data that is no record. It is reported and left alone,
// except by Delete.
func TestForeignKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		whole := draft("anna")
		data, err := wire.AppendRecord(nil, &whole, 5, codec.MessagePack[cart]())
		must(t, err)
		damaged := append([]byte(nil), data...)
		damaged[len(damaged)-1] ^= 1
		for name, put := range map[string]func(key string) error{
			"text":         func(key string) error { return client.Set(ctx, key, "something else", time.Hour).Err() },
			"a byte":       func(key string) error { return client.Set(ctx, key, "\x01", time.Hour).Err() },
			"long text":    func(key string) error { return client.Set(ctx, key, fmt.Sprintf("%0100d", 0), time.Hour).Err() },
			"damaged":      func(key string) error { return client.Set(ctx, key, damaged, time.Hour).Err() },
			"cut":          func(key string) error { return client.Set(ctx, key, data[:len(data)-1], time.Hour).Err() },
			"half a head":  func(key string) error { return client.Set(ctx, key, data[:30], time.Hour).Err() },
			"next version": func(key string) error { return client.Set(ctx, key, "\x02"+string(data[1:]), time.Hour).Err() },
			"a list":       func(key string) error { return client.RPush(ctx, key, "x").Err() },
			"a sorted set": func(key string) error { return client.ZAdd(ctx, key, redis.Z{Member: "x"}).Err() },
		} {
			t.Run(name, func(t *testing.T) {
				rec := whole
				rec.ID, rec.Revision = session.NewID(), 6
				must(t, put(key(rec.ID)))
				before := contents(t, client, key(rec.ID))

				_, err := s.Load(ctx, rec.ID)
				if e, ok := errors.AsType[*session.DecodeError](err); !ok || e.ID != rec.ID {
					t.Errorf("Load: got error %v, want a DecodeError", err)
				}
				if live, err := s.Exists(ctx, rec.ID); err != nil || !live {
					t.Errorf("Exists: got %v and error %v", live, err)
				}
				created := rec
				created.Revision = 0
				for call, err := range map[string]error{
					"Save":   s.Save(ctx, &rec),
					"create": s.Save(ctx, &created),
					"Delete": s.Delete(ctx, rec.ID, rec.Revision),
				} {
					if err == nil || errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) {
						t.Errorf("%s: got error %v", call, err)
					}
				}
				if after := contents(t, client, key(rec.ID)); after != before {
					t.Errorf("it was changed from %s to %s", before, after)
				}
				must(t, s.Delete(ctx, rec.ID, 0))
				if n, err := client.Exists(ctx, key(rec.ID)).Result(); err != nil || n != 0 {
					t.Errorf("Delete left it, error %v", err)
				}
			})
		}
	})
}

// contents returns what a key holds, as text.
func contents(t *testing.T, client *redis.Client, key string) string {
	t.Helper()
	kind, err := client.Type(t.Context(), key).Result()
	must(t, err)
	var value any
	switch kind {
	case "string":
		value, err = client.Get(t.Context(), key).Result()
	case "list":
		value, err = client.LRange(t.Context(), key, 0, -1).Result()
	case "zset":
		value, err = client.ZRangeWithScores(t.Context(), key, 0, -1).Result()
	}
	must(t, err)
	return fmt.Sprintf("%s %q", kind, value)
}

func TestTouchLeavesForeignKeysAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx, id := newStore(t, client), t.Context(), session.NewID()
		must(t, client.Set(ctx, key(id), "short", time.Hour).Err())
		if _, ok := errors.AsType[*session.DecodeError](s.Touch(ctx, id, 1, in(time.Minute))); !ok {
			t.Error("Touch did not return a DecodeError")
		}
		if got, err := client.Get(ctx, key(id)).Result(); err != nil || got != "short" {
			t.Errorf("it is now %q, error %v", got, err)
		}
	})
}

func TestMaxRecordBytes(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		ctx, wide := t.Context(), newStore(t, client)
		rec := saved(t, wide, "anna")
		size, err := client.StrLen(ctx, key(rec.ID)).Result()
		must(t, err)
		limited := func(limit int64) store {
			s, err := redisstore.New(client, "carts", codec.MessagePack[cart](), &redisstore.Options{MaxRecordBytes: int(limit)})
			must(t, err)
			return s
		}
		exact, narrow := limited(size), limited(size-1)
		must(t, exact.Save(ctx, &rec))
		wantStored(t, exact, rec)

		want := fmt.Sprintf("session: record too large: it has %d bytes, of at most %d; its largest field is Items, with 35", size, size-1)
		before := rec
		if err := narrow.Save(ctx, &rec); !errors.Is(err, session.ErrTooLarge) || err.Error() != want {
			t.Errorf("Save: got error %v, want %s", err, want)
		}
		if rec.Revision != before.Revision {
			t.Error("Save set the revision")
		}
		_, err = narrow.Load(ctx, rec.ID)
		if e, ok := errors.AsType[*session.DecodeError](err); !ok || e.ID != rec.ID || !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("Load: got error %v, want a DecodeError that wraps ErrTooLarge", err)
		}
		large := draft("")
		large.Value.Customer = string(make([]byte, redisstore.DefaultMaxRecordBytes))
		if err := wide.Save(ctx, &large); !errors.Is(err, session.ErrTooLarge) || !strings.Contains(err.Error(), "its largest field is Customer, with 10485") {
			t.Errorf("by default: got error %v, want ErrTooLarge that names the field", err)
		}
	})
}
