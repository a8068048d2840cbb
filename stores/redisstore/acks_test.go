package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// careful returns a store that wants its writes on one replica, and waits for
// it for the time given: a moment where no replica answers, and confirmed where
// one does, however busy the machine is.
func careful(t *testing.T, client redis.Cmdable, timeout time.Duration) store {
	t.Helper()
	s, err := redisstore.New(client, "carts", codec.MessagePack[cart](),
		&redisstore.Options{ReplicaAcks: 1, ReplicaTimeout: timeout, Logger: quiet.Logger})
	must(t, err)
	return s
}

const (
	moment    = 50 * time.Millisecond
	confirmed = 30 * time.Second
)

// follow starts a replica and waits until the primary counts it.
func follow(t *testing.T, primary *redisserver.Server) *redisserver.Server {
	t.Helper()
	redisserver.Long(t)
	_, port, _ := net.SplitHostPort(primary.Addr())
	client := primary.Client(t)
	must(t, client.ConfigSet(t.Context(), "repl-diskless-sync-delay", "0").Err())
	replica := redisserver.Start(t, "--replicaof", "127.0.0.1 "+port)
	eventually(t, "the replica follows", func() bool {
		must(t, client.Incr(t.Context(), "written").Err())
		n, err := client.Do(t.Context(), "wait", 1, 200).Int()
		must(t, err)
		return n == 1
	})
	must(t, client.Del(t.Context(), "written").Err())
	return replica
}

// wantUnconfirmed checks that each write says that no replica has it, and the
// others are as usual.
func wantUnconfirmed(t *testing.T, s store, rec func() session.Record[cart]) {
	t.Helper()
	stale := rec()
	stale.Revision++
	if err := s.Save(t.Context(), &stale); err != session.ErrConflict {
		t.Errorf("stale Save: got error %v, want ErrConflict", err)
	}
	for name := range calls(s, stale) {
		call := calls(s, rec())[name]
		err := call(t.Context())
		switch name {
		case "Save", "create", "Delete":
			if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "too few replicas confirmed the write: 0 of 1") {
				t.Errorf("%s: got error %v", name, err)
			}
		default:
			if err != nil {
				t.Errorf("%s: got error %v", name, err)
			}
		}
		if name == "Delete" { // once more, and there is nothing left to delete
			if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Delete of nothing: got error %v", err)
			}
		}
	}
}

func TestReplicaAcks(t *testing.T) {
	t.Parallel()
	primary := redisserver.Start(t)
	client := newClient(t, primary.URL())
	plain, hasty, ctx := newStore(t, client), careful(t, client, moment), t.Context()
	s := careful(t, client, confirmed)
	kept := func() session.Record[cart] { return saved(t, plain, "anna") }
	wantUnconfirmed(t, hasty, kept)

	replica := follow(t, primary)
	must(t, client.ScriptFlush(ctx).Err())
	there := newStore(t, replica.Client(t))
	rec := saved(t, s, "anna")
	wantStored(t, there, rec)
	must(t, s.Save(ctx, &rec))
	wantStored(t, there, rec)
	must(t, s.Touch(ctx, rec.ID, rec.Revision, in(time.Minute)))
	other := saved(t, s, "anna")
	must(t, s.Delete(ctx, other.ID, 0))
	if err := s.Delete(ctx, other.ID, 0); err != session.ErrNotFound {
		t.Errorf("Delete of an absent session returned %v", err)
	}
	if _, err := there.Load(ctx, other.ID); err != session.ErrNotFound {
		t.Errorf("the replica has error %v, want ErrNotFound", err)
	}

	if err := replica.Pause(); err == nil {
		start := time.Now()
		wantUnconfirmed(t, hasty, kept)
		t.Logf("five writes were found to be unconfirmed in %v", time.Since(start))
		short, cancel := context.WithTimeout(ctx, moment)
		defer cancel()
		rec := kept()
		start = time.Now()
		if err := s.Save(short, &rec); !errors.Is(err, session.ErrUnavailable) || time.Since(start) > confirmed/2 {
			t.Errorf("got error %v after %v under a context of %v", err, time.Since(start), moment)
		}
		must(t, replica.Resume())
	}
	wantStored(t, there, saved(t, s, "anna"))
}

// A write that is sent again because its reply was lost is confirmed as the
// first one would have been: each time, something is written.
func TestReplicaAcksOfLostReplies(t *testing.T) {
	t.Parallel()
	primary := redisserver.Start(t)
	follow(t, primary)
	proxy := redisserver.NewProxy(t, primary.Addr())
	client := newClient(t, proxy.URL())
	s, direct, ctx := careful(t, client, confirmed), primary.Client(t), t.Context()
	warm := saved(t, s, "")
	must(t, s.Save(ctx, &warm))
	s.Delete(ctx, session.NewID(), 0)
	offset := func() (n int64) {
		t.Helper()
		info, err := direct.Info(ctx, "replication").Result()
		must(t, err)
		_, after, _ := strings.Cut(info, "master_repl_offset:")
		_, err = fmt.Sscan(after, &n)
		must(t, err)
		return n
	}
	var rec session.Record[cart]
	for _, step := range []struct {
		name string
		call func() error
	}{
		{"create", func() error { return s.Save(ctx, &rec) }},
		{"update", func() error { return s.Save(ctx, &rec) }},
		{"delete", func() error { return s.Delete(ctx, rec.ID, rec.Revision) }},
	} {
		for _, lost := range []string{"evalsha", "wait"} {
			if step.name != "update" {
				rec = draft("")
			}
			if step.name != "create" {
				must(t, newStore(t, direct).Save(ctx, &rec))
			}
			var before, after int64
			proxy.DropReplies(2, func(args []string) bool {
				if before == 0 && args[0] == lost {
					before = offset()
					return true
				}
				if args[0] == "evalsha" {
					after = offset()
				}
				return false
			})
			if err := step.call(); err != nil {
				t.Errorf("%s, %s lost: %v", step.name, lost, err)
			}
			if proxy.Dropped() != 1 || after <= before {
				t.Errorf("%s, %s lost: the second time wrote nothing: offset %d, then %d", step.name, lost, before, after)
			}
		}
	}
}

// In a cluster, replicas of the node that has the key are asked, wherever the
// key has gone.
func TestReplicaAcksInACluster(t *testing.T) {
	t.Parallel()
	cluster := redisserver.StartCluster(t)
	cluster.AddReplica(t, cluster.Nodes[0])
	client, ctx := newClient(t, cluster.URL()), t.Context()
	safe, bare := cluster.Nodes[0].Client(t), cluster.Nodes[2].Client(t)
	s, hasty := careful(t, client, confirmed), careful(t, client, moment)

	stored, refused := 0, 0
	var moving session.Record[cart] // one whose node has no replica
	for range 20 {
		rec := draft("")
		slot, err := safe.ClusterKeySlot(ctx, key(rec.ID)).Result()
		must(t, err)
		replicated := slot < 16384/3
		to := hasty
		if replicated {
			to = s
		}
		switch err := to.Save(ctx, &rec); {
		case (err == nil) != replicated:
			t.Errorf("slot %d: got error %v", slot, err)
		case err == nil:
			stored++
		default:
			refused++
		}
		if slot > 2*16384/3+1 {
			moving = draft("")
			moving.ID = rec.ID
			must(t, bare.Del(ctx, key(rec.ID)).Err())
		}
	}
	if stored == 0 || refused == 0 || moving.ID.IsZero() {
		t.Fatalf("%d writes were confirmed and %d refused", stored, refused)
	}

	slot, err := safe.ClusterKeySlot(ctx, key(moving.ID)).Result()
	must(t, err)
	to, err := safe.Do(ctx, "CLUSTER", "MYID").Text()
	must(t, err)
	from, err := bare.Do(ctx, "CLUSTER", "MYID").Text()
	must(t, err)
	must(t, safe.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", from).Err())
	must(t, bare.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", to).Err())
	must(t, safe.ScriptFlush(ctx).Err())
	// The node that sends the write on has no replica, and waits for one first.
	defer unblock(t, bare)()
	if err := s.Save(ctx, &moving); err != nil {
		t.Errorf("while the slot moves: %v", err)
	}
	must(t, safe.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", to).Err())
	must(t, bare.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", to).Err())
	if err := s.Save(ctx, &moving); err != nil {
		t.Errorf("when the slot has moved: %v", err)
	}
	wantStored(t, s, moving)
}

// unblock makes each WAIT at a server end at once, until stop is called.
func unblock(t *testing.T, server *redis.Client) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			list, _ := server.ClientList(ctx).Result()
			for line := range strings.Lines(list) {
				if id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " "); strings.Contains(line, " cmd=wait ") {
					server.Do(ctx, "CLIENT", "UNBLOCK", id)
				}
			}
		}
	})
	return func() { cancel(); running.Wait() }
}

func TestReplicaAcksRefuses(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, ReadTimeout: time.Second})
	t.Cleanup(func() { client.Close() })
	for _, tt := range []struct {
		client redis.Cmdable
		o      redisstore.Options
		want   string
	}{
		{client, redisstore.Options{ReplicaAcks: 1}, ""},
		{client, redisstore.Options{ReplicaAcks: 1, ReplicaTimeout: 999 * time.Millisecond}, ""},
		{client, redisstore.Options{ReplicaTimeout: time.Hour}, ""},
		{someClient{client}, redisstore.Options{}, ""},
		{client, redisstore.Options{ReplicaAcks: -1}, "ReplicaAcks is negative: -1"},
		{client, redisstore.Options{ReplicaTimeout: -1}, "ReplicaTimeout is negative: -1ns"},
		{client, redisstore.Options{ReplicaAcks: 1, ReplicaTimeout: time.Second}, "the client waits for a reply for 1s only"},
		{someClient{client}, redisstore.Options{ReplicaAcks: 1}, "does not say which connection a write took"},
		{nil, redisstore.Options{ReplicaAcks: 1}, "the client is nil"},
	} {
		tt.o.Logger = quiet.Logger
		_, err := redisstore.New(tt.client, "carts", codec.MessagePack[cart](), &tt.o)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%T, %+v: got error %v, want %q", tt.client, tt.o, err, tt.want)
		}
	}
}
