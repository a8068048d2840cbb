package sqlserver_test

import (
	"io"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
)

// opened returns the store at a URL, which closes with the test.
func opened(t *testing.T, url string) session.Store[cart] {
	t.Helper()
	store, err := stores.Open(t.Context(), url, "carts", codec.MessagePack[cart]())
	must(t, err)
	t.Cleanup(func() { store.(io.Closer).Close() })
	return store
}

// record returns a session's record but for its revision, which is each store's own.
func record(t *testing.T, store session.Store[cart], id session.ID) session.Record[cart] {
	t.Helper()
	rec, err := store.Load(t.Context(), id)
	must(t, err)
	rec.Revision = 0
	return rec
}

// Sessions move between Redis and SQLite as they are, and go on there.
func TestCopyBetweenRedisAndSQLite(t *testing.T) {
	servers := map[string]func(t *testing.T) string{
		"miniredis":    func(t *testing.T) string { return "redis://" + miniredis.RunT(t).Addr() },
		"redis-server": func(t *testing.T) string { return redisserver.Start(t).URL() },
	}
	sqlite := func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "sessions.db") }
	for name, redis := range servers {
		t.Run("from "+name, func(t *testing.T) { moves(t, opened(t, redis(t)), opened(t, sqlite(t))) })
		t.Run("to "+name, func(t *testing.T) { moves(t, opened(t, sqlite(t)), opened(t, redis(t))) })
	}
}

func moves(t *testing.T, from, to session.Store[cart]) {
	guest := created(t, from, cart{Items: []string{"tea"}})
	ada := created(t, from, cart{"ada", []string{"cup"}})
	ended := created(t, from, cart{"ada", nil})
	renewed := created(t, from, cart{"ada", []string{"pot"}})

	must(t, from.Delete(t.Context(), ended.ID(), 0))
	visit := loaded(t, from, renewed)
	visit.Renew()
	must(t, visit.Commit(t.Context()))
	now, _ := visit.Token()
	for _, want := range []int{3, 3} { // a second time there is nothing to do
		if n, err := stores.Copy(t.Context(), from, to); n != want || err != nil {
			t.Fatalf("%d copied, %v, want %d", n, err, want)
		}
	}
	for _, token := range []session.Token{guest, ada, now} {
		if a, b := record(t, from, token.ID()), record(t, to, token.ID()); !reflect.DeepEqual(a, b) {
			t.Errorf("%+v became %+v", a, b)
		}
	}
	if live, err := to.Exists(t.Context(), ended.ID()); live || err != nil {
		t.Errorf("an ended session lives: %v, %v", live, err)
	}
	if _, access := loaded(t, to, renewed).Token(); access {
		t.Error("a token that a renewal has ended gives access")
	}

	there := loaded(t, to, ada)
	there.Update(func(c *cart) { c.Items = append(c.Items, "saucer") })
	must(t, there.Commit(t.Context()))
	if items := loaded(t, to, ada).Value().Items; len(items) != 2 {
		t.Errorf("the session has %q after a change", items)
	}
	owned := map[session.ID]bool{}
	for rec, err := range to.(session.Indexer[cart]).ByOwner(t.Context(), "ada") {
		must(t, err)
		owned[rec.ID] = true
	}
	if len(owned) != 2 || !owned[ada.ID()] || !owned[now.ID()] {
		t.Errorf("the owner has %d sessions, want 2", len(owned))
	}
}
