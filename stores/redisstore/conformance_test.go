package redisstore_test

import (
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

const maxRecord = 160 << 10

func conform(t *testing.T, client redis.UniversalClient, c codec.Codec[storetest.Profile], o storetest.Options) {
	o.Indexer, o.Lister, o.Poller, o.Outliner, o.MaxRecord = true, true, true, true, maxRecord
	o.Corrupt = func(t *testing.T, _ session.Store[storetest.Profile], id session.ID) {
		must(t, client.SetRange(t.Context(), "conformance:"+id.String(), 60, "damage").Err())
	}
	storetest.Run(t, func(t *testing.T) session.Store[storetest.Profile] {
		s, err := redisstore.New(client, "conformance", c, &redisstore.Options{MaxRecordBytes: maxRecord, Logger: quiet.Logger})
		must(t, err)
		return s
	}, &o)
}

func TestConformance(t *testing.T) {
	msgpack, json := codec.MessagePack[storetest.Profile](), codec.JSON[storetest.Profile]()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		server := miniredis.RunT(t)
		conform(t, at(t, server.Addr()), json, storetest.Options{Advance: server.FastForward})
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		conform(t, redisserver.Start(t).Client(t), msgpack, storetest.Options{})
	})
	t.Run("redis on a bad line", func(t *testing.T) {
		t.Parallel()
		proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
		conform(t, at(t, proxy.Addr()), msgpack, storetest.Options{Lose: losingBy(proxy)})
	})
	t.Run("RESP2", func(t *testing.T) {
		t.Parallel()
		o := redisserver.Options(redisserver.Start(t).Addr())
		o.Protocol = 2
		conform(t, clientOf(t, o), json, storetest.Options{})
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		conform(t, oneNodeCluster(t), msgpack, storetest.Options{})
	})
}

// oneNodeCluster returns a client of a cluster whose only master has all slots.
func oneNodeCluster(t *testing.T) *redis.ClusterClient {
	t.Helper()
	server := redisserver.Start(t, "--cluster-enabled", "yes", "--cluster-port", "0")
	node := server.Client(t)
	must(t, node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	eventually(t, "the cluster comes up", func() bool {
		info, err := node.ClusterInfo(t.Context()).Result()
		must(t, err)
		return strings.HasPrefix(info, "cluster_state:ok")
	})
	o := redisserver.Options(server.Addr())
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{o.Addr}, ContextTimeoutEnabled: true,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolTimeout: o.PoolTimeout})
	t.Cleanup(func() { client.Close() })
	return client
}
