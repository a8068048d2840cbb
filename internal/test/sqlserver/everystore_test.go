package sqlserver_test

import (
	"context"
	"io"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/everystore"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
)

func TestEveryStore(t *testing.T) {
	onAllURLs(t, func(t *testing.T, url string) {
		everystore.Run(t, func(t testing.TB, namespace string) session.Store[everystore.Account] {
			store, err := stores.Open(context.Background(), url, "every_"+namespace, codec.MessagePack[everystore.Account]())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.(io.Closer).Close() })
			return store
		})
	})
}
