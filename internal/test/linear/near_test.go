package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// Three nodes have near caches, whose messages are held back now and then. Every
// change is linearizable. A read returns what the session once was, and no less
// than its own node had changed when the read began.
func TestRedisNear(t *testing.T) {
	server, found := redisserver.Start(t), answers{}
	var copies atomic.Int64
	cable := redisserver.NewCable(t, server.Addr())
	client := redis.NewClient(redisserver.Options(cable.Addr()))
	t.Cleanup(func() { client.Close() })
	for i, seed := range seeds(t, 100) {
		namespace := fmt.Sprint("near", i)
		nodes := make([]Store, 3)
		for n := range nodes {
			node := &counted{Store: nearStore(t, client, namespace), copies: &copies}
			defer node.Store.(*redisstore.Store[Log]).Close()
			nodes[n] = node
		}
		history := play(t, seed, nodes[0], conditions{
			nodes: nodes, policies: policies, pace: randomly,
			disturb: func(over <-chan struct{}) { holdBack(cable, rand.New(rand.NewPCG(seed, 99)), over) },
		})
		for _, node := range nodes {
			node.(*counted).Store.(*redisstore.Store[Log]).Close()
		}
		check(t, seed, readEarlier(history, len(nodes)))
		found.count(history)
	}
	if copies.Load() == 0 {
		t.Error("no session began with a copy")
	}
	t.Logf("%d sessions began with a copy; answers: %v", copies.Load(), found)
}

// nearStore returns the store of a node, which tracks already.
func nearStore(t *testing.T, client *redis.Client, namespace string) *redisstore.Store[Log] {
	t.Helper()
	s, err := redisstore.New(client, namespace, codec.MessagePack[Log](), &redisstore.Options{NearCache: redisstore.NearCache{Records: 100}})
	if err != nil {
		t.Fatal(err)
	}
	rec := session.Record[Log]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)}
	if err := s.Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	all := func(session.Secrets) bool { return true }
	for copied := false; !copied; time.Sleep(100 * time.Microsecond) {
		if _, copied, err = s.Open(t.Context(), rec.ID, all); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// A counted store counts the sessions that begin with a copy.
type counted struct {
	Store
	copies *atomic.Int64
}

func (c *counted) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (session.Record[Log], bool, error) {
	rec, copied, err := c.Store.(session.Opener[Log]).Open(ctx, id, accepts)
	if copied {
		c.copies.Add(1)
	}
	return rec, copied, err
}

// holdBack freezes the messages about changes for moments, until over is closed.
func holdBack(cable *redisserver.Cable, r *rand.Rand, over <-chan struct{}) {
	defer cable.Thaw()
	for frozen := false; ; frozen = !frozen {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(r.IntN(4000)) * time.Microsecond):
		}
		if frozen {
			cable.Thaw()
		} else {
			cable.FreezeTracking()
		}
	}
}

// readEarlier lets each read of a history happen at any time after the last change
// of that session by its own node that had ended when the read began.
func readEarlier(history []porcupine.Operation, nodes int) []porcupine.Operation {
	for i, read := range history {
		in := read.Input.(Input)
		if in.Kind != Read && in.Kind != Discard {
			continue
		}
		since := int64(0)
		for _, op := range history {
			change := op.Input.(Input)
			same := change.Session == in.Session && (change.Name == in.Name || op.Output.(Output).Name == in.Name)
			if same && change.Kind != Read && change.Kind != Discard && change.Kind != Revoke && op.ClientId%nodes == read.ClientId%nodes && op.Return < read.Call {
				since = max(since, op.Return)
			}
		}
		history[i].Call = since
	}
	return history
}
