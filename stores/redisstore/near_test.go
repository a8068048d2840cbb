package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

var (
	_ session.Opener[cart] = store(nil)
	_ session.Watcher      = store(nil)
)

// nearStore returns a store with a near cache, as of one node of several.
func nearStore(tb testing.TB, client redis.Cmdable, o redisstore.NearCache) store {
	tb.Helper()
	if o.Records == 0 {
		o.Records = 1000
	}
	s, err := redisstore.New(client, "carts", codec.MessagePack[cart](), &redisstore.Options{Logger: quiet.Logger, NearCache: o})
	must(tb, err)
	tb.Cleanup(func() { must(tb, s.Close()) })
	return s
}

// warm waits until a node serves the record from its cache.
func warm(tb testing.TB, s store, rec session.Record[cart]) {
	tb.Helper()
	eventually(tb, "the record is served from the cache", func() bool {
		got, cached, err := s.Open(tb.Context(), rec.ID, anyone)
		must(tb, err)
		return cached && got.Revision == rec.Revision
	})
}

// served returns the outcome of loading as a node does for a request.
func served(s store, id session.ID) (rec session.Record[cart], err error) {
	rec, _, err = s.Open(context.Background(), id, anyone)
	return rec, err
}

// rounds runs a test of a near cache until it has succeeded so often. A round that
// reports false does not count: on a machine that stalls, a node may have to read
// what it has just read.
func rounds(t *testing.T, n int, round func(i int) bool) {
	t.Helper()
	for i, tries := 0, 0; i < n; tries++ {
		if tries > 3*n {
			t.Fatalf("the cache was of use %d times of %d", i, tries)
		}
		if round(i) {
			i++
		}
	}
}

// A read of a known session costs nothing, and a change one command, after which the
// node needs no read.
func TestNearCacheCommands(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s, server := nearStore(t, client, redisstore.NearCache{MaxStale: 2 * time.Second}), asker{t, client}
	rec := saved(t, s, "anna")
	warm(t, s, rec)
	must(t, s.Save(t.Context(), &rec))
	must(t, s.Touch(t.Context(), rec.ID, rec.Revision, in(time.Hour)))
	spent := func(f func()) [2]int {
		writes, reads := server.calls("evalsha"), server.calls("pttl")+server.calls("get")
		f()
		return [2]int{server.calls("evalsha") - writes, server.calls("pttl") + server.calls("get") - reads}
	}
	for name, call := range map[string]struct {
		call func(i int) error
		want int
	}{
		"read": {func(int) error { return nil }, 0},
		"save": {func(int) error { return s.Save(t.Context(), &rec) }, 1},
		"touch": {func(i int) error {
			return s.Touch(t.Context(), rec.ID, rec.Revision, in(time.Duration(i+1)*time.Minute))
		}, 1},
	} {
		rounds(t, 20, func(i int) (copied bool) {
			warm(t, s, rec)
			got := spent(func() {
				must(t, call.call(i))
				read, was, err := s.Open(t.Context(), rec.ID, anyone)
				must(t, err)
				if copied = was; read.Revision != rec.Revision {
					t.Errorf("after a %s: revision %v, want %v", name, read.Revision, rec.Revision)
				}
			})
			if copied && got != [2]int{call.want, 0} {
				t.Errorf("a %s and a read send %d scripts and %d reads", name, got[0], got[1])
			}
			return copied
		})
	}
	absent := session.NewID()
	rounds(t, 1, func(int) bool {
		warm(t, s, rec)
		before := server.calls("get")
		if _, err := served(s, absent); err != session.ErrNotFound {
			t.Errorf("an absent session: error %v", err)
		}
		return server.calls("get") == before // it is asked for once, with its time to live
	})
	if got := spent(func() { s.Load(t.Context(), rec.ID) }); got != [2]int{0, 1} {
		t.Errorf("what must be exact sends %v", got)
	}
}

// A node that has kept its own write has not read it: there is no GET at all.
func TestNearCacheKeepsWhatItWrites(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s := nearStore(t, client, redisstore.NearCache{MaxStale: 2 * time.Second})
	warm(t, s, saved(t, s, ""))
	server := asker{t, client}
	rounds(t, 20, func(int) bool {
		rec := saved(t, s, "")
		before := server.calls("get")
		for end := time.Now().Add(time.Second); !s.Cached(rec.ID); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return false // the connection was lost before the write was confirmed
			}
		}
		got, cached, err := s.Open(t.Context(), rec.ID, anyone)
		must(t, err)
		if got.Revision != rec.Revision || len(got.Value.Items) != 1 || got.Expires != rec.Expires {
			t.Errorf("got %+v", got)
		}
		if n := server.calls("get") - before; cached && n != 0 {
			t.Errorf("%d GETs", n)
		}
		return cached
	})
}

// An asker asks a server about its commands.
type asker struct {
	tb     testing.TB
	client *redis.Client
}

func (a asker) calls(command string) (n int) {
	info, err := a.client.Info(a.tb.Context(), "commandstats").Result()
	must(a.tb, err)
	_, rest, _ := strings.Cut(info, "cmdstat_"+command+":calls=")
	fmt.Sscanf(rest, "%d", &n)
	return n
}

// A node sees its own writes at once, whatever the messages do.
func TestNearCacheOwnWrites(t *testing.T) {
	t.Parallel()
	s := nearStore(t, redisserver.Start(t).Client(t), redisstore.NearCache{})
	warm(t, s, saved(t, s, ""))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			rec := draft("")
			must(t, s.Save(t.Context(), &rec))
			var over atomic.Bool
			wg.Go(func() { // reads all the time, so that there are copies to go stale
				for !over.Load() {
					served(s, rec.ID)
				}
			})
			defer over.Store(true)
			for i := range 100 {
				rec.Value.Customer = fmt.Sprint(i)
				must(t, s.Save(t.Context(), &rec))
				if got, err := served(s, rec.ID); err != nil || got.Revision != rec.Revision || got.Value.Customer != rec.Value.Customer {
					t.Errorf("after Save: %+v, %v", got, err)
				}
				expires := in(time.Duration(i+1) * time.Minute)
				must(t, s.Touch(t.Context(), rec.ID, rec.Revision, expires))
				if got, err := served(s, rec.ID); err != nil || got.Expires != expires {
					t.Errorf("after Touch: %+v, %v", got, err)
				}
			}
			must(t, s.Delete(t.Context(), rec.ID, rec.Revision))
			if _, err := served(s, rec.ID); err != session.ErrNotFound {
				t.Errorf("after its end: %v", err)
			}
		})
	}
	wg.Wait()
}

// What another node does is seen soon: changed, touched, ended, renewed.
func TestNearCacheOfAnotherNode(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	client := server.Client(t)
	s, other := nearStore(t, at(t, server.Addr()), redisstore.NearCache{}), newStore(t, client)
	for name, test := range map[string]struct {
		change func(rec session.Record[cart]) error
		seen   func(rec session.Record[cart], err error) bool
	}{
		"Save": {func(rec session.Record[cart]) error {
			rec.Value.Customer = "bert"
			return other.Save(t.Context(), &rec)
		},
			func(rec session.Record[cart], err error) bool { return rec.Value.Customer == "bert" }},
		"Touch": {func(rec session.Record[cart]) error {
			return other.Touch(t.Context(), rec.ID, rec.Revision, in(2*time.Hour))
		},
			func(rec session.Record[cart], err error) bool { return time.Until(rec.Expires) > time.Hour }},
		"Delete": {func(rec session.Record[cart]) error { return other.Delete(t.Context(), rec.ID, 0) },
			func(_ session.Record[cart], err error) bool { return err == session.ErrNotFound }},
		"FLUSHALL": {func(session.Record[cart]) error { return client.FlushAll(t.Context()).Err() },
			func(_ session.Record[cart], err error) bool { return err == session.ErrNotFound }},
		"expiry by Redis": {func(rec session.Record[cart]) error {
			return client.PExpire(t.Context(), key(rec.ID), time.Millisecond).Err()
		},
			func(_ session.Record[cart], err error) bool { return err == session.ErrNotFound }},
	} {
		t.Run(name, func(t *testing.T) {
			rec := saved(t, other, "")
			warm(t, s, rec)
			must(t, test.change(rec))
			eventually(t, "it is seen", func() bool { return test.seen(served(s, rec.ID)) })
			for range 100 {
				if !test.seen(served(s, rec.ID)) {
					t.Error("it is unseen again")
				}
			}
		})
	}
}

// The reply to a read comes late, after another way has shown a newer record. No copy is
// kept of it.
func TestNearCacheAReadThatIsOvertaken(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	cable, other := redisserver.NewCable(t, server.Addr()), newStore(t, server.Client(t))
	s := nearStore(t, at(t, cable.Addr()), redisstore.NearCache{MaxStale: 2 * time.Second})
	for range 5 {
		rec := saved(t, other, "")
		warm(t, s, saved(t, other, ""))
		cable.FreezeReplies()
		if old, err := served(s, rec.ID); err != nil || old.Revision != rec.Revision {
			t.Fatalf("at first: %+v, %v", old, err)
		}
		must(t, other.Save(t.Context(), &rec))
		if got, err := s.Load(t.Context(), rec.ID); err != nil || got.Revision != rec.Revision {
			t.Fatalf("as it is: %+v, %v", got, err)
		}
		cable.Thaw()
		for range 1000 {
			if got, err := served(s, rec.ID); err != nil || got.Revision != rec.Revision {
				t.Fatalf("the record from before the change was kept: %+v, %v", got, err)
			}
		}
	}
}

// When the connection that tells of changes is frozen, a change is seen after
// MaxStale at most. When it goes on, so does the cache.
func TestNearCacheFrozen(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	cable, other := redisserver.NewCable(t, server.Addr()), newStore(t, server.Client(t))
	const maxStale = 100 * time.Millisecond
	s := nearStore(t, at(t, cable.Addr()), redisstore.NearCache{MaxStale: maxStale})
	for range 5 {
		rec := saved(t, other, "")
		warm(t, s, rec)
		cable.FreezeTracking()
		must(t, other.Delete(t.Context(), rec.ID, 0))
		boundedAfter(t, s, rec, time.Now(), maxStale)
		cable.Thaw()
	}
	warm(t, s, saved(t, other, ""))
}

// boundedAfter checks that a record which ended at a time is not served later than
// MaxStale after that.
func boundedAfter(t *testing.T, s store, rec session.Record[cart], ended time.Time, maxStale time.Duration) {
	t.Helper()
	eventually(t, "its end is seen", func() bool {
		asked := time.Now()
		_, err := served(s, rec.ID)
		if err == nil && asked.Sub(ended) > maxStale {
			t.Fatalf("it is served %v after its end", asked.Sub(ended))
		}
		return errors.Is(err, session.ErrNotFound)
	})
	for range 100 {
		if _, err := served(s, rec.ID); err != session.ErrNotFound {
			t.Fatalf("it is back: %v", err)
		}
	}
}

// When the connection is cut, everything is forgotten. What changed meanwhile is
// seen, and the cache goes on.
func TestNearCacheCut(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	client := server.Client(t)
	cable, other := redisserver.NewCable(t, server.Addr()), newStore(t, client)
	s := nearStore(t, at(t, cable.Addr()), redisstore.NearCache{MaxStale: time.Second})
	for name, cut := range map[string]func() int{
		"by the network": cable.CutTracking,
		"CLIENT KILL": func() (killed int) {
			list, err := client.ClientList(t.Context()).Result()
			must(t, err)
			for line := range strings.Lines(list) {
				if strings.Contains(line, " flags=t ") {
					var id string
					fmt.Sscanf(line, "id=%s", &id)
					must(t, client.ClientKillByFilter(t.Context(), "ID", id).Err())
					killed++
				}
			}
			return killed
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				rec, kept := saved(t, other, ""), saved(t, other, "")
				warm(t, s, rec)
				warm(t, s, kept)
				eventually(t, "a connection is cut", func() bool { return cut() > 0 })
				must(t, other.Delete(t.Context(), rec.ID, 0))
				boundedAfter(t, s, rec, time.Now(), time.Second)
				warm(t, s, kept)
			}
		})
	}
}

// A server that stops and another that takes its address: the cache goes on.
func TestNearCacheWithoutAServer(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	var log lockedBuffer
	var dialled atomic.Int64
	o := redisserver.Options(server.Addr())
	o.MaxRetries = -1
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		defer dialled.Add(1)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	client := clientOf(t, o)
	s, err := redisstore.New(client, "carts", codec.MessagePack[cart](), &redisstore.Options{
		NearCache: redisstore.NearCache{Records: 10}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	defer s.Close()
	rec := saved(t, s, "")
	warm(t, s, rec)
	server.Kill()
	eventually(t, "it is not served any more", func() bool {
		_, err := served(s, rec.ID)
		return errors.Is(err, session.ErrUnavailable)
	})
	tries := func(n int64) {
		t.Helper()
		n += dialled.Load()
		eventually(t, "the tracker goes on trying", func() bool { return dialled.Load() >= n })
	}
	tries(2)
	warnings := strings.Count(log.String(), "near cache is off")
	if tries(2); warnings == 0 || strings.Count(log.String(), "near cache is off") != warnings {
		t.Errorf("%d warnings, and after that %s", warnings, log.String())
	}
}

// A user who may not track has no near cache, and everything else.
func TestNearCacheWithoutPermission(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	admin := server.Client(t)
	try := func(t *testing.T, more ...string) (s store, log *lockedBuffer) {
		set := []any{"acl", "setuser", "app", "reset", "on", ">secret"}
		for _, rule := range slices.Concat(rules, more) {
			set = append(set, rule)
		}
		must(t, admin.Do(t.Context(), set...).Err())
		o := redisserver.Options(server.Addr())
		o.Username, o.Password, o.DisableIdentity = "app", "secret", true
		client := clientOf(t, o)
		log = new(lockedBuffer)
		s, err := redisstore.New(client, "carts", codec.MessagePack[cart](), &redisstore.Options{
			NearCache: redisstore.NearCache{Records: 10}, Logger: slog.New(slog.NewTextHandler(log, nil))})
		must(t, err)
		t.Cleanup(func() { s.Close() })
		return s, log
	}
	s, _ := try(t, nearRules...)
	warm(t, s, saved(t, s, ""))
	doc, err := os.ReadFile("doc.go")
	must(t, err)
	for i, rule := range nearRules {
		if !strings.Contains(string(doc), rule) {
			t.Errorf("the package's documentation lacks %s", rule)
		}
		t.Run("without "+rule, func(t *testing.T) {
			s, log := try(t, slices.Delete(slices.Clone(nearRules), i, i+1)...)
			eventually(t, "a warning", func() bool { return strings.Contains(log.String(), "near cache is off") })
			rec := saved(t, s, "")
			for range 10 {
				if got, cached, err := s.Open(t.Context(), rec.ID, anyone); err != nil || cached || got.Revision != rec.Revision {
					t.Errorf("got %+v, cached %v, error %v", got, cached, err)
				}
			}
		})
	}
}

// nearRules are the ACL rules that a near cache needs.
var nearRules = []string{"+pttl", "+exists", "+client|tracking"}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// A copy ends when its record does, by time to live and by deadline.
func TestNearCacheExpiry(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t, "--enable-debug-command", "yes").Client(t)
	must(t, client.Do(t.Context(), "debug", "set-active-expire", "0").Err()) // no message
	s := nearStore(t, client, redisstore.NearCache{})
	warm(t, s, saved(t, s, ""))
	life := 50 * time.Millisecond
	for name, set := range map[string]func(*session.Record[cart]){
		"time to live": func(rec *session.Record[cart]) { rec.Expires = in(life) },
		"deadline":     func(rec *session.Record[cart]) { rec.Deadline = in(life); rec.Expires = rec.Deadline },
	} {
		t.Run(name, func(t *testing.T) {
			for _, write := range []func(*session.Record[cart]) error{
				func(rec *session.Record[cart]) error { set(rec); return s.Save(t.Context(), rec) },
				func(rec *session.Record[cart]) error {
					must(t, s.Save(t.Context(), rec))
					warm(t, s, *rec)
					set(rec)
					return s.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires)
				},
			} {
				rec := draft("")
				for life = 50 * time.Millisecond; ; life *= 2 { // a busy machine may write it too late
					if err := write(&rec); err == nil {
						break
					} else if err != session.ErrNotFound {
						t.Fatal(err)
					}
					rec = draft("")
				}
				for {
					asked := time.Now()
					_, cached, err := s.Open(t.Context(), rec.ID, anyone)
					if err == session.ErrNotFound {
						break
					}
					if must(t, err); cached && asked.After(rec.Expires) {
						t.Fatalf("it is served %v too long", asked.Sub(rec.Expires))
					}
				}
			}
		})
	}
}

// The caller's clock is behind by hours. The record ends when Redis says.
func TestNearCacheBehindAClockThatIsBehind(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t, "--enable-debug-command", "yes").Client(t)
	must(t, client.Do(t.Context(), "debug", "set-active-expire", "0").Err())
	s := nearStore(t, client, redisstore.NearCache{})
	rec := saved(t, s, "") // by a node whose clock is ahead, so that its record says an hour
	warm(t, s, rec)
	told := make(chan bool, 100)
	stop, _ := s.Watch(rec.ID, func() { told <- true })
	defer stop()
	must(t, client.PExpire(t.Context(), key(rec.ID), 300*time.Millisecond).Err())
	start := time.Now()
	<-told
	eventually(t, "it ends", func() bool {
		asked := time.Now()
		_, cached, err := s.Open(t.Context(), rec.ID, anyone)
		if cached && asked.Sub(start) > 301*time.Millisecond {
			t.Fatalf("it is served %v after it expired", asked.Sub(start))
		}
		return err == session.ErrNotFound
	})
}

func TestNearCacheOptions(t *testing.T) {
	client := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})
	defer client.Close()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{":1"}, ContextTimeoutEnabled: true})
	defer cluster.Close()
	for want, test := range map[string]struct {
		client redis.Cmdable
		o      redisstore.NearCache
	}{
		"NearCache.Records must be positive: -1":                                                {client, redisstore.NearCache{Records: -1}},
		"NearCache.Records must be positive: 0":                                                 {client, redisstore.NearCache{Bytes: 1}},
		"NearCache.Bytes is negative: -1":                                                       {client, redisstore.NearCache{Records: 1, Bytes: -1}},
		"NearCache.MaxStale must be between 10ms and 2s: 3s":                                    {client, redisstore.NearCache{Records: 1, MaxStale: 3 * time.Second}},
		"NearCache.MaxStale must be between 10ms and 2s: -1ns":                                  {client, redisstore.NearCache{Records: 1, MaxStale: -1}},
		"NearCache needs a *redis.Client, of one server or of Sentinel: a *redis.ClusterClient": {cluster, redisstore.NearCache{Records: 1}},
	} {
		s, err := redisstore.New(test.client, "carts", codec.JSON[cart](), &redisstore.Options{NearCache: test.o})
		if s != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	s := newStore(t, client)
	if _, ok := s.Watch(session.ID{}, func() {}); ok {
		t.Error("a store without a near cache claims to know of all changes")
	}
}

// Without a near cache, Open is Load.
func TestOpenWithoutACache(t *testing.T) {
	s := newStore(t, redisserver.Start(t).Client(t))
	rec := saved(t, s, "")
	for range 3 {
		if got, cached, err := s.Open(t.Context(), rec.ID, anyone); err != nil || cached || got.Revision != rec.Revision {
			t.Errorf("got %+v, cached %v, error %v", got, cached, err)
		}
	}
}

// A nearLoader is a store whose Load answers from the near cache.
type nearLoader struct {
	*redisstore.Store[storetest.Profile]
}

func (n nearLoader) Load(ctx context.Context, id session.ID) (session.Record[storetest.Profile], error) {
	rec, _, err := n.Open(ctx, id, anyone)
	return rec, err
}

// On one node, the near cache keeps every rule of a store.
func TestNearCacheConformance(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s, err := redisstore.New(client, "conformance", codec.MessagePack[storetest.Profile](), &redisstore.Options{
		MaxRecordBytes: maxRecord, Logger: quiet.Logger, NearCache: redisstore.NearCache{Records: 1000}})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	storetest.Run(t, func(t *testing.T) session.Store[storetest.Profile] { return nearLoader{s} }, &storetest.Options{
		Indexer:   true,
		Lister:    true,
		Poller:    true,
		Watcher:   true,
		Opener:    true,
		MaxRecord: maxRecord,
	})
}

// Watch tells of each change, and no more after stop.
func TestWatch(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	cable, other := redisserver.NewCable(t, server.Addr()), newStore(t, server.Client(t))
	s := nearStore(t, at(t, cable.Addr()), redisstore.NearCache{})
	rec := saved(t, other, "")
	warm(t, s, rec)
	told := make(chan bool, 100)
	stop, ok := s.Watch(rec.ID, func() { told <- true })
	if !ok {
		t.Fatal("it cannot watch")
	}
	must(t, other.Save(t.Context(), &rec))
	<-told
	cable.CutTracking() // then changes may be missed
	<-told
	must(t, other.Delete(t.Context(), rec.ID, 0))
	<-told
	stop()
	stop()
	for len(told) > 0 { // of a connection that was lost, too
		<-told
	}
	again := saved(t, other, "")
	seen := make(chan bool, 100)
	_, ok = s.Watch(again.ID, func() { seen <- true })
	must(t, other.Delete(t.Context(), again.ID, 0))
	if <-seen; !ok || len(told) > 0 {
		t.Errorf("told %d times after stop", len(told))
	}
}

// Closing ends the near cache's goroutines. So does closing the client.
func TestNearCacheClose(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s := nearStore(t, at(t, client.Options().Addr), redisstore.NearCache{})
	rec := saved(t, s, "")
	warm(t, s, rec)
	tracking := func() bool {
		list, err := client.ClientList(t.Context()).Result()
		must(t, err)
		return strings.Contains(list, " flags=t ")
	}
	if !tracking() {
		t.Fatal("nothing tracks")
	}
	for range 2 {
		must(t, s.Close())
	}
	eventually(t, "the connection ends", func() bool { return !tracking() })
	if got, cached, err := s.Open(t.Context(), rec.ID, anyone); err != nil || cached || got.Revision != rec.Revision {
		t.Errorf("after Close: %+v, cached %v, %v", got, cached, err)
	}
	short := at(t, client.Options().Addr)
	s = nearStore(t, short, redisstore.NearCache{MaxStale: 10 * time.Millisecond})
	warm(t, s, saved(t, s, ""))
	must(t, short.Close())
	eventually(t, "the connection ends", func() bool { return !tracking() })
}

// Another node writes right after this one. Redis tells of both writes at once, and
// this node must not take the message for that of its own.
func TestNearCacheWrittenByTwo(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	cable, other := redisserver.NewCable(t, server.Addr()), newStore(t, server.Client(t))
	s := nearStore(t, at(t, cable.Addr()), redisstore.NearCache{MaxStale: 2 * time.Second})
	for own, write := range map[string]func(*session.Record[cart]) error{
		"Save": func(rec *session.Record[cart]) error { return s.Save(t.Context(), rec) },
		"Touch": func(rec *session.Record[cart]) error {
			return s.Touch(t.Context(), rec.ID, rec.Revision, in(time.Minute))
		},
	} {
		for then, overwrite := range map[string]func(session.Record[cart]) error{
			"Save": func(rec session.Record[cart]) error {
				rec.Value.Customer = "bert"
				return other.Save(t.Context(), &rec)
			},
			"Touch": func(rec session.Record[cart]) error {
				return other.Touch(t.Context(), rec.ID, rec.Revision, in(30*time.Minute))
			},
			"end": func(rec session.Record[cart]) error { return other.Delete(t.Context(), rec.ID, 0) },
		} {
			t.Run(own+", "+then, func(t *testing.T) {
				rec, last := saved(t, s, ""), saved(t, s, "")
				warm(t, s, rec)
				warm(t, s, last)
				cable.FreezeTracking()
				must(t, write(&rec))
				must(t, overwrite(rec))
				must(t, other.Touch(t.Context(), last.ID, last.Revision, in(time.Minute)))
				told := make(chan bool, 100)
				stop, _ := s.Watch(last.ID, func() { told <- true })
				defer stop()
				cable.Thaw()
				<-told // all messages are there, and soon the confirmation
				warm(t, s, saved(t, s, ""))
				want, wantErr := other.Load(t.Context(), rec.ID)
				got, err := served(s, rec.ID)
				if err != wantErr || got.Revision != want.Revision || got.Expires != want.Expires {
					t.Errorf("served is %+v, error %v; stored is %+v", got, err, want)
				}
			})
		}
	}
}

// A record that was read exactly is not followed by an older copy of it.
func TestNearCacheAfterAnExactRead(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	cable, other := redisserver.NewCable(t, server.Addr()), newStore(t, server.Client(t))
	s := nearStore(t, at(t, cable.Addr()), redisstore.NearCache{MaxStale: 2 * time.Second})
	changed, ended := saved(t, other, ""), saved(t, other, "")
	warm(t, s, changed)
	warm(t, s, ended)
	cable.FreezeTracking()
	must(t, other.Save(t.Context(), &changed))
	must(t, other.Delete(t.Context(), ended.ID, 0))
	s.Load(t.Context(), changed.ID)
	s.Load(t.Context(), ended.ID)
	if got, err := served(s, changed.ID); err != nil || got.Revision != changed.Revision {
		t.Errorf("after Load: revision %v, error %v", got.Revision, err)
	}
	if _, err := served(s, ended.ID); err != session.ErrNotFound {
		t.Errorf("after Load: error %v", err)
	}
}

// After a failover the cache is empty, and goes on with the new primary.
func TestNearCacheFailover(t *testing.T) {
	t.Parallel()
	servers := redisserver.StartReplicated(t)
	s, err := redisstore.Open(t.Context(), servers.URL(), "carts", codec.MessagePack[cart](), &redisstore.Options{
		Logger: quiet.Logger, NearCache: redisstore.NearCache{Records: 100, MaxStale: 100 * time.Millisecond}})
	must(t, err)
	defer s.Close()
	rec := saved(t, s, "")
	warm(t, s, rec)
	must(t, servers.Primary.Pause()) // cut off: its connections stay open
	servers.AwaitFailover(t)
	other := newStore(t, servers.Replica.Client(t))
	must(t, other.Delete(t.Context(), rec.ID, 0))
	ended := time.Now()
	must(t, servers.Primary.Resume()) // and does not know yet that it was replaced
	eventually(t, "its end is seen", func() bool {
		asked := time.Now()
		_, cached, err := s.Open(t.Context(), rec.ID, anyone)
		if cached && asked.Sub(ended) > 30*time.Second {
			t.Fatalf("it is served %v after its end", asked.Sub(ended))
		}
		return errors.Is(err, session.ErrNotFound)
	})
	var next session.Record[cart]
	eventually(t, "the new primary takes writes", func() bool {
		next = draft("")
		return s.Save(t.Context(), &next) == nil
	})
	warm(t, s, next)
	must(t, other.Delete(t.Context(), next.ID, 0))
	boundedAfter(t, s, next, time.Now(), 100*time.Millisecond)
}

func TestNearCacheOfAURL(t *testing.T) {
	t.Parallel()
	url := "redis://" + redisserver.Start(t).Addr()
	const waits = "&dial_timeout=1m&read_timeout=1m"
	for query, want := range map[string]bool{"": false, "?near_cache=0": false, "?near_cache=100": true, "?max_retries=1&near_cache=100&pool_size=3" + waits: true} {
		s, err := redisstore.Open(t.Context(), url+query, "carts", codec.MessagePack[cart](), nil)
		must(t, err)
		if _, ok := s.Watch(session.ID{}, func() {}); ok != want {
			t.Errorf("%q: a near cache: %v", query, ok)
		}
		must(t, s.Close())
	}
	off, err := redisstore.Open(t.Context(), url+"?near_cache=0", "carts", codec.MessagePack[cart](), &redisstore.Options{
		NearCache: redisstore.NearCache{Records: 100, Bytes: 1 << 20, MaxStale: time.Second}})
	must(t, err)
	if _, ok := off.Watch(session.ID{}, func() {}); ok {
		t.Error("near_cache=0 does not turn the near cache off")
	}
	must(t, off.Close())
	for _, query := range []string{"?near_cache=many", "?near_cache=-1", "?near_cache="} {
		if s, err := redisstore.Open(t.Context(), url+query, "carts", codec.MessagePack[cart](), nil); s != nil || err == nil || !strings.Contains(err.Error(), "near_cache is not a number") {
			t.Errorf("%q: got error %v", query, err)
		}
	}
}

// The copies take about as much memory as Bytes says, also if records of other sizes
// are saved in between.
func TestNearCacheBoundsMemory(t *testing.T) {
	t.Parallel()
	s := nearStore(t, redisserver.Start(t).Client(t), redisstore.NearCache{Records: 100_000, Bytes: 8 << 20, MaxStale: 2 * time.Second})
	large := draft("")
	large.Value.Customer = strings.Repeat("x", 60<<10)
	must(t, s.Save(t.Context(), &large))
	warm(t, s, large)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for range 2000 {
		must(t, s.Save(t.Context(), &large))
		saved(t, s, "")
	}
	// Other tests run at the same time, in some megabytes.
	if grown := heap() - before; grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	runtime.KeepAlive(s)
}

// Without a near cache, Watch tells at once of what the store itself does.
func TestWatchWithoutANearCache(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, other := newStore(t, client), newStore(t, client)
		rec := saved(t, s, "anna")
		told := 0
		stop, ok := s.Watch(rec.ID, func() { told++ })
		if ok {
			t.Error("it claims to know of all changes")
		}
		want := func(what string, n int) {
			t.Helper()
			if told != n {
				t.Errorf("%s: told %d times, want %d", what, told, n)
			}
		}
		saved(t, s, "anna")
		want("another session", 0)
		must(t, s.Save(t.Context(), &rec))
		want("saved", 1)
		must(t, other.Save(t.Context(), &rec))
		want("saved by another store", 1)
		must(t, s.Delete(t.Context(), rec.ID, rec.Revision))
		want("ended", 2)
		stop()
		rec.Revision = 0
		must(t, s.Save(t.Context(), &rec))
		want("stopped", 2)
	})
}
