package natskv_test

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/seed48429006/sessions/stores/natskv"
)

// A client of NATS gives up for ever after some attempts, unless it is told not to.
func TestALongOutageEnds(t *testing.T) {
	o := server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true}
	again := o
	first := serve(t, &o)
	again.Port = first.Addr().(*net.TCPAddr).Port
	long, closed := make(chan bool), make(chan bool)
	b, err := natskv.Open(t.Context(), first.ClientURL(), &natskv.Options{Connection: []nats.Option{
		nats.CustomReconnectDelay(func(attempts int) time.Duration {
			if attempts == 3*nats.DefaultMaxReconnect {
				close(long)
			}
			return time.Millisecond
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if ok, err := b.Swap(t.Context(), "a", 0, []byte("value"), time.Time{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	first.Shutdown()
	first.WaitForShutdown()
	select {
	case <-long:
	case <-closed:
		t.Fatal("the client gave up")
	}
	serve(t, &again)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		value, _, err := b.Get(t.Context(), "a")
		if string(value) == "value" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after the outage: %q, %v", value, err)
		}
	}
}
