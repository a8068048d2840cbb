package linear

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// policies are those of two nodes with different idle timeouts. Each node moves a
// session's end to its own time, so that reading often touches.
var policies = []session.Policy{
	{IdleTimeout: time.Hour, RotateEvery: time.Millisecond},
	{IdleTimeout: 2 * time.Hour, RotateEvery: 5 * time.Millisecond},
}

func TestRedis(t *testing.T) {
	client, found := redisserver.Start(t).Client(t), answers{}
	for i, seed := range seeds(t, 500) {
		history := play(t, seed, redisStore(t, client, fmt.Sprint("linear", i)), conditions{policies: policies, pace: randomly})
		check(t, seed, history)
		found.count(history)
	}
	t.Logf("answers: %v", found)
}

// randomly delays each call for a moment. One in twenty fails or loses its reply.
func randomly(_ int, r *rand.Rand) around {
	return func(_ string, call func() error) error {
		time.Sleep(time.Duration(r.IntN(500)) * time.Microsecond)
		switch r.IntN(40) {
		case 0:
			return errFault
		case 1:
			call()
			return errFault
		}
		return call()
	}
}

// go-redis sends a command again whose reply is lost. It takes effect once.
func TestRedisBehindABadLine(t *testing.T) {
	logging.Disable() // of each connection that the line breaks
	server := redisserver.Start(t)
	direct, line, found := server.Client(t), redisserver.NewProxy(t, server.Addr()), answers{}
	client, err := redisstore.NewClient(line.URL() + "&max_retries=2&min_retry_backoff=1ms&max_retry_backoff=10ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	atOnce := func(int, *rand.Rand) around { return func(_ string, call func() error) error { return call() } }
	var faults int
	for i, seed := range seeds(t, 300) {
		namespace := fmt.Sprint("bad", i)
		history := play(t, seed, redisStore(t, client, namespace), conditions{
			direct:   redisStore(t, direct, namespace),
			policies: policies,
			timeout:  50 * time.Millisecond,
			pace:     atOnce,
			disturb:  func(over <-chan struct{}) { faults += disturb(line, rand.New(rand.NewPCG(seed, 99)), over) },
		})
		check(t, seed, history)
		found.count(history)
	}
	t.Logf("%d faults; answers: %v", faults, found)
}

// disturb disturbs the line now and then until over is closed. It returns how often.
func disturb(line *redisserver.Proxy, r *rand.Rand, over <-chan struct{}) (faults int) {
	defer line.Pass()
	for {
		select {
		case <-over:
			return faults
		case <-time.After(time.Duration(r.IntN(4000)) * time.Microsecond):
		}
		faults++
		switch r.IntN(12) {
		case 0:
			line.Delay(time.Duration(r.IntN(60)) * time.Millisecond)
		case 1:
			line.Reset()
		case 2, 3, 4, 5, 6:
			line.Pass()
			faults--
		default:
			line.DropReplies(1, func(args []string) bool { return args[0] == "evalsha" || args[0] == "eval" })
		}
	}
}
