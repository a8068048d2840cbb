package redisstore_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/redisstore"
)

func TestNewRefusesClients(t *testing.T) {
	single := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": "127.0.0.1:1"}})
	cluster := func(o redis.ClusterOptions) redis.Cmdable {
		o.Addrs = []string{"127.0.0.1:1"}
		c := redis.NewClusterClient(&o)
		t.Cleanup(func() { c.Close() })
		return c
	}
	t.Cleanup(func() { single.Close(); ring.Close() })
	for name, test := range map[string]struct {
		client redis.Cmdable
		want   string
	}{
		"a ring":                           {ring, "a shard that was down comes back"},
		"one connection":                   {single.Conn(), "a *redis.Conn is one connection"},
		"a transaction":                    {new(redis.Tx), "a *redis.Tx is one connection"},
		"a pipeline":                       {single.Pipeline(), "a pipeline"},
		"a cluster that reads by latency":  {cluster(redis.ClusterOptions{RouteByLatency: true}), "reads from replicas"},
		"a cluster that reads at random":   {cluster(redis.ClusterOptions{RouteRandomly: true}), "reads from replicas"},
		"a cluster that reads on replicas": {cluster(redis.ClusterOptions{ReadOnly: true}), "reads from replicas"},
		"commands only":                    {struct{ redis.Cmdable }{single}, "has no method Process"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := redisstore.New(test.client, "carts", codec.MessagePack[cart](), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
