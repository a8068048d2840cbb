package redisstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// Each method sends the commands that the package's documentation names.
func TestCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		sent := new(tape)
		client.AddHook(sent)
		s, ctx := newStore(t, client), t.Context()

		// So that the server has all scripts.
		warm := saved(t, s, "warm")
		must(t, s.Touch(ctx, warm.ID, warm.Revision, warm.Expires))
		s.Delete(ctx, session.NewID(), 0)

		mine, nobodys := draft("anna"), draft("")
		steps := []struct {
			name string
			call func() error
			want []string
		}{
			{"create, no owner", func() error { return s.Save(ctx, &nobodys) }, []string{"evalsha"}},
			{"update, no owner", func() error { return s.Save(ctx, &nobodys) }, []string{"evalsha"}},
			{"create with an owner", func() error { return s.Save(ctx, &mine) }, []string{"evalsha", "evalsha"}},
			{"update with an owner", func() error { mine.Value.Items = nil; return s.Save(ctx, &mine) }, []string{"evalsha"}},
			{"update of the expiry", func() error { mine.Expires = in(2 * time.Hour); return s.Save(ctx, &mine) }, []string{"evalsha"}},
			{"update of the deadline", func() error { mine.Deadline = in(48 * time.Hour); return s.Save(ctx, &mine) }, []string{"evalsha", "evalsha", "evalsha"}},
			{"update of the owner", func() error { mine.Owner = "bert"; return s.Save(ctx, &mine) }, []string{"evalsha", "evalsha", "evalsha"}},
			{"expired save", func() error { past := draft("anna"); past.Expires = in(0); s.Save(ctx, &past); return nil }, nil},
			{"load", func() error { _, err := s.Load(ctx, mine.ID); return err }, []string{"get"}},
			{"load of nothing", func() error { s.Load(ctx, session.ID{}); return nil }, []string{"get"}},
			{"exists", func() error { _, err := s.Exists(ctx, mine.ID); return err }, []string{"getrange"}},
			{"touch", func() error { return s.Touch(ctx, mine.ID, mine.Revision, in(time.Hour)) }, []string{"evalsha"}},
			{"expired touch", func() error { s.Touch(ctx, mine.ID, mine.Revision, in(0)); return nil }, nil},
			{"by owner", func() error { owned(t, s, "bert"); return nil }, []string{"zrange", "getrange"}},
			{"by no owner", func() error { owned(t, s, ""); return nil }, nil},
			{"open", func() error { _, _, err := s.Open(ctx, mine.ID, anyone); return err }, []string{"get"}},
			{"refused delete", func() error { s.Delete(ctx, mine.ID, 1); return nil }, []string{"evalsha"}},
			{"delete", func() error { return s.Delete(ctx, mine.ID, mine.Revision) }, []string{"evalsha", "zrem"}},
			{"delete, no owner", func() error { return s.Delete(ctx, nobodys.ID, 0) }, []string{"evalsha"}},
			{"delete of nothing", func() error { s.Delete(ctx, nobodys.ID, 0); return nil }, []string{"evalsha"}},
		}
		for _, step := range steps {
			got := sent.during(func() { must(t, step.call()) })
			if !slices.Equal(got, step.want) {
				t.Errorf("%s: sent %v, want %v", step.name, got, step.want)
			}
		}
	})
}

// A flushed script cache costs a command, nothing else.
func TestScriptFlush(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		flush := func() { t.Helper(); must(t, client.ScriptFlush(ctx).Err()) }
		flush()
		rec := saved(t, s, "anna")
		flush()
		must(t, s.Save(ctx, &rec))
		flush()
		must(t, s.Touch(ctx, rec.ID, rec.Revision, in(time.Minute)))
		flush()
		other := saved(t, s, "anna")
		flush()
		must(t, s.Delete(ctx, other.ID, 0))
	})
}

// No call leaves a key that would stay for ever, and none outlives its record
// by more than the margin of an index.
func TestEveryKeyExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		for i, owner := range []string{"", "anna", "anna", "bert"} {
			for _, end := range []time.Duration{time.Millisecond, time.Minute, 90 * time.Minute} {
				rec := draft(owner)
				rec.Expires, rec.Deadline = in(end), in(end*time.Duration(i+1))
				if s.Save(ctx, &rec) != nil {
					continue
				}
				rec.Deadline = rec.Deadline.Add(time.Second)
				s.Save(ctx, &rec)
				s.Touch(ctx, rec.ID, rec.Revision, in(time.Second))
				s.Touch(ctx, rec.ID, rec.Revision, in(-time.Second))
				rec.Expires = in(-time.Hour)
				s.Save(ctx, &rec)
				s.Delete(ctx, saved(t, s, owner).ID, 1)
				s.Delete(ctx, saved(t, s, owner).ID, 0)
			}
		}
		keys, err := client.Keys(ctx, "*").Result()
		must(t, err)
		if len(keys) < 10 {
			t.Fatalf("only %d keys are left to look at", len(keys))
		}
		for _, key := range keys {
			ttl, err := client.PTTL(ctx, key).Result()
			must(t, err)
			if ttl == -1 || ttl > 25*time.Hour+margin {
				t.Errorf("%s lives on for %v", key, ttl)
			}
		}
	})
}

// The key's time to live is that of the record, and the record tells it.
func TestTimeToLive(t *testing.T) {
	client := redisserver.Start(t).Client(t)
	s, ctx := newStore(t, client), t.Context()
	rec, began := draft("anna"), time.Now()
	check := func(what string, want time.Time, change error) {
		t.Helper()
		must(t, change)
		if got := endOf(t, client, key(rec.ID)); !near(got, want, began) {
			t.Errorf("%s: the key ends at %v, want %v", what, got, want)
		}
	}
	check("created", rec.Expires, s.Save(ctx, &rec))
	rec.Expires = in(2 * time.Hour)
	check("saved", rec.Expires, s.Save(ctx, &rec))
	touched := in(3 * time.Hour)
	check("touched", touched, s.Touch(ctx, rec.ID, rec.Revision, touched))
	if got, err := s.Load(ctx, rec.ID); err != nil || got.Expires != touched || got.Revision != rec.Revision {
		t.Errorf("loaded %v and error %v, want expiry %v", got.Expires, err, touched)
	}
	check("touched beyond the deadline", rec.Deadline, s.Touch(ctx, rec.ID, rec.Revision, rec.Deadline.Add(time.Hour)))
	rec.Deadline, rec.Expires = in(10*time.Minute), in(time.Hour)
	check("with a deadline before the expiry", rec.Deadline, s.Save(ctx, &rec))
}

// outlive makes Redis keep a record beyond its deadline, as a write does that it runs
// late. It returns the record.
func outlive(t *testing.T, client *redis.Client, rec session.Record[cart]) session.Record[cart] {
	t.Helper()
	rec.Deadline = in(-time.Millisecond)
	rec.Expires = rec.Deadline
	kept, err := wire.AppendRecord(nil, &rec, rec.Revision, codec.MessagePack[cart]())
	must(t, err)
	must(t, client.Set(t.Context(), key(rec.ID), kept, time.Hour).Err())
	return rec
}

// A record that Redis kept too long ends at its deadline all the same, and no write
// brings it back.
func TestDeadlineHoldsWithoutRedis(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		rec := outlive(t, client, saved(t, s, "anna"))
		if _, err := s.Load(ctx, rec.ID); err != session.ErrNotFound {
			t.Errorf("Load: got error %v, want ErrNotFound", err)
		}
		if live, err := s.Exists(ctx, rec.ID); err != nil || live {
			t.Errorf("Exists: got %v and error %v", live, err)
		}
		if ids := owned(t, s, "anna"); len(ids) != 0 {
			t.Errorf("ByOwner yields it")
		}
		if err := s.Touch(ctx, rec.ID, rec.Revision, in(time.Minute)); err != session.ErrNotFound {
			t.Errorf("Touch: got error %v, want ErrNotFound", err)
		}
		later := rec
		later.Deadline, later.Expires = in(time.Hour), in(time.Hour)
		if err := s.Save(ctx, &later); err != session.ErrNotFound {
			t.Errorf("Save: got error %v, want ErrNotFound", err)
		}
		if _, err := s.Load(ctx, rec.ID); err != session.ErrNotFound {
			t.Errorf("after the writes: got error %v, want ErrNotFound", err)
		}
		created := draft("anna")
		created.ID = rec.ID
		must(t, s.Save(ctx, &created)) // the ID is absent
		wantStored(t, s, created)
	})
}
