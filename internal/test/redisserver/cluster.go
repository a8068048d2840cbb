package redisserver

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

const (
	primaries = 3
	slots     = 16384
	busOffset = 10000 // from a node's port to that on which it talks to other nodes
)

// A Cluster is a Redis Cluster of three primaries without replicas.
type Cluster struct{ Nodes []*Server }

// StartCluster starts a cluster, with these arguments for each node, and waits
// until all nodes agree that it is whole. It ends with the test.
func StartCluster(tb testing.TB, args ...string) *Cluster {
	tb.Helper()
	Long(tb)
	ctx, c := context.Background(), new(Cluster)
	var clients []*redis.Client
	for i := range primaries {
		node := startNode(tb, args)
		client := node.Client(tb)
		// Nodes that know of different epochs need not settle which is right.
		err := errors.Join(
			client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(),
			client.ClusterAddSlotsRange(ctx, i*slots/primaries, (i+1)*slots/primaries-1).Err(),
		)
		if err != nil {
			tb.Fatalf("redisserver: %v", err)
		}
		c.Nodes, clients = append(c.Nodes, node), append(clients, client)
	}
	for _, node := range c.Nodes[1:] {
		if err := clients[0].ClusterMeet(ctx, "127.0.0.1", node.port()).Err(); err != nil {
			tb.Fatalf("redisserver: %v", err)
		}
	}
	for _, client := range clients {
		within(tb, "the cluster does not come up", func() bool {
			info, err := client.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, "cluster_slots_ok:16384") && strings.Contains(info, "cluster_size:3")
		})
	}
	return c
}

func startNode(tb testing.TB, args []string) *Server {
	tb.Helper()
	return launch(tb, freePorts, func(port int, dir string) ([]string, error) {
		return append([]string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
			"--save", "", "--appendonly", "no", "--daemonize", "no",
			"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0",
			"--cluster-enabled", "yes", "--cluster-node-timeout", "60000", // a stalled node has not failed
		}, args...), nil
	})
}

// AddReplica starts a replica of a node, and waits until it follows.
func (c *Cluster) AddReplica(tb testing.TB, primary *Server) *Server {
	tb.Helper()
	ctx := context.Background()
	node := startNode(tb, nil)
	client := node.Client(tb)
	id, err := primary.Client(tb).Do(ctx, "CLUSTER", "MYID").Text()
	if err == nil {
		err = client.ClusterMeet(ctx, "127.0.0.1", primary.port()).Err()
	}
	if err != nil {
		tb.Fatalf("redisserver: %v", err)
	}
	within(tb, "the node does not become a replica", func() bool {
		return client.ClusterReplicate(ctx, id).Err() == nil
	})
	within(tb, "the replica does not follow its primary", func() bool {
		info, err := client.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	return node
}

// freePorts returns a port that was free a moment ago, as was the one that a
// cluster's node takes with it.
func freePorts() (int, error) {
	for range 100 {
		port, err := freePort()
		if err != nil {
			return 0, err
		}
		if port+busOffset > 65535 {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+busOffset)))
		if err == nil {
			l.Close()
			return port, nil
		}
	}
	return 0, errors.New("found no two free ports for a cluster's node")
}

// URL returns the nodes' addresses as a redis+cluster:// URL, with the parameters
// of [URL].
func (c *Cluster) URL() string {
	return "redis+cluster://" + c.Nodes[0].Addr() + "?addr=" + c.Nodes[1].Addr() + "&addr=" + c.Nodes[2].Addr() + "&" + waits
}
