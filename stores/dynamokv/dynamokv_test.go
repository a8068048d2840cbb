package dynamokv_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/dynamokv"
	"github.com/seed48429006/sessions/stores/kvstore"
)

type profile = storetest.Profile

// anna is an account.
var anna = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "anna", SecretAccessKey: "hunter2"}, nil
})

var options = &dynamokv.Options{Config: []func(*config.LoadOptions) error{config.WithCredentialsProvider(anna), config.WithRetryMaxAttempts(2)}}

func open(tb testing.TB, f *fake) *dynamokv.Backend {
	tb.Helper()
	b, err := dynamokv.Open(tb.Context(), "dynamodb:sessions?region=eu-central-1&endpoint="+f.url, options)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestBackend(t *testing.T) {
	b := open(t, newFake(t, "pk sk"))
	storetest.KV(t, func(*testing.T) kvstore.Backend { return b }, &storetest.KVOptions{Lister: true, Drops: 2 * time.Second})
}

// A lost reply is an error, and the write is not sent again: its own effect would then
// look like another writer's.
func TestLostReplies(t *testing.T) {
	f := newFake(t, "pk sk")
	b := open(t, f)
	lose := func(w http.ResponseWriter, serve func()) bool {
		serve()
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return false
		}
		c.Close()
		return true
	}
	f.fail(lose)
	if ok, err := b.Swap(t.Context(), "a", 0, []byte("x"), time.Time{}); ok || err == nil || f.requests("PutItem") != 1 {
		t.Errorf("PutItem: got %v, %v after %d requests", ok, err, f.requests("PutItem"))
	}
	value, version, err := b.Get(t.Context(), "a")
	if string(value) != "x" || err != nil {
		t.Fatalf("got %q, %v", value, err)
	}
	f.fail(lose)
	if ok, err := b.Swap(t.Context(), "a", version, nil, time.Time{}); ok || err == nil || f.requests("DeleteItem") != 1 {
		t.Errorf("DeleteItem: got %v, %v after %d requests", ok, err, f.requests("DeleteItem"))
	}
	f.fail(lose)
	if _, version, err := b.Get(t.Context(), "a"); version != 0 || err != nil {
		t.Errorf("a read whose reply is lost: got %d, %v", version, err)
	}
}

// A write that DynamoDB refuses because of its load is sent again.
func TestThrottling(t *testing.T) {
	f := newFake(t, "pk sk")
	b := open(t, f)
	f.fail(func(w http.ResponseWriter, _ func()) bool {
		reply(w, http.StatusBadRequest, map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"})
		return true
	})
	if ok, err := b.Swap(t.Context(), "a", 0, []byte("x"), time.Time{}); !ok || err != nil || f.requests("PutItem") != 2 {
		t.Errorf("got %v, %v after %d requests", ok, err, f.requests("PutItem"))
	}
}

// A key that has ended is absent, and can be written anew, while the table still has it.
// The table's time to live deletes it.
func TestEndedKeysAreAbsent(t *testing.T) {
	f := newFake(t, "")
	b := open(t, f) // creates the table
	if f.keys != "pk sk " || f.ttl != "ends" {
		t.Errorf("the table has the keys %q, and the time to live %q", f.keys, f.ttl)
	}
	if ok, err := b.Swap(t.Context(), "a.b.c.d", 0, []byte("x"), time.Now().Add(-2*time.Second)); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	if len(f.items) != 1 {
		t.Fatalf("there are %d items", len(f.items))
	}
	if _, version, err := b.Get(t.Context(), "a.b.c.d"); version != 0 || err != nil {
		t.Errorf("Get: %d, %v", version, err)
	}
	for key, err := range b.Keys(t.Context(), "a.b.c.") {
		t.Errorf("Keys: %q, %v", key, err)
	}
	if ok, err := b.Swap(t.Context(), "a.b.c.d", 0, []byte("y"), time.Time{}); !ok || err != nil {
		t.Errorf("anew: %v, %v", ok, err)
	}
}

// The sessions of an owner are one query, and no scan.
func TestOwnersAreQueried(t *testing.T) {
	f := newFake(t, "pk sk")
	store, err := kvstore.New(open(t, f), "test", codec.MessagePack[profile](), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		id := session.NewID()
		rec := session.Record[profile]{ID: id, Owner: "ada", Secrets: session.NewSecrets(session.NewToken(id)), Expires: time.Now().Add(time.Hour)}
		if err := store.Save(t.Context(), &rec); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range store.(session.Indexer[profile]).ByOwner(t.Context(), "ada") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3 || f.requests("Query") != 1 || f.requests("Scan") != 0 {
		t.Errorf("%d sessions by %d queries and %d scans", n, f.requests("Query"), f.requests("Scan"))
	}
}

func TestOpenFails(t *testing.T) {
	for url, unavailable := range map[string]bool{
		"dynamodb:sessions?region=eu-central-1&endpoint=http://127.0.0.1:1":      true,
		"dynamodb:sessions?region=eu-central-1&endpoint=" + newFake(t, "id").url: false,
		"dynamodb:":                      false,
		"dynamodb:sessions?x=y":          false,
		"dynamodb:anna:hunter2@sessions": false,
		"dynamodb://sessions/other":      false,
	} {
		b, err := dynamokv.Open(t.Context(), url, options)
		if b != nil || err == nil || errors.Is(err, session.ErrUnavailable) != unavailable {
			t.Errorf("%s: got %v, %v", url, b, err)
		}
	}
}

func TestOpenByURL(t *testing.T) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "anna", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_REGION": "eu-central-1"} {
		t.Setenv(name, value)
	}
	store, err := stores.Open(t.Context(), "dynamodb://sessions?endpoint="+newFake(t, "pk sk").url, "carts", codec.MessagePack[profile]())
	if _, ok := store.(*kvstore.ListStore[profile]); !ok || err != nil {
		t.Fatalf("got a %T, %v", store, err)
	}
	if _, err := store.Load(t.Context(), session.NewID()); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
}

func Example() {
	type Cart = struct{ Items []string }
	_, err := stores.Open(context.Background(), "dynamodb:", "carts", codec.MessagePack[Cart]())
	fmt.Println(err)
	// Output: dynamokv: the URL is not like dynamodb:table?region=eu-central-1&endpoint=http://localhost:8000
}

func BenchmarkSave(b *testing.B) {
	storetest.BenchmarkKV(b, func(tb testing.TB) kvstore.Backend { return open(tb, newFake(tb, "pk sk")) })
}
