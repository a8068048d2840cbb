package stores_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// twin has the fields of address.
type twin address

// create stores a session and returns its token.
func create[T any](t *testing.T, store session.Store[T], v T) session.Token {
	t.Helper()
	s := session.New(store, nil)
	s.Set(v)
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, _ := s.Token()
	return token
}

// Two types may share a store's keys, and their fields: neither reads what the
// other wrote, nor harms it.
func TestTwoTypesNeverMeet(t *testing.T) {
	onEveryKind(t, func(t *testing.T, k kind) {
		addresses, err := storeOf[address](t, k)
		if err != nil {
			t.Fatal(err)
		}
		twins, err := storeOf[twin](t, k)
		if err != nil {
			t.Fatal(err)
		}
		token := create(t, addresses, address{City: "Rome"})
		_, err = twins.Load(t.Context(), token.ID())
		if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable == (k.client == nil) || err == nil {
			t.Errorf("read as another type: got error %v", err)
		}
		s, err := session.Load(t.Context(), twins, nil, token, time.Time{})
		if err != nil || !s.IsNew() || s.Value() != (twin{}) {
			t.Fatalf("the visitor of the other type gets %+v, error %v", s.Value(), err)
		}
		s.Set(twin{City: "Oslo"})
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rec, err := addresses.Load(t.Context(), token.ID()); err != nil || rec.Value.City != "Rome" {
			t.Errorf("afterwards the first is %+v, error %v", rec.Value, err)
		}
	})
}

// A program that can write to Redis, but has no key, cannot give one visitor's
// sealed session to another. A wrong key and a wrong place give the same error.
func TestSealedRecordsCannotBePasted(t *testing.T) {
	onEveryKind(t, func(t *testing.T, k kind) {
		if k.client == nil || k.codec != "Sealed MessagePack" {
			t.Skip("nothing is sealed")
		}
		store := sealedStore(t, k.client, 7)
		ada, bob := create(t, store, address{City: "Rome"}), create(t, store, address{City: "Oslo"})
		key := func(token session.Token) string { return "table:" + token.ID().String() }
		data, err := k.client.Get(t.Context(), key(ada)).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("Rome")) {
			t.Error("the record shows its value")
		}
		if err := k.client.Set(t.Context(), key(bob), data, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		pasted := unreadable(t, store, bob)
		wrong := unreadable(t, sealedStore(t, k.client, 8, 9), ada)
		if pasted != wrong {
			t.Errorf("it can be told why they cannot be read:\n%v\n%v", pasted, wrong)
		}
		if s, err := session.Load(t.Context(), store, nil, bob, time.Time{}); err != nil || !s.IsNew() || s.Value() != (address{}) {
			t.Errorf("the visitor gets %+v, error %v", s.Value(), err)
		}
		for _, rotated := range []session.Store[address]{store, sealedStore(t, k.client, 8, 7)} {
			if rec, err := rotated.Load(t.Context(), ada.ID()); err != nil || rec.Value.City != "Rome" {
				t.Errorf("in its place it is %+v, error %v", rec.Value, err)
			}
		}
	})
}

// unreadable returns why a record cannot be read, which must be so.
func unreadable(t *testing.T, store session.Store[address], token session.Token) string {
	t.Helper()
	rec, err := store.Load(t.Context(), token.ID())
	e, ok := errors.AsType[*session.DecodeError](err)
	if !ok || rec.Value != (address{}) {
		t.Fatalf("got %+v and error %v, want a DecodeError", rec.Value, err)
	}
	return e.Err.Error()
}

func sealedStore(t *testing.T, client redis.Cmdable, keys ...byte) session.Store[address] {
	t.Helper()
	var secrets [][]byte
	for _, n := range keys {
		secrets = append(secrets, bytes.Repeat([]byte{n}, codec.KeySize))
	}
	c, err := codec.Sealed(codec.MessagePack[address](), secrets...)
	if err != nil {
		t.Fatal(err)
	}
	store, err := redisstore.New(client, "table", c, &redisstore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
