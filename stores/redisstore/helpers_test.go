package redisstore_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

type item struct {
	SKU   string
	Name  string
	Count int
	Price int64
}

type cart struct {
	Customer string
	Items    []item
}

type store = *redisstore.Store[cart]

// quiet is for stores whose clients are not as they should be.
var quiet = &redisstore.Options{Logger: slog.New(slog.DiscardHandler)}

func newStore(tb testing.TB, client redis.Cmdable) store {
	tb.Helper()
	s, err := redisstore.New(client, "carts", codec.MessagePack[cart](), quiet)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// onBoth runs a test with miniredis and with a real server.
func onBoth(t *testing.T, test func(t *testing.T, client *redis.Client)) {
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		test(t, at(t, miniredis.RunT(t).Addr()))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, redisserver.Start(t).Client(t))
	})
}

// at returns a client of the server at an address.
func at(tb testing.TB, addr string) *redis.Client {
	return clientOf(tb, redisserver.Options(addr))
}

// clientOf returns a client that is closed when the test ends.
func clientOf(tb testing.TB, o *redis.Options) *redis.Client {
	client := redis.NewClient(o)
	tb.Cleanup(func() { client.Close() })
	return client
}

// newClient returns a client of NewClient that is closed when the test ends.
func newClient(tb testing.TB, url string) redis.UniversalClient {
	tb.Helper()
	client, err := redisstore.NewClient(url)
	must(tb, err)
	tb.Cleanup(func() { client.Close() })
	return client
}

// patience is how long tests wait for what is expected, however busy the machine.
const patience = 2 * time.Minute

// eventually waits until ready reports true. That it never does fails the test.
func eventually(tb testing.TB, what string, ready func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("never: %s", what)
		}
	}
}

func in(d time.Duration) time.Time { return time.Now().Add(d).UTC().Truncate(time.Millisecond) }

// draft returns a record that was never stored.
func draft(owner string) session.Record[cart] {
	token := session.NewToken(session.NewID())
	return session.Record[cart]{
		ID:       token.ID(),
		Secrets:  session.NewSecrets(token),
		Owner:    owner,
		Created:  in(0),
		Renewed:  in(0),
		Deadline: in(24 * time.Hour),
		Expires:  in(time.Hour),
		Value:    cart{Customer: owner, Items: []item{{"sku", "thing", 1, 199}}},
	}
}

// saved returns a record that was just stored.
func saved(tb testing.TB, s store, owner string) session.Record[cart] {
	tb.Helper()
	rec := draft(owner)
	must(tb, s.Save(tb.Context(), &rec))
	return rec
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// owned returns the IDs of what ByOwner yields.
func owned(tb testing.TB, s store, owner string) []session.ID {
	tb.Helper()
	var ids []session.ID
	for rec, err := range s.ByOwner(tb.Context(), owner) {
		must(tb, err)
		ids = append(ids, rec.ID)
	}
	return ids
}

// ownerKeys returns the keys of all indexes.
func ownerKeys(tb testing.TB, client *redis.Client) []string {
	tb.Helper()
	keys, err := client.Keys(tb.Context(), "carts:owner:*").Result()
	must(tb, err)
	return keys
}

// anyone accepts the secrets of every record.
func anyone(session.Secrets) bool { return true }

func key(id session.ID) string { return "carts:" + id.String() }

// A tape is a hook that notes which commands are sent, and may stand in for them.
type tape struct {
	mu    sync.Mutex
	names []string
	fail  error // what pipelines return without being sent, if not nil

	failAlone bool // reads of single records return it too
}

func (t *tape) DialHook(next redis.DialHook) redis.DialHook { return next }

func (t *tape) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.note(cmd)
		if t.failAlone && strings.HasPrefix(cmd.Name(), "get") {
			cmd.SetErr(t.fail)
			return t.fail
		}
		return next(ctx, cmd)
	}
}

func (t *tape) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if t.fail != nil {
			return t.fail
		}
		t.note(cmds...)
		return next(ctx, cmds)
	}
}

func (t *tape) note(cmds ...redis.Cmder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, cmd := range cmds {
		if name := cmd.Name(); name != "hello" && name != "client" {
			t.names = append(t.names, name)
		}
	}
}

// during returns the commands that f sends.
func (t *tape) during(f func()) []string {
	t.mu.Lock()
	t.names = nil
	t.mu.Unlock()
	f()
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.names)
}
