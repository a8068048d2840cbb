package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// settings are what NewClient bounds, as go-redis has them.
type settings struct {
	Context           bool
	Dial, Read, Write time.Duration
	Pool              time.Duration
	Retries           int
	Backoff           time.Duration
}

func settingsOf(t *testing.T, url string) (addr string, s settings) {
	t.Helper()
	client, err := redisstore.NewClient(url)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	switch c := client.(type) {
	case *redis.Client:
		o := c.Options()
		return o.Addr, settings{o.ContextTimeoutEnabled, o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.MaxRetries, o.MaxRetryBackoff}
	case *redis.ClusterClient:
		o := c.Options()
		return strings.Join(o.Addrs, " "), settings{o.ContextTimeoutEnabled, o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.MaxRetries, o.MaxRetryBackoff}
	}
	t.Fatalf("%s: got a %T", url, client)
	return "", settings{}
}

func TestNewClient(t *testing.T) {
	usual := settings{true, 2 * time.Second, time.Second, time.Second, 2 * time.Second, 2, 64 * time.Millisecond}
	with := func(change func(*settings)) settings {
		s := usual
		change(&s)
		return s
	}
	clustered := with(func(s *settings) { s.Retries = -1 }) // redirects are retries
	for _, tt := range []struct {
		url, addr string
		want      settings
	}{
		{"redis://localhost", "localhost:6379", usual},
		{"redis://user:p%40ss@host:7000/3", "host:7000", usual},
		{"rediss://host", "host:6379", usual},
		{"redis://[::1]:7000", "[::1]:7000", usual},
		{"redis+cluster://one:1?addr=two:2", "one:1 two:2", clustered},
		{"rediss+cluster://one:1", "one:1", clustered},
		{"redis+sentinel://one:1?master_name=m", "FailoverClient", usual},
		{"rediss+sentinel://one:1?master_name=m&addr=two:2", "FailoverClient", usual},
		{"redis+sentinel://one:1?master_name=m&context_timeout_enabled=false", "FailoverClient", with(func(s *settings) { s.Context = false })},
		{"redis+sentinel://one:1?master_name=m&route_randomly=true", "", clustered},
		{"redis://host:1?dial_timeout=7s&read_timeout=8s&write_timeout=9s", "host:1", with(func(s *settings) { s.Dial, s.Read, s.Write = 7*time.Second, 8*time.Second, 9*time.Second })},
		{"redis://host:1?read_timeout=-1", "host:1", with(func(s *settings) { s.Read = 0 })},
		{"redis://host:1?max_retries=-1", "host:1", with(func(s *settings) { s.Retries = 0 })},
		{"redis://host:1?max_retries=7&pool_timeout=1m", "host:1", with(func(s *settings) { s.Retries, s.Pool = 7, time.Minute })},
	} {
		addr, got := settingsOf(t, tt.url)
		if got != tt.want || tt.addr != "" && addr != tt.addr {
			t.Errorf("%s: got %s %+v, want %s %+v", tt.url, addr, got, tt.addr, tt.want)
		}
	}
	client, err := redisstore.NewClient("rediss://user:p%40ss@host:7000/3")
	must(t, err)
	defer client.Close()
	if o := client.(*redis.Client).Options(); o.Username != "user" || o.Password != "p@ss" || o.DB != 3 || o.TLSConfig == nil || o.TLSConfig.ServerName != "host" {
		t.Errorf("got user %s, password %s, database %d, TLS %v", o.Username, o.Password, o.DB, o.TLSConfig)
	}
}

func TestNewClientRefuses(t *testing.T) {
	for _, url := range []string{
		"",
		"localhost:6379",
		"http://u:hunter2@host",
		"redis:host",
		"redis://",
		"redis://u:hunter2@",
		"redis://u:hunter2@host:port",
		"redis://u:hunt/er2@host",
		"redis://u:hunter2%@host",
		"redis://u:hunter2@host/db",
		"redis://u:hunter2@host/0/1",
		"redis://u:hunter2@host?read_timeout=hunter2",
		"redis://u:hunter2@host?hunter2=1",
		"redis://hunter2@host?max_retries=hunter2",
		"redis+cluster://u:hunter2@host?addr=hunter2",
		"redis+sentinel://host?password=hunter2",
		"redis+sentinel://host?master_name=m&password=hunter2&max_retries=hunter2",
		"unix:///tmp/redis.sock",
	} {
		client, err := redisstore.NewClient(url)
		if err == nil || client != nil {
			t.Errorf("%s: got %v and error %v", url, client, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, "hunt") || strings.Contains(text, "er2") || !strings.HasPrefix(text, "redisstore: ") {
			t.Errorf("%s: the error is %q", url, text)
		}
	}
}

func TestNewClientNamesTheCause(t *testing.T) {
	for url, want := range map[string]string{
		"redis://host:abc":               "port is not a number",
		"redis://:12/34@host":            "%2F for /",
		"redis://user:12?34@host:6379":   "%3F for ?",
		"redis://user:12#34@host:6379":   "%23 for #",
		"redis://user:/hunter2@host":     "%2F for /",
		"redis://user:a@b/c@host":        "%40 for @",
		"redis+cluster://host/3":         "takes no database",
		"redis://in@host?read_timeout=x": "invalid duration",
	} {
		_, err := redisstore.NewClient(url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "34") {
			t.Errorf("%s: the error is %v, want one that says %q", url, err, want)
		}
	}
	client, err := redisstore.NewClient("REDIS://host")
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

func TestOpenWithTLSOfAPlainServer(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	_, err := redisstore.Open(t.Context(), "rediss://"+server.Addr()+"?dial_timeout=50ms", "carts", codec.MessagePack[cart](), nil)
	if err == nil || !strings.Contains(err.Error(), "does not use TLS on this port") {
		t.Errorf("got %v", err)
	}
}

func TestSchemes(t *testing.T) {
	for _, scheme := range []string{"redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"} {
		client, err := redisstore.NewClient(scheme + "://host:1?" + map[bool]string{true: "master_name=m"}[strings.Contains(scheme, "sentinel")])
		if err != nil {
			t.Errorf("%s: %v", scheme, err)
			continue
		}
		client.Close()
	}
}
