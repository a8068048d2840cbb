package sqlserver_test

import (
	"context"
	"io"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/ends"
	"github.com/seed48429006/sessions/stores"
)

func TestEnds(t *testing.T) {
	onAllURLs(t, func(t *testing.T, url string) {
		ends.Run(t, func(tb testing.TB) sessions.Store[ends.Account] {
			store, err := stores.Open(context.Background(), url, "ends", codec.MessagePack[ends.Account]())
			must(tb, err)
			tb.Cleanup(func() { store.(io.Closer).Close() })
			return store
		})
	})
}
