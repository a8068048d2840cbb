package ends_test

import (
	"io"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/ends"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Package sqlserver runs these tests on databases.
func TestEnds(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		shared := memstore.New[ends.Account](nil) // by the nodes of one process
		ends.Run(t, func(testing.TB) sessions.Store[ends.Account] { return shared })
	})
	for name, url := range map[string]func(*testing.T) string{
		"miniredis":               func(t *testing.T) string { return redisserver.URL(miniredis.RunT(t).Addr()) },
		"redis":                   func(t *testing.T) string { return redisserver.Start(t).URL() },
		"redis with a near cache": func(t *testing.T) string { return redisserver.Start(t).URL() + "&near_cache=1000" },
	} {
		t.Run(name, func(t *testing.T) {
			url := url(t)
			ends.Run(t, func(tb testing.TB) sessions.Store[ends.Account] {
				store, err := stores.Open(tb.Context(), url, "ends", codec.MessagePack[ends.Account]())
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { store.(io.Closer).Close() })
				return store
			})
		})
	}
}
