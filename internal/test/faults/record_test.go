package faults_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// wantNewSession checks that a visitor whose session cannot be had gets another
// one, under another token, when there is something to keep.
func wantNewSession(t *testing.T, s *site, cookie string) {
	t.Helper()
	if got := s.get("/read", cookie); got.status != http.StatusOK || got.body != "" || got.set != "" {
		t.Errorf("read: %+v, want an empty session", got)
	}
	got := s.get("/add?item=new", cookie)
	if got.status != http.StatusOK || got.body != "new" || got.set == "" || got.set == cookie {
		t.Fatalf("change: %+v, want a new session", got)
	}
	if held, ok := s.value(t, got.set); !ok || !slices.Equal(held.Items, []string{"new"}) {
		t.Errorf("the new session holds %v, %v", held, ok)
	}
}

// A record that Redis has no more takes its token with it.
func TestRecordGone(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t, "--maxmemory-policy", "allkeys-random").URL(), nil, nil)
	ctx := context.Background()
	for name, remove := range map[string]func(key string) error{
		"deleted": func(key string) error { return s.client.Del(ctx, key).Err() },
		"expired": func(key string) error {
			defer time.Sleep(5 * time.Millisecond)
			return s.client.PExpire(ctx, key, time.Millisecond).Err()
		},
		"evicted": func(key string) error {
			s.client.ConfigSet(ctx, "maxmemory", "1")
			s.client.Set(ctx, "more", "than there is room for", time.Minute)
			return s.client.ConfigSet(ctx, "maxmemory", "0").Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			cookie := s.customer(t, "ada")
			key := keyOf(t, cookie)
			must(t, remove(key))
			if n, err := s.client.Exists(ctx, key).Result(); n != 0 || err != nil {
				t.Fatalf("the record is still there, error %v", err)
			}
			wantNewSession(t, s, cookie)

			cookie = s.customer(t, "ada")
			key = keyOf(t, cookie)
			s.handle("/while-"+name, func(_ *http.Request, b *sessions.Session[basket]) {
				add(b, "lost")
				must(t, remove(key))
			})
			if got := s.get("/while-"+name, cookie); got.status != http.StatusConflict || got.set != "" {
				t.Errorf("while it is in use: %+v, want a 409", got)
			}
			if n, err := s.client.Exists(ctx, key).Result(); n != 0 || err != nil {
				t.Errorf("the record is back, error %v", err)
			}
		})
	}
}

// A record that cannot be read stays as it is until it expires, or until its visitor logs
// out with a token that its secrets accept. The visitor goes on with a new session, and
// the operator hears of it.
func TestRecordUnreadable(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t).URL(), nil, nil)
	ctx := t.Context()
	for name, tt := range map[string]struct {
		damage  func(data []byte) []byte
		secrets bool // can be read
	}{
		"corrupt":           {func(data []byte) []byte { data[len(data)-3] ^= 0x20; return data }, true},
		"truncated":         {func(data []byte) []byte { return data[:len(data)-1] }, true},
		"truncated header":  {func(data []byte) []byte { return data[:20] }, false},
		"almost empty":      {func([]byte) []byte { return []byte{1} }, false},
		"oversize":          {func(data []byte) []byte { return append(data, make([]byte, 2<<20)...) }, true},
		"of something else": {func([]byte) []byte { return []byte(strings.Repeat("<html>", 20)) }, false},
		"of a later format": {func(data []byte) []byte { data[0]++; return data }, false},
	} {
		damaged := func(t *testing.T) (cookie, key string, check func()) {
			cookie = s.customer(t, "ada")
			key = keyOf(t, cookie)
			data, err := s.client.Get(ctx, key).Bytes()
			must(t, err)
			data = tt.damage(data)
			must(t, s.client.Set(ctx, key, data, time.Hour).Err())
			return cookie, key, func() {
				t.Helper()
				if now, err := s.client.Get(ctx, key).Bytes(); err != nil || !bytes.Equal(now, data) {
					t.Errorf("the record was changed, error %v", err)
				}
				if ttl, err := s.client.PTTL(ctx, key).Result(); err != nil || ttl <= 0 || ttl > time.Hour {
					t.Errorf("the record lives for %v, error %v", ttl, err)
				}
			}
		}
		t.Run(name, func(t *testing.T) {
			cookie, key, check := damaged(t)
			s.reported()
			wantNewSession(t, s, cookie)
			if kinds := s.reported(); !slices.Contains(kinds, session.EventUndecodable) {
				t.Errorf("reported %v, want %s", kinds, session.EventUndecodable)
			}
			check()
			must(t, s.Revoke(ctx, "ada", idOf(t, cookie), ""))
			if n, err := s.client.Exists(ctx, key).Result(); n != 0 || err != nil {
				t.Errorf("its owner cannot end it, error %v", err)
			}

			cookie, key, check = damaged(t)
			s.get("/logout", cookie)
			if !tt.secrets {
				check()
			} else if n, err := s.client.Exists(ctx, key).Result(); n != 0 || err != nil {
				t.Errorf("its visitor cannot log out, error %v", err)
			}
		})
	}
	t.Run("a list", func(t *testing.T) {
		cookie := s.visitor(t)
		key := keyOf(t, cookie)
		must(t, s.client.Del(ctx, key).Err())
		must(t, s.client.RPush(ctx, key, "x").Err())
		wantNewSession(t, s, cookie)
		if n, err := s.client.LLen(ctx, key).Result(); n != 1 || err != nil {
			t.Errorf("the list was changed, error %v", err)
		}
	})
}

// A session that grows too large is refused before it is written.
func TestRecordTooLarge(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t).URL(), nil, &redisstore.Options{MaxRecordBytes: 1000})
	cookie := s.visitor(t)
	large := "/add?item=" + strings.Repeat("x", 1000)
	for _, cookie := range []string{"", cookie} {
		got := s.get(large, cookie)
		if err := s.failure(); got.status != http.StatusInternalServerError || got.set != "" || !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("%+v, error %v, want ErrTooLarge", got, err)
		}
	}
	if got := s.get("/read", cookie); got.body != "first" || len(s.stored(t)) != 1 {
		t.Errorf("then: %+v", got)
	}
	wide := siteWith(t, s.client, nil, nil) // a node that takes more
	cookie = wide.get(large, "").set
	s.reported()
	wantNewSession(t, s, cookie)
	if kinds := s.reported(); !slices.Contains(kinds, session.EventUndecodable) {
		t.Errorf("reported %v, want %s", kinds, session.EventUndecodable)
	}
	if held, ok := wide.value(t, cookie); !ok || len(held.Items) != 1 {
		t.Error("the large record is not there any more")
	}
}
