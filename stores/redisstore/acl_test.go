package redisstore_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// rules are the ACL rules of the package's documentation.
var rules = strings.Fields(`~carts:*
	+get +getrange +eval +evalsha +zrange +zrem +scan +info +ping +wait
	+set +setrange +del +pexpire +time +zscore +zadd +zremrangebyscore +zrevrange`)

// everything calls each method of a store, and returns the errors.
func everything(ctx context.Context, client, admin *redis.Client) error {
	s, err := redisstore.New(client, "carts", codec.MessagePack[cart](), quiet)
	errs := []error{err, client.Ping(ctx).Err(), client.Wait(ctx, 0, time.Millisecond).Err()}
	one, two := draft("anna"), draft("anna")
	for _, rec := range []*session.Record[cart]{&one, &two} {
		errs = append(errs, s.Save(ctx, rec), s.Save(ctx, rec), s.Touch(ctx, rec.ID, rec.Revision, in(time.Minute)))
	}
	one.Deadline = one.Deadline.Add(time.Hour)
	errs = append(errs, s.Save(ctx, &one))
	_, loaded := s.Load(ctx, one.ID)
	_, exists := s.Exists(ctx, one.ID)
	errs = append(errs, loaded, exists)
	for _, err := range s.ByOwner(ctx, "anna") {
		errs = append(errs, err)
	}
	for _, err := range s.All(ctx) {
		errs = append(errs, err)
	}
	errs = append(errs, s.Delete(ctx, one.ID, one.Revision), s.Delete(ctx, two.ID, 0))
	if left, err := admin.Keys(ctx, "carts:owner:*").Result(); err != nil || len(left) > 0 {
		errs = append(errs, errors.New("an entry stays in the owner's index"), err)
	}
	return errors.Join(errs...)
}

// A user with the documented rules can do everything, and with one rule less
// cannot.
func TestACL(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	admin := server.Client(t)
	try := func(t *testing.T, rules []string) error {
		ctx := t.Context()
		must(t, admin.FlushAll(ctx).Err())
		must(t, admin.ScriptFlush(ctx).Err())
		set := []any{"acl", "setuser", "app", "reset", "on", ">secret"}
		for _, rule := range rules {
			set = append(set, rule)
		}
		must(t, admin.Do(ctx, set...).Err())
		o := redisserver.Options(server.Addr())
		o.Username, o.Password, o.DisableIdentity = "app", "secret", true
		client := redis.NewClient(o)
		defer client.Close()
		return everything(ctx, client, admin)
	}
	if err := try(t, rules); err != nil {
		t.Fatalf("with all rules: %v", err)
	}
	for i, rule := range rules {
		t.Run("without "+rule, func(t *testing.T) {
			if try(t, slices.Delete(slices.Clone(rules), i, i+1)) == nil {
				t.Error("the rule is not needed")
			}
		})
	}
	t.Run("documented", func(t *testing.T) {
		doc, err := os.ReadFile("doc.go")
		must(t, err)
		for _, rule := range rules {
			if !strings.Contains(string(doc), rule) {
				t.Errorf("the package's documentation lacks %s", rule)
			}
		}
	})
}

// A user who lacks a permission is told at the start, by the command's name. No key is
// left that stays for ever.
func TestOpenNamesMissingPermissions(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	admin := server.Client(t)
	optional := []string{"+scan", "+info", "+ping"} // for All, and Open itself
	for i, rule := range rules {
		if slices.Contains(optional, rule) {
			continue
		}
		t.Run("without "+rule, func(t *testing.T) {
			ctx := t.Context()
			must(t, admin.FlushAll(ctx).Err())
			must(t, admin.ScriptFlush(ctx).Err())
			set := []any{"acl", "setuser", "app", "reset", "on", ">secret"}
			for j, other := range rules {
				if i != j {
					set = append(set, other)
				}
			}
			must(t, admin.Do(ctx, set...).Err())
			url := "redis://app:secret@" + server.Addr() + "?dial_timeout=1m&read_timeout=1m"
			o := *quiet
			if rule == "+wait" {
				o.ReplicaAcks = 1
			}
			s, err := redisstore.Open(ctx, url, "carts", codec.MessagePack[cart](), &o)
			if err == nil {
				s.Close()
				t.Fatal("Open says nothing")
			}
			if name, command := strings.CutPrefix(rule, "+"); command && !strings.HasPrefix(name, "eval") && !strings.Contains(err.Error(), strings.ToUpper(name)) {
				t.Errorf("got error %v, which does not name the command", err)
			}
			as := redisserver.Options(server.Addr())
			as.Username, as.Password, as.DisableIdentity = "app", "secret", true
			client := redis.NewClient(as)
			defer client.Close()
			everything(ctx, client, admin)
			keys, err := admin.Keys(ctx, "*").Result()
			must(t, err)
			for _, key := range keys {
				if ttl, err := admin.PTTL(ctx, key).Result(); err != nil || ttl == -1 {
					t.Errorf("%s stays for ever", key)
				}
			}
		})
	}
}
