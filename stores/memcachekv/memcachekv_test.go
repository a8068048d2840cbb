package memcachekv_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/kvstore"
	"github.com/seed48429006/sessions/stores/memcachekv"
)

type profile = storetest.Profile

// A memcached is a server that the test has started.
type memcached struct {
	address string
	process *exec.Cmd
}

func start(tb testing.TB, address string, args ...string) *memcached {
	tb.Helper()
	path, err := exec.LookPath("memcached")
	if err != nil {
		if os.Getenv("SESSIONS_REQUIRE_MEMCACHED") == "1" {
			tb.Fatal(err)
		}
		tb.Skip("there is no memcached")
	}
	if address == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		address = l.Addr().String()
		l.Close()
	}
	host, port, _ := net.SplitHostPort(address)
	m := &memcached{address, exec.Command(path, append(args, "-l", host, "-p", port, "-U", "0", "-u", "nobody", "-m", "64")...)}
	if err := m.process.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(m.stop)
	for range 1000 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return m
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatal("memcached does not start")
	return nil
}

func (m *memcached) stop() {
	if m.process != nil {
		m.process.Process.Kill()
		m.process.Wait()
	}
	m.process = nil
}

func open(tb testing.TB, address string) *memcachekv.Backend {
	tb.Helper()
	b, err := memcachekv.Open(tb.Context(), "memcache://"+address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

func TestBackend(t *testing.T) {
	b := open(t, start(t, "").address)
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Drops: 4 * time.Second})
}

// A record that is too large for the server is refused, and the present one stays.
func TestTooLarge(t *testing.T) {
	for _, args := range [][]string{nil, {"-I", "128k", "-o", "slab_chunk_max=65536"}, {"-I", "2m"}} {
		t.Run(strings.Join(args, ""), func(t *testing.T) {
			b := open(t, start(t, "", args...).address)
			key := strings.Repeat("k", 200)
			if ok, err := b.Swap(t.Context(), key, 0, make([]byte, b.MaxValueBytes()), time.Time{}); !ok || err != nil {
				t.Errorf("the largest value: %v, %v", ok, err)
			}
			s, err := kvstore.New(b, "carts", codec.JSON[string](), &kvstore.Options{MaxRecordBytes: 4 << 20})
			if err != nil {
				t.Fatal(err)
			}
			token := session.NewToken(session.NewID())
			rec := session.Record[string]{ID: token.ID(), Secrets: session.NewSecrets(token), Expires: time.Now().Add(time.Hour)}
			if err := s.Save(t.Context(), &rec); err != nil {
				t.Fatal(err)
			}
			rec.Value = strings.Repeat("x", b.MaxValueBytes()+5<<10)
			if err := s.Save(t.Context(), &rec); !errors.Is(err, session.ErrTooLarge) {
				t.Errorf("got the error %v", err)
			}
			if _, err := s.Load(t.Context(), rec.ID); err != nil {
				t.Errorf("the session is lost: %v", err)
			}
		})
	}
}

// A server that was away is used again, and reads do not notice connections that it has
// closed.
func TestRestart(t *testing.T) {
	m := start(t, "")
	b := open(t, m.address)
	if ok, err := b.Swap(t.Context(), "a", 0, []byte("x"), time.Time{}); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	m.stop()
	if _, _, err := b.Get(t.Context(), "a"); err == nil {
		t.Error("no error of a server that is down")
	}
	if _, err := b.Swap(t.Context(), "a", 0, []byte("x"), time.Time{}); err == nil {
		t.Error("no error of a server that is down")
	}
	b = open(t, start(t, m.address).address)
	for range 3 {
		if value, version, err := b.Get(t.Context(), "a"); value != nil || version != 0 || err != nil {
			t.Errorf("got %q, %d, %v", value, version, err)
		}
	}
}

// silence is the answer that never comes.
const silence = "silence"

// fake is a server that answers each line with the next answer, and closes a connection
// when there is none, or an empty one.
func fake(t *testing.T, answers ...string) *memcachekv.Backend {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	next := make(chan string, len(answers)+2)
	next <- "MN\r\n"
	next <- "END\r\n" // no statistics
	for _, answer := range answers {
		next <- answer
	}
	close(next)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					if _, err := r.ReadString('\n'); err != nil {
						return
					}
					answer := <-next
					switch answer {
					case "":
						return
					case silence:
						<-t.Context().Done()
						return
					}
					io.WriteString(c, answer)
				}
			}()
		}
	}()
	return open(t, l.Addr().String())
}

func TestOddAnswers(t *testing.T) {
	for _, answer := range []string{"\r\n", "ERROR\r\n", "SERVER_ERROR out of memory\r\n", "VA\r\n", "VA x c1\r\n", "VA -1 c1\r\n", "VA 1\r\nx\r\n", "VA 99999999999 c1\r\n", "XX\r\n"} {
		if value, _, err := fake(t, answer).Get(t.Context(), "a"); err == nil {
			t.Errorf("after %q: got %q", answer, value)
		}
	}
	if value, version, err := fake(t, "", "VA 2 c7\r\nxy\r\n").Get(t.Context(), "a"); string(value) != "xy" || version != 7 || err != nil {
		t.Errorf("after a closed connection: %q, %d, %v", value, version, err)
	}
	if ok, err := fake(t, "", "HD\r\n").Swap(t.Context(), "a", 7, nil, time.Time{}); ok || err == nil {
		t.Errorf("a write was sent twice: %v, %v", ok, err)
	}
}

// A command that waits for its answer gives up when its context is done, and its late
// answer is nobody's.
func TestGivesUp(t *testing.T) {
	b := fake(t, silence)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := b.Get(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestOpenFails(t *testing.T) {
	for url, unavailable := range map[string]bool{
		"memcache://127.0.0.1:1":         true,
		"memcache:":                      false,
		"memcache://anna:hunter2@host":   false,
		"memcache://host/path":           false,
		"memcache://host:port and space": false,
	} {
		_, err := memcachekv.Open(t.Context(), url, nil)
		if err == nil || errors.Is(err, session.ErrUnavailable) != unavailable || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestOpenByURL(t *testing.T) {
	store, err := stores.Open(t.Context(), "memcache://"+start(t, "").address, "carts", codec.MessagePack[profile]())
	if _, ok := store.(*kvstore.Store[profile]); !ok || err != nil {
		t.Fatalf("got a %T, %v", store, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := store.Load(t.Context(), session.NewID()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

func Example() {
	type Cart = struct{ Items []string }
	_, err := stores.Open(context.Background(), "memcache://127.0.0.1:1", "carts", codec.MessagePack[Cart]())
	fmt.Println(errors.Is(err, session.ErrUnavailable))
	// Output: true
}

func BenchmarkSave(b *testing.B) {
	storetest.BenchmarkKV(b, func(tb testing.TB) kvstore.Backend { return open(tb, start(tb, "").address) })
}
