package redisstore_test

import (
	"errors"
	"net"
	"testing"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// While a cluster moves slots, a write that is sent to another node is still known
// to have been sent once: a conflict is a conflict, and a success a success.
func TestWritesThatAClusterRedirects(t *testing.T) {
	t.Parallel()
	cluster := redisserver.StartCluster(t)
	client := newClient(t, cluster.URL())
	s, ctx := newStore(t, client), t.Context()
	moved := 0
	for range 40 {
		rec := saved(t, s, "")
		stale := rec
		must(t, s.Save(ctx, &rec))
		slot, err := client.ClusterKeySlot(ctx, key(rec.ID)).Result()
		must(t, err)
		if slot >= 16384/3-1 { // of the first node only
			continue
		}
		move(t, cluster, slot, key(rec.ID))
		if err := s.Save(ctx, &stale); !errors.Is(err, session.ErrConflict) {
			t.Errorf("a stale write: got error %v, want ErrConflict", err)
		}
		must(t, s.Save(ctx, &rec))
		wantStored(t, s, rec)
		if moved++; moved == 3 {
			return
		}
	}
	t.Fatalf("%d sessions were moved", moved)
}

// move moves a key and its slot from the first node to the second.
func move(t *testing.T, cluster *redisserver.Cluster, slot int64, key string) {
	t.Helper()
	ctx := t.Context()
	from, to := cluster.Nodes[0].Client(t), cluster.Nodes[1].Client(t)
	fromID, err := from.Do(ctx, "CLUSTER", "MYID").Text()
	must(t, err)
	toID, err := to.Do(ctx, "CLUSTER", "MYID").Text()
	must(t, err)
	host, port, err := net.SplitHostPort(cluster.Nodes[1].Addr())
	must(t, err)
	must(t, to.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromID).Err())
	must(t, from.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", toID).Err())
	must(t, from.Do(ctx, "MIGRATE", host, port, key, 0, patience.Milliseconds()).Err())
	must(t, to.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", toID).Err())
	must(t, from.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", toID).Err())
}
