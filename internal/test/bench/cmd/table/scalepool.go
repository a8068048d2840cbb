package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/bench"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// poolTable has a line for each number of connections to Redis.
func (l *lab) poolTable(s scale) (string, error) {
	server := l.servers[bench.Redis]
	if server == nil {
		return "", nil
	}
	var b strings.Builder
	row(&b, "pool size", "read, combined", "change, combined", "read, single commands", "change, single commands")
	rule(&b, 4)
	for _, size := range s.pools {
		cells := []string{count(float64(size))}
		for _, open := range []func() (bench.App, error){
			func() (bench.App, error) {
				url := fmt.Sprintf("redis://%s?pool_size=%d", server.Addr(), size)
				return bench.SessionsOnRedis(url, sessions.Options{}, redisstore.Options{})
			},
			func() (bench.App, error) { return bench.SessionsSingle(server.Addr(), size) },
		} {
			for _, c := range mainCases {
				rate, err := together(open, c)
				if err != nil {
					return "", err
				}
				cells = append(cells, count(rate))
			}
		}
		row(&b, cells...)
	}
	return b.String(), server.Clear()
}

// together has as many visitors as usual, in this process, and returns how many
// requests they make a second.
func together(open func() (bench.App, error), c bench.Case) (perSecond float64, err error) {
	app, err := open()
	if err != nil {
		return 0, err
	}
	defer app.Close()
	guests := make([]*bench.Guest, usual)
	for i := range guests {
		if guests[i], err = bench.NewGuest(app, c); err != nil {
			return 0, err
		}
	}
	visits := make([]int, usual)
	var wg sync.WaitGroup
	start := time.Now()
	for i, guest := range guests {
		wg.Go(func() {
			for time.Since(start) < 5*visitsFor {
				guest.Visit()
				visits[i]++
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	total := 0
	for _, n := range visits {
		total += n
	}
	return float64(total) / took.Seconds(), nil
}
