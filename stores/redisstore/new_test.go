package redisstore_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

var (
	_ session.Store[cart]   = store(nil)
	_ session.Indexer[cart] = store(nil)
	_ session.Lister[cart]  = store(nil)
)

func TestNewReportsEveryMistake(t *testing.T) {
	type bad struct {
		Done  chan int
		Score complex64
	}
	var none *redis.Client
	client := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})
	defer client.Close()
	s, err := redisstore.New(none, "", codec.MessagePack[bad](), &redisstore.Options{MaxRecordBytes: -1})
	if s != nil || err == nil {
		t.Fatalf("got a store and error %v", err)
	}
	for _, want := range []string{"client is nil", "namespace is empty", "bad.Done", "bad.Score", "MaxRecordBytes is negative: -1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	for name, make := range map[string]func() (store, error){
		"nil client":  func() (store, error) { return redisstore.New[cart](nil, "n", codec.JSON[cart](), nil) },
		"pipeline":    func() (store, error) { return redisstore.New(client.Pipeline(), "n", codec.JSON[cart](), nil) },
		"transaction": func() (store, error) { return redisstore.New(client.TxPipeline(), "n", codec.JSON[cart](), nil) },
		"nil codec":   func() (store, error) { return redisstore.New[cart](client, "n", nil, nil) },
		"namespace":   func() (store, error) { return redisstore.New(client, "n:owner", codec.JSON[cart](), nil) },
	} {
		if s, err := make(); s != nil || err == nil {
			t.Errorf("%s: got %v and error %v", name, s, err)
		}
	}
}

func TestNewWarnsAboutClientsThatIgnoreDeadlines(t *testing.T) {
	for name, tt := range map[string]struct {
		client redis.UniversalClient
		warns  bool
	}{
		"client":          {redis.NewClient(&redis.Options{}), true},
		"fine client":     {redis.NewClient(&redis.Options{ContextTimeoutEnabled: true}), false},
		"cluster":         {redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{":1"}}), true},
		"fine cluster":    {redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{":1"}, ContextTimeoutEnabled: true}), false},
		"failover client": {redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{":1"}}), true},
	} {
		var log bytes.Buffer
		_, err := redisstore.New(tt.client, "carts", codec.JSON[cart](), &redisstore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		if warned := strings.Contains(log.String(), "ContextTimeoutEnabled"); warned != tt.warns {
			t.Errorf("%s: logged %q", name, log.String())
		}
		tt.client.Close()
	}
}

func TestOpenAndClose(t *testing.T) {
	server := redisserver.Start(t)
	s, err := redisstore.Open(t.Context(), server.URL(), "carts", codec.MessagePack[cart](), nil)
	must(t, err)
	rec := saved(t, s, "anna")
	wantStored(t, s, rec)
	for range 2 {
		must(t, s.Close())
	}
	if _, err := s.Load(t.Context(), rec.ID); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("after Close: got error %v", err)
	}

	client := server.Client(t)
	s = newStore(t, client)
	must(t, s.Close())
	must(t, client.Ping(t.Context()).Err()) // a client that was given stays open

	server.Kill()
	ctx := t.Context()
	if s, err := redisstore.Open(ctx, "redis://user:hunter2@"+server.Addr(), "carts", codec.MessagePack[cart](), nil); s != nil ||
		!errors.Is(err, session.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no server: got %v and error %v", s, err)
	}
	if _, err := redisstore.Open(ctx, "redis://"+server.Addr(), "", codec.MessagePack[cart](), nil); err == nil || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("no namespace: got error %v", err)
	}
}

// Clients that send commands in ways of their own work too.
func TestOtherClients(t *testing.T) {
	server := redisserver.Start(t)
	for name, make := range map[string]func(t *testing.T) redis.Cmdable{
		"autopipeline": func(t *testing.T) redis.Cmdable {
			pipeline, err := server.Client(t).AutoPipeline()
			must(t, err)
			return pipeline
		},
		"async autopipeline": func(t *testing.T) redis.Cmdable {
			pipeline, err := server.Client(t).AsyncAutoPipeline()
			must(t, err)
			return pipeline
		},
		"client-side cache": func(t *testing.T) redis.Cmdable {
			o := redisserver.Options(server.Addr())
			o.ClientSideCacheConfig = &redis.CacheConfig{}
			return clientOf(t, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := newStore(t, make(t)), t.Context()
			must(t, server.Client(t).ScriptFlush(ctx).Err())
			rec := saved(t, s, "anna")
			for range 3 {
				wantStored(t, s, rec)
			}
			stale := rec
			must(t, s.Save(ctx, &rec))
			if err := s.Save(ctx, &stale); err != session.ErrConflict {
				t.Errorf("stale Save: got error %v", err)
			}
			if ids := owned(t, s, "anna"); len(ids) != 1 {
				t.Errorf("ByOwner yields %v", ids)
			}
			must(t, s.Touch(ctx, rec.ID, rec.Revision, in(time.Minute)))
			must(t, s.Delete(ctx, rec.ID, 0))
			if _, err := s.Load(ctx, session.NewID()); err != session.ErrNotFound {
				t.Errorf("Load: got error %v, want ErrNotFound", err)
			}
			for _, err := range s.All(ctx) {
				if name != "client-side cache" && !errors.Is(err, session.ErrUnsupported) {
					t.Errorf("All: got error %v", err)
				}
			}
		})
	}
}

// A client that sends commands of several goroutines at once asks for what it
// sends as often as it likes: that is no doubt about what was written.
func TestConflictsThroughAnAutoPipeline(t *testing.T) {
	t.Parallel()
	pipeline, err := redisserver.Start(t).Client(t).AutoPipeline()
	must(t, err)
	s := newStore(t, pipeline)
	rec := draft("")
	rec.Value.Items = nil
	must(t, s.Save(t.Context(), &rec))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for {
				mine, err := s.Load(t.Context(), rec.ID)
				if err == nil {
					mine.Value.Items = append(mine.Value.Items, item{})
					err = s.Save(t.Context(), &mine)
				}
				if err == nil {
					return
				}
				if err != session.ErrConflict {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, err := s.Load(t.Context(), rec.ID); err != nil || len(got.Value.Items) != 50 {
		t.Errorf("%d of 50 changes survive, error %v", len(got.Value.Items), err)
	}
}
