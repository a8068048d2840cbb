package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func ExampleNew() {
	type Cart struct{ Items []string }

	store := memstore.New[Cart](&memstore.Options{MaxSessions: 100_000})
	token := session.NewToken(session.NewID())

	// What the middleware does for a handler:
	ctx := context.Background()
	err := store.Save(ctx, &session.Record[Cart]{
		ID:      token.ID(),
		Secrets: session.NewSecrets(token),
		Expires: time.Now().Add(time.Hour),
		Value:   Cart{Items: []string{"tea"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := store.Load(ctx, token.ID())
	fmt.Println(rec.Value.Items, err)
	// Output: [tea] <nil>
}

func ExampleStore_Watch() {
	store := memstore.New[string](nil)
	ctx := context.Background()
	rec := session.Record[string]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)}
	store.Save(ctx, &rec)

	stop, _ := store.Watch(rec.ID, func() { fmt.Println("changed") })
	defer stop()
	store.Delete(ctx, rec.ID, 0)
	// Output: changed
}

func ExampleStore_Revisions() {
	store := memstore.New[string](nil)
	ctx := context.Background()
	rec := session.Record[string]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)}
	store.Save(ctx, &rec)

	unknown := session.NewID()
	revs, err := store.Revisions(ctx, []session.ID{rec.ID, unknown})
	fmt.Println(revs[0] == rec.Revision, revs[1], err)
	// Output: true 0 <nil>
}

// A gauge of the sessions in memory.
func ExampleStore_Len() {
	store := memstore.New[string](nil)
	rec := session.Record[string]{ID: session.NewID(), Expires: time.Now().Add(time.Hour)}
	store.Save(context.Background(), &rec)
	fmt.Println(store.Len(), "sessions")
	// Output: 1 sessions
}
