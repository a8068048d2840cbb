package kvstore_test

import (
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/everystore"
	"github.com/seed48429006/sessions/internal/test/kvmap"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

func TestEveryStore(t *testing.T) {
	backend := kvmap.New()
	everystore.Run(t, func(t testing.TB, namespace string) session.Store[everystore.Account] {
		s, err := kvstore.New(backend, namespace, codec.MessagePack[everystore.Account](), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
