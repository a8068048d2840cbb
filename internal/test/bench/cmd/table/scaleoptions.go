package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/bench"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// optionsTable has a line for each option that costs or saves something.
func (l *lab) optionsTable(scale) (string, error) {
	server := l.servers[bench.Redis]
	if server == nil {
		return "", nil
	}
	replica, err := replicate(server)
	if err != nil {
		return "", err
	}
	defer replica.Stop()
	var b strings.Builder
	row(&b, "option", "read, µs", "change, µs", "allocations of a read", "of a change", "commands of a request with a forged cookie")
	rule(&b, 5)
	for _, o := range []struct {
		name string
		sessions.Options
		store redisstore.Options
	}{
		{name: "none"},
		{name: "Secrets, one", Options: sessions.Options{Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)}}},
		{name: "HoldBack, 64 KiB", Options: sessions.Options{HoldBack: 64 << 10}},
		{name: "NearCache, 10,000 records", store: redisstore.Options{NearCache: bench.NearCache}},
		{name: "ReplicaAcks, 1", store: redisstore.Options{ReplicaAcks: 1}},
	} {
		err := optionsRow(&b, o.name, server, func(addr string) (bench.App, error) {
			return bench.SessionsOnRedis("redis://"+addr, o.Options, o.store)
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", o.name, err)
		}
	}
	return b.String(), server.Clear()
}

func optionsRow(b *strings.Builder, name string, server bench.Server, open func(addr string) (bench.App, error)) error {
	app, err := open(server.Addr())
	if err != nil {
		return err
	}
	defer app.Close()
	var costs []map[metric]float64
	for _, c := range mainCases {
		guest, err := bench.NewGuest(app, c)
		if err != nil {
			return err
		}
		costs = append(costs, visit(guest))
	}
	forged, err := forgery(server, open)
	row(b, name, decimal(costs[0][nanoseconds]/1000), decimal(costs[1][nanoseconds]/1000),
		count(costs[0][allocations]), count(costs[1][allocations]), decimal(forged))
	return err
}

// forgery returns how many commands a request costs whose cookie was made up.
func forgery(server bench.Server, open func(addr string) (bench.App, error)) (float64, error) {
	meter, err := bench.NewMeter(bench.Redis, server.Addr())
	if err != nil {
		return 0, err
	}
	defer meter.Close()
	app, err := open(meter.Addr())
	if err != nil {
		return 0, err
	}
	defer app.Close()
	visitor := app.Visitor(bench.New)
	visitor.SetCookie("a=b")
	visitor.Visit()
	_, cookie := visitor.Response()
	name, value, _ := strings.Cut(cookie, "=")
	forger := app.Visitor(bench.Read)
	forger.SetCookie(name + "=" + strings.Repeat("A", 20) + value[20:])
	start := meter.Read()
	for range lineVisits {
		forger.Visit()
	}
	return float64(meter.Since(start).Commands) / lineVisits, nil
}

// replicate starts a replica of a server and waits until it follows.
func replicate(primary bench.Server) (bench.Server, error) {
	replica, err := bench.Redis.Start()
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(&redis.Options{Addr: replica.Addr()})
	defer client.Close()
	host, port, _ := net.SplitHostPort(primary.Addr())
	ctx := context.Background()
	err = client.ReplicaOf(ctx, host, port).Err()
	for range 1000 {
		info, _ := client.Info(ctx, "replication").Result()
		if err != nil || strings.Contains(info, "master_link_status:up") {
			return replica, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the replica does not follow"), replica.Stop())
}
