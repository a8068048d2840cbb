package redisstore_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/session"
)

// A server is a hook that stands in for Redis. It tells which commands it gets
// together, and answers when the test says so.
type server struct {
	mu     sync.Mutex
	got    [][]redis.Cmder                     // each single command or pipeline
	ctx    context.Context                     // of the last pipeline
	answer func(cmd redis.Cmder, of int) error // called before the reply to one of so many; may be nil
	partly func([]redis.Cmder) error           // called after the replies, to take some back; may be nil
}

func (s *server) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *server) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return s.ProcessPipelineHook(nil)(ctx, []redis.Cmder{cmd})
	}
}

func (s *server) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		s.mu.Lock()
		s.ctx = ctx
		s.got = append(s.got, cmds)
		s.mu.Unlock()
		for _, cmd := range cmds {
			if s.answer != nil {
				if err := s.answer(cmd, len(cmds)); err != nil {
					for _, cmd := range cmds {
						cmd.SetErr(err)
					}
					return err
				}
			}
			switch cmd := cmd.(type) {
			case *redis.StringCmd:
				cmd.SetVal("")
			case interface{ SetVal(any) }:
				cmd.SetVal(int64(0))
			}
		}
		if s.partly != nil {
			return s.partly(cmds)
		}
		return nil
	}
}

// sizes returns how many commands came together, in ascending order.
func (s *server) sizes() (n []int) {
	for _, cmds := range s.got {
		n = append(n, len(cmds))
	}
	slices.Sort(n)
	return n
}

// standIn returns a store whose commands get to s.
func standIn(t *testing.T, s *server) store {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: 2})
	t.Cleanup(func() { client.Close() })
	client.AddHook(s)
	return newStore(t, client)
}

// asking asks n times at once whether a session exists.
func asking(t *testing.T, s store, n int) (done chan error) {
	done = make(chan error, 2*n)
	for range n {
		go func() {
			_, err := s.Exists(context.Background(), session.ID{1})
			done <- err
		}()
	}
	synctest.Wait()
	return done
}

func TestCommandsOfCallersAtOnceGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan bool)
		server := &server{answer: func(redis.Cmder, int) error { <-answers; return nil }}
		s := standIn(t, server)
		done := asking(t, s, 150)
		if got := server.sizes(); !slices.Equal(got, []int{1, 1}) {
			t.Errorf("at first %v commands are sent", got)
		}
		close(answers)
		for range 150 {
			must(t, <-done)
		}
		if got := server.sizes(); !slices.Equal(got, []int{1, 1, 48, 100}) {
			t.Errorf("%v commands are sent together", got)
		}
		server.got = nil
		must(t, <-asking(t, s, 1))
		if got := server.sizes(); !slices.Equal(got, []int{1}) {
			t.Errorf("later %v commands are sent", got)
		}
		time.Sleep(time.Hour)
		server.got, answers = nil, make(chan bool)
		done = asking(t, s, 3)
		if got := server.sizes(); !slices.Equal(got, []int{1, 1}) {
			t.Errorf("after an hour %v commands are sent at once", got)
		}
		close(answers)
		for range 3 {
			must(t, <-done)
		}
	})
}

// A pipeline may take as long as the most patient of its callers.
func TestTheDeadlineOfAPipeline(t *testing.T) {
	for name, test := range map[string]struct{ patience, want []time.Duration }{
		"the last one":              {[]time.Duration{time.Second, time.Minute, time.Millisecond * 5}, []time.Duration{time.Minute}},
		"none if a caller has none": {[]time.Duration{time.Second, 0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := make(chan bool)
				server := &server{answer: func(redis.Cmder, int) error { <-answers; return nil }}
				s := standIn(t, server)
				done := asking(t, s, 2)
				for _, d := range test.patience {
					ctx, cancel := context.Background(), context.CancelFunc(func() {})
					if d > 0 {
						ctx, cancel = context.WithTimeout(ctx, d)
					}
					defer cancel()
					go func() {
						_, err := s.Exists(ctx, session.ID{1})
						done <- err
					}()
					synctest.Wait()
				}
				start := time.Now()
				close(answers)
				for range 2 + len(test.patience) {
					must(t, <-done)
				}
				var got []time.Duration
				if deadline, ok := server.ctx.Deadline(); ok {
					got = []time.Duration{deadline.Sub(start)}
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		})
	}
}

// A caller that gives up gets its answer then. Its command is not sent, and those
// of others are.
func TestACallerThatGivesUpWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan bool)
		server := &server{answer: func(redis.Cmder, int) error { <-answers; return nil }}
		s := standIn(t, server)
		done := asking(t, s, 2)
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			rec := draft("")
			gaveUp <- s.Save(ctx, &rec)
		}()
		synctest.Wait()
		others := asking(t, s, 2)
		cancel()
		if err := <-gaveUp; !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(answers)
		for range 2 {
			must(t, <-done)
			must(t, <-others)
		}
		if got := server.sizes(); !slices.Equal(got, []int{1, 1, 2}) {
			t.Errorf("%v commands are sent together", got)
		}
	})
}

// A caller gives up while its pipeline is under way. The others get their answers.
func TestACallerThatGivesUpOnItsPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan bool)
		s := standIn(t, &server{answer: func(redis.Cmder, int) error { <-answers; return nil }})
		done := asking(t, s, 4)
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			_, err := s.Exists(ctx, session.ID{2})
			gaveUp <- err
		}()
		synctest.Wait()
		answers <- true
		answers <- true
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		close(answers)
		for range 4 {
			must(t, <-done)
		}
	})
}

// Connections that hang delay the callers that wait for them, and no later ones.
func TestConnectionsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan bool)
		var sent atomic.Int32
		answers := make(chan bool)
		close(answers)
		server := &server{answer: func(redis.Cmder, int) error {
			if sent.Add(1) <= 2 {
				<-hung
			}
			<-answers
			return nil
		}}
		s := standIn(t, server)
		hanging, waiting := asking(t, s, 2), asking(t, s, 5)
		time.Sleep(21 * time.Millisecond)
		start := time.Now()
		for range 3 {
			must(t, <-asking(t, s, 1))
		}
		for range 5 {
			must(t, <-waiting)
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("they took %v", took)
		}
		close(hung)
		for range 2 {
			must(t, <-hanging)
		}
		answers = make(chan bool)
		server.got = nil
		later := asking(t, s, 10)
		if got := server.sizes(); !slices.Equal(got, []int{1, 1}) {
			t.Errorf("later %v commands are sent at once", got)
		}
		close(answers)
		for range 10 {
			must(t, <-later)
		}
	})
}

// A server that is far away takes longer for each answer than a period. Commands
// that wait are sent all the same, however many others come meanwhile.
func TestAServerFarAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const away = 50 * time.Millisecond
		s := standIn(t, &server{answer: func(_ redis.Cmder, of int) error { time.Sleep(away / time.Duration(of)); return nil }})
		start, first := time.Now(), asking(t, s, 5)
		others := make(chan error, 100)
		go func() {
			for range cap(others) { // each comes after a period, and before an answer
				time.Sleep(away / 2)
				go func() { _, err := s.Exists(context.Background(), session.ID{1}); others <- err }()
			}
		}()
		for range 5 {
			must(t, <-first)
		}
		if took := time.Since(start); took > 2*away {
			t.Errorf("they took %v", took)
		}
		for range cap(others) {
			must(t, <-others)
		}
	})
}

// A pipeline breaks after some replies. Those commands are done: only the others
// are sent again.
func TestAPipelineThatBreaksInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan bool)
		server := &server{}
		server.answer = func(redis.Cmder, int) error { <-answers; return nil }
		var broken atomic.Bool
		server.partly = func(cmds []redis.Cmder) error {
			if len(cmds) == 1 || broken.Swap(true) {
				return nil
			}
			for _, cmd := range cmds[1:] {
				cmd.SetErr(io.ErrUnexpectedEOF)
			}
			return io.ErrUnexpectedEOF
		}
		s := standIn(t, server)
		first := asking(t, s, 2)
		saved := make(chan error, 3)
		for range 3 {
			go func() {
				rec := draft("")
				saved <- s.Save(context.Background(), &rec)
			}()
			synctest.Wait()
		}
		close(answers)
		for range 2 {
			must(t, <-first)
		}
		for range 3 {
			must(t, <-saved)
		}
		var resent []any
		for _, cmds := range server.got {
			if args := cmds[0].Args(); len(cmds) == 1 && args[0] == "evalsha" {
				resent = append(resent, args[len(args)-1])
			}
		}
		if !slices.Equal(resent, []any{"1", "1"}) {
			t.Errorf("sent again: %q, want the two without a reply", resent)
		}
	})
}

// What keeps the store from go-redis's own pipelines: a caller waits for its
// pipeline when its context has ended, and so do all others.
func TestAutoPipelinerIgnoresContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		defer client.Close()
		answers := make(chan bool)
		server := &server{answer: func(redis.Cmder, int) error { <-answers; return nil }}
		client.AddHook(server)
		pipeline, err := client.AutoPipeline()
		must(t, err)
		defer pipeline.Close()
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		back := make(chan bool, 2)
		for range 2 {
			go func() { pipeline.Get(short, "key"); back <- true }()
			synctest.Wait()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(back) > 0 {
			t.Error("it heeds contexts now: the comment of combiners is out of date")
		}
		if _, ok := server.ctx.Deadline(); ok {
			t.Error("it passes deadlines on now: the comment of combiners is out of date")
		}
		close(answers)
		<-back
		<-back
	})
}

// A write whose pipeline broke is sent again alone, and says so. If it is then
// refused, its outcome is unknown. A read is sent again too.
func TestAPipelineThatBreaks(t *testing.T) {
	for name, test := range map[string]struct {
		broken error
		later  string // the script's last argument
	}{
		"after it was sent": {io.ErrUnexpectedEOF, "1"},
		"before":            {redis.ErrPoolTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := make(chan bool)
				server := &server{}
				server.answer = func(_ redis.Cmder, of int) error {
					<-answers
					if of > 1 {
						return test.broken
					}
					return nil
				}
				s := standIn(t, server)
				first := asking(t, s, 2)
				reads := asking(t, s, 2)
				saved := make(chan error)
				go func() {
					rec := draft("")
					saved <- s.Save(context.Background(), &rec)
				}()
				synctest.Wait()
				close(answers)
				must(t, <-saved)
				for range 2 {
					must(t, <-first)
					must(t, <-reads)
				}
				if got := server.sizes(); !slices.Equal(got, []int{1, 1, 1, 1, 1, 3}) {
					t.Fatalf("%v commands are sent together", got)
				}
				for _, cmds := range server.got {
					if args := cmds[0].Args(); len(cmds) == 1 && args[0] == "evalsha" && args[len(args)-1] != test.later {
						t.Errorf("the write is sent with %q", args[len(args)-1])
					}
				}
			})
		})
	}
}

// A panic of a hook fails the commands that were sent together, and nothing else.
func TestAPanicOfAHookInAPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan bool)
		server := &server{}
		server.answer = func(_ redis.Cmder, of int) error {
			<-answers
			if of > 1 {
				panic("hook")
			}
			return nil
		}
		s := standIn(t, server)
		done := asking(t, s, 10)
		close(answers)
		for range 10 {
			must(t, <-done)
		}
		if got := server.sizes(); !slices.Equal(got, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8}) {
			t.Errorf("%v commands are sent together; want the eight sent again alone", got)
		}
	})
}

// A server of a cluster that hangs delays the sessions of others not at all.
func TestAClusterNodeThatHangs(t *testing.T) {
	// Keys of slots 0 to 5460 are on the first node, those after on the second.
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClusterClient(&redis.ClusterOptions{
			ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
				return []redis.ClusterSlot{
					{Start: 0, End: 8191, Nodes: []redis.ClusterNode{{Addr: "192.0.2.1:1"}}},
					{Start: 8192, End: 16383, Nodes: []redis.ClusterNode{{Addr: "192.0.2.2:1"}}},
				}, nil
			},
			MaxRedirects: -1,
		})
		t.Cleanup(func() { client.Close() })
		hung := make(chan bool)
		hangs := func(cmd redis.Cmder) bool {
			node, err := client.MasterForKey(t.Context(), cmd.Args()[1].(string))
			must(t, err)
			return node.Options().Addr == "192.0.2.1:1"
		}
		client.AddHook(&server{answer: func(cmd redis.Cmder, _ int) error {
			if hangs(cmd) {
				<-hung
			}
			return nil
		}})
		s := newStore(t, client)
		done := map[bool]chan error{true: make(chan error, 200), false: make(chan error, 200)}
		n := map[bool]int{}
		for range 200 {
			id := session.NewID()
			on := hangs(redis.NewCmd(t.Context(), "get", key(id)))
			n[on]++
			go func() {
				_, err := s.Exists(context.Background(), id)
				done[on] <- err
			}()
		}
		for range n[false] {
			must(t, <-done[false])
		}
		if n[true] == 0 || len(done[true]) != 0 {
			t.Errorf("%d of %d commands to the node that hangs are back", len(done[true]), n[true])
		}
		close(hung)
		for range n[true] {
			must(t, <-done[true])
		}
	})
}
