package sqlstore_test

import (
	"database/sql"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

var pooled = new(fake)

func init() { sql.Register("sqlite", pooled) }

// A store of Open keeps the connections of one rush of requests for the next one.
func TestOpenKeepsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pooled.do = func(string) {}
		pooled.opened.Store(0)
		s, err := sqlstore.Open(t.Context(), "sqlite:/no/such/file", codec.JSON[cart](), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		rush := func() {
			answer := make(chan struct{})
			pooled.do = func(string) { <-answer }
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if _, err := s.Exists(t.Context(), session.ID{1}); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			close(answer)
			all.Wait()
		}
		rush()
		first := pooled.opened.Load()
		rush()
		if n := pooled.opened.Load(); n != first || n < 16 || n > 64 {
			t.Errorf("the first rush opened %d connections, and the second one %d more", first, n-first)
		}
	})
}
