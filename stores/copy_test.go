package stores_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
)

func ExampleCopy() {
	ctx, old, next := context.Background(), memstore.New[cart](nil), memstore.New[cart](nil)
	visit := session.New[cart](old, nil)
	visit.Set(cart{Customer: "ada", Items: []string{"tea"}})
	if err := visit.Commit(ctx); err != nil {
		fmt.Println(err)
	}
	n, err := stores.Copy[cart](ctx, old, next)
	fmt.Println(n, err)
	rec, err := next.Load(ctx, visit.ID())
	fmt.Println(rec.Owner, rec.Value.Items, err)
	// Output:
	// 1 <nil>
	// ada [tea] <nil>
}

// meanwhile acts when the first pass over a store has ended.
type meanwhile struct {
	*memstore.Store[cart]
	act func()
}

func (m *meanwhile) All(ctx context.Context) iter.Seq2[session.Record[cart], error] {
	return func(yield func(session.Record[cart], error) bool) {
		m.Store.All(ctx)(yield)
		if act := m.act; act != nil {
			m.act = nil
			act()
		}
	}
}

func stash(t *testing.T, store session.Store[cart], id byte, c cart) session.Record[cart] {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Millisecond)
	rec := session.Record[cart]{ID: session.ID{id}, Owner: c.Customer, Created: at.Add(-time.Hour), Renewed: at.Add(-time.Minute),
		Deadline: at.Add(2 * time.Hour), Expires: at.Add(time.Hour), Persist: true, Value: c}
	if err := store.Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

func contents(t *testing.T, store session.Lister[cart]) map[session.ID]session.Record[cart] {
	t.Helper()
	all := map[session.ID]session.Record[cart]{}
	for rec, err := range store.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rec.Revision = 0
		all[rec.ID] = rec
	}
	return all
}

// A copy has the sessions as they are in the end, whole.
func TestCopy(t *testing.T) {
	from, to := &meanwhile{Store: memstore.New[cart](nil)}, memstore.New[cart](nil)
	var recs []session.Record[cart]
	for id := range byte(6) {
		recs = append(recs, stash(t, from, id, cart{"ada", []string{"tea"}}))
	}
	from.act = func() {
		ctx := t.Context()
		recs[0].Value, recs[0].Owner = cart{"bob", []string{"cup"}}, "bob"
		for _, err := range []error{
			from.Save(ctx, &recs[0]),
			from.Touch(ctx, recs[1].ID, recs[1].Expires.Add(time.Minute)),
			from.Delete(ctx, recs[2].ID),
			from.Retire(ctx, recs[3].ID, recs[3].Revision, session.ID{9}, time.Now().Add(time.Minute)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		stash(t, from, 9, cart{"eve", nil})
	}
	for range 2 { // a second time changes nothing
		n, err := stores.Copy[cart](t.Context(), from, to)
		if diff := cmp.Diff(contents(t, from), contents(t, to)); diff != "" || err != nil || len(contents(t, to)) != 5 {
			t.Errorf("%d copied, %v (-want +got):\n%s", n, err, diff)
		}
	}
}

// A session that the other store has is not overwritten, nor ended, and one that
// another program changes during the copy is left to it.
func TestCopyLeavesOthersAlone(t *testing.T) {
	from, to := &meanwhile{Store: memstore.New[cart](nil)}, memstore.New[cart](nil)
	for id := range byte(3) {
		stash(t, from, id, cart{"ada", []string{"old"}})
	}
	stash(t, to, 0, cart{"ada", []string{"new"}})
	from.act = func() {
		for id := range byte(3) {
			rec, err := to.Load(t.Context(), session.ID{id})
			rec.Value.Items = []string{"new"}
			if err = errors.Join(err, to.Save(t.Context(), &rec)); err != nil {
				t.Fatal(err)
			}
		}
		if err := from.Delete(t.Context(), session.ID{1}); err != nil {
			t.Fatal(err)
		}
		old, _ := from.Load(t.Context(), session.ID{2})
		old.Value.Items = []string{"older"}
		if err := from.Save(t.Context(), &old); err != nil {
			t.Fatal(err)
		}
	}
	n, err := stores.Copy[cart](t.Context(), from, to)
	if n != 0 || err != nil {
		t.Errorf("%d copied, %v", n, err)
	}
	for id, rec := range contents(t, to) {
		if len(rec.Value.Items) != 1 || rec.Value.Items[0] != "new" {
			t.Errorf("%s has %q", id, rec.Value.Items)
		}
	}
	if n := len(contents(t, to)); n != 3 {
		t.Errorf("%d sessions", n)
	}
}

// refusing is a store that does not take some sessions, or cannot read one.
type refusing struct {
	*memstore.Store[cart]
	save func(session.ID) error
	all  error
}

func (r refusing) Save(ctx context.Context, rec *session.Record[cart]) error {
	if r.save != nil {
		if err := r.save(rec.ID); err != nil {
			return err
		}
	}
	return r.Store.Save(ctx, rec)
}

func (r refusing) All(ctx context.Context) iter.Seq2[session.Record[cart], error] {
	return func(yield func(session.Record[cart], error) bool) {
		if r.all == nil || yield(session.Record[cart]{}, r.all) {
			r.Store.All(ctx)(yield)
		}
	}
}

func TestCopyReportsWhatItCannotCopy(t *testing.T) {
	down := errors.New("down")
	for name, test := range map[string]struct {
		all    error
		save   func(session.ID) error
		want   error
		copied int
	}{
		"an unreadable session": {all: &session.DecodeError{ID: session.ID{7}, Err: session.ErrNewer}, want: session.ErrNewer, copied: 2},
		"one too large": {want: session.ErrTooLarge, copied: 1, save: func(id session.ID) error {
			if id == (session.ID{1}) {
				return session.ErrTooLarge
			}
			return nil
		}},
		"the other store is down": {want: session.ErrUnavailable, save: func(session.ID) error { return down }},
		"the store is down":       {want: session.ErrUnavailable, all: down},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := refusing{Store: memstore.New[cart](nil), all: test.all}, refusing{Store: memstore.New[cart](nil), save: test.save}
			stash(t, from.Store, 1, cart{Customer: "ada"})
			stash(t, from.Store, 2, cart{Customer: "ada"})
			n, err := stores.Copy[cart](t.Context(), from, to)
			if n != test.copied || !errors.Is(err, test.want) {
				t.Errorf("%d copied, %v", n, err)
			}
		})
	}
	bare := struct{ session.Store[cart] }{memstore.New[cart](nil)}
	if _, err := stores.Copy[cart](t.Context(), bare, bare); !errors.Is(err, session.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
