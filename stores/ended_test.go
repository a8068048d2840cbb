package stores_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Copy copies the notes, and does not count them as sessions.
func TestCopyCopiesNotes(t *testing.T) {
	ctx := context.Background()
	from, to := memstore.New[cart](nil), memstore.New[cart](nil)
	o := &sessions.Options{KeepEnded: time.Hour}
	carts, err := sessions.New(from, o)
	must(t, err)
	var ids []sessions.ID
	var tokens []string
	for range 2 {
		s, err := carts.Open(ctx, "")
		must(t, err)
		s.Set(cart{Customer: "ada"})
		must(t, s.Commit(ctx))
		token, _ := s.Token()
		ids, tokens = append(ids, s.ID()), append(tokens, token.Reveal())
	}
	must(t, carts.End(ctx, ids[0], "moved"))
	for range 2 {
		if n, err := stores.Copy(ctx, from, to); n != 1 || err != nil {
			t.Errorf("copied %d, %v", n, err)
		}
	}
	moved, err := sessions.New(to, o)
	must(t, err)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookiePrefix+tokens[0])
	moved.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if end, err := sessions.Ended[cart](r); end.Reason != "moved" || err != nil {
			t.Errorf("told %v, %v", end, err)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}
