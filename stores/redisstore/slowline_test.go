package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// A slowLine is a hook that stands in for a server behind a slow line. All connections
// share its rate. A command or pipeline that takes longer than a second fails, as by
// the timeouts of the clients of NewClient.
type slowLine struct {
	rate  int // bytes a second
	conns chan bool
	line  chan bool // has room for one: a mutex would not let the time of synctest go on

	mu   sync.Mutex
	data map[string]string // what the keys hold
	done int               // bytes so far
	late int               // commands that took too long
}

func newSlowLine(rate int) *slowLine {
	return &slowLine{rate: rate, conns: make(chan bool, 20), line: make(chan bool, 1), data: map[string]string{}}
}

func (l *slowLine) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *slowLine) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return l.ProcessPipelineHook(nil)(ctx, []redis.Cmder{cmd})
	}
}

func (l *slowLine) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		l.conns <- true
		defer func() { <-l.conns }()
		start, bytes := time.Now(), 0
		for _, cmd := range cmds {
			bytes += l.run(cmd)
		}
		l.pass(bytes)
		if time.Since(start) > time.Second {
			l.mu.Lock()
			l.late += len(cmds)
			l.mu.Unlock()
			for _, cmd := range cmds {
				cmd.SetErr(os.ErrDeadlineExceeded)
			}
			return os.ErrDeadlineExceeded
		}
		return nil
	}
}

// run does what a command says, and returns how many bytes it moves.
func (l *slowLine) run(cmd redis.Cmder) (bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, arg := range cmd.Args() {
		switch arg := arg.(type) {
		case []byte:
			bytes += len(arg)
		default:
			bytes += len(fmt.Append(nil, arg))
		}
	}
	switch name, args := cmd.Name(), cmd.Args(); name {
	case "get", "getrange":
		data := l.data[args[1].(string)]
		if name == "getrange" {
			data = data[:min(len(data), args[3].(int)+1)]
		}
		cmd.(interface{ SetVal(string) }).SetVal(data)
		bytes += len(data)
	case "zrange":
		var ids []string
		for key := range l.data {
			ids = append(ids, strings.TrimPrefix(key, "carts:"))
		}
		cmd.(interface{ SetVal([]string) }).SetVal(ids)
	default:
		cmd.(interface{ SetVal(any) }).SetVal(int64(0))
	}
	l.done += bytes
	return bytes
}

// pass takes as long as the line needs for so many bytes.
func (l *slowLine) pass(bytes int) {
	for left := bytes; left > 0; left -= 16 << 10 {
		l.line <- true
		time.Sleep(time.Duration(min(left, 16<<10)) * time.Second / time.Duration(l.rate))
		<-l.line
	}
}

func (l *slowLine) store(t *testing.T) store {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: 2, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	client.AddHook(l)
	return newStore(t, client)
}

// put stores a record of about so many bytes, and returns it.
func (l *slowLine) put(t *testing.T, owner string, bytes int) session.Record[cart] {
	t.Helper()
	rec := draft(owner)
	rec.Value.Items = []item{{Name: strings.Repeat("x", bytes)}}
	data, err := wire.AppendRecord(nil, &rec, 1, codec.MessagePack[cart]())
	must(t, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.data[key(rec.ID)] = string(data)
	return rec
}

// Large records fail nobody, and delay small ones little: they are not combined.
func TestLargeRecordsOnASlowLine(t *testing.T) {
	const mib = 1 << 20
	for name, test := range map[string]struct {
		rate         int
		large, small int // callers
		bytes        int // of a large record
	}{
		"some half a mebibyte, some small": {20 * mib, 60, 20, mib / 2},
		"all of 100 KiB":                   {12 * mib, 200, 0, 100 << 10},
		"many of 10 KiB":                   {4 * mib, 200, 20, 10 << 10},
	} {
		for kind, reads := range map[string]bool{"saved": false, "loaded": true} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					line := newSlowLine(test.rate)
					s := line.store(t)
					failed := make(chan error, test.large+test.small)
					for i := range test.large + test.small {
						bytes := test.bytes
						if i%4 == 0 && test.small > i/4 || i >= test.large+min(test.small, i/4) {
							bytes = 100
						}
						rec := line.put(t, "", bytes)
						go func() {
							if reads {
								got, err := s.Load(t.Context(), rec.ID)
								if err == nil && len(got.Value.Items[0].Name) != bytes {
									err = fmt.Errorf("loaded %d bytes of %d", len(got.Value.Items[0].Name), bytes)
								}
								failed <- err
								return
							}
							failed <- s.Save(t.Context(), &rec)
						}()
					}
					n := 0
					for range cap(failed) {
						if err := <-failed; err != nil {
							if n++; n == 1 {
								t.Error(err)
							}
						}
					}
					if n > 0 || line.late > 0 {
						t.Errorf("%d of %d fail, and %d commands are not answered in time", n, cap(failed), line.late)
					}
				})
			})
		}
	}
}

// A list of large records yields the first ones long before all are read.
func TestAListOfLargeRecordsOnASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newSlowLine(20 << 20)
		s := line.store(t)
		for range 100 {
			line.put(t, "anna", 1<<19)
		}
		start, n := time.Now(), 0
		for rec, err := range s.ByOwner(t.Context(), "anna") {
			must(t, err)
			if n++; n == 1 && time.Since(start) > 200*time.Millisecond {
				t.Errorf("the first record came after %v", time.Since(start))
			}
			if len(rec.Value.Items[0].Name) != 1<<19 {
				t.Errorf("it has %d bytes", len(rec.Value.Items[0].Name))
			}
		}
		if n != 100 {
			t.Errorf("%d records", n)
		}
	})
}

// Whoever ends sessions needs no values: the outlines of large records are small.
func TestOutlinesOfLargeRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newSlowLine(20 << 20)
		s := line.store(t)
		want := map[session.ID]session.Record[cart]{}
		for i := range 100 {
			rec := line.put(t, []string{"anna", strings.Repeat("bert", 5000)}[i%2], 1<<19)
			want[rec.ID] = rec
		}
		for _, owner := range []string{"anna", strings.Repeat("bert", 5000), "cleo"} {
			before, n := line.done, 0
			for rec, err := range s.OutlinesByOwner(t.Context(), owner) {
				must(t, err)
				whole := want[rec.ID]
				if n++; rec.Owner != owner || whole.Owner != owner || rec.Revision != 1 || rec.Secrets != whole.Secrets || rec.Created != whole.Created || rec.LoggedIn != whole.LoggedIn {
					t.Errorf("%+v is not the outline of %+v", rec, whole)
				}
				if len(rec.Value.Items) != 0 {
					t.Error("it has a value")
				}
			}
			if wantN := map[bool]int{true: 50}[owner != "cleo"]; n != wantN {
				t.Errorf("%d outlines, want %d", n, wantN)
			}
			if took := line.done - before; took > 100*(1000+20_000+100) {
				t.Errorf("they took %d bytes", took)
			}
		}
	})
}
