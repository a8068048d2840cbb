package stores_test

import (
	"io"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/ends"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestEnds(t *testing.T) {
	onEveryStore(t, func(t *testing.T, url string) {
		shared := memstore.New[ends.Account](nil)
		ends.Run(t, func(tb testing.TB) sessions.Store[ends.Account] {
			if url == "memory:" {
				return shared // the nodes of one process
			}
			store, err := stores.Open(tb.Context(), url, "ends", codec.MessagePack[ends.Account]())
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { store.(io.Closer).Close() })
			return store
		})
	})
}
