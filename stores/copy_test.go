package stores_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
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
		Secrets: session.NewSecrets(session.NewToken(session.ID{id})), Deadline: at.Add(2 * time.Hour), Expires: at.Add(time.Hour), Remembered: true, Value: c}
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
		must(t,
			from.Save(ctx, &recs[0]),
			from.Touch(ctx, recs[1].ID, recs[1].Revision, recs[1].Expires.Add(time.Minute)),
			from.Delete(ctx, recs[2].ID, 0),
		)
		stash(t, from, 9, cart{"eve", nil})
	}
	for range 2 { // a second time changes nothing
		n, err := stores.Copy[cart](t.Context(), from, to)
		if diff := difference(contents(t, from), contents(t, to)); diff != "" || err != nil || n != 6 {
			t.Errorf("%d copied, %v (-want +got):\n%s", n, err, diff)
		}
	}
}

// Whatever happens to a session while it is copied, it is copied, ended or reported.
func TestCopyMeanwhile(t *testing.T) {
	ctx := context.Background()
	type pair struct {
		from, to *memstore.Store[cart]
		rec      session.Record[cart] // the one that was copied in the first pass
	}
	for name, test := range map[string]struct {
		act    func(*testing.T, *pair)
		copied int
		want   error
	}{
		"it is used": {func(t *testing.T, p *pair) {
			must(t, p.from.Touch(ctx, p.rec.ID, p.rec.Revision, p.rec.Expires.Add(time.Minute)))
		}, 2, nil},
		"its deadline comes": {func(*testing.T, *pair) { time.Sleep(3 * time.Hour) }, 0, nil},
		"it ends":            {func(t *testing.T, p *pair) { must(t, p.from.Delete(ctx, p.rec.ID, 0)) }, 1, nil},
		"the copy ends":      {func(t *testing.T, p *pair) { must(t, p.to.Delete(ctx, p.rec.ID, 0)) }, 1, stores.ErrDiffers},
		"the copy is prolonged": {func(t *testing.T, p *pair) {
			copied, err := p.to.Load(ctx, p.rec.ID)
			must(t, err, p.to.Touch(ctx, copied.ID, copied.Revision, copied.Expires.Add(time.Minute)))
		}, 1, stores.ErrDiffers},
		"the copy changes": {func(t *testing.T, p *pair) {
			copied, err := p.to.Load(ctx, p.rec.ID)
			must(t, err, p.to.Save(ctx, &copied))
		}, 1, stores.ErrDiffers},
		"both change, the copy last": {func(t *testing.T, p *pair) {
			copied, err := p.to.Load(ctx, p.rec.ID)
			p.rec.Expires = p.rec.Expires.Add(time.Minute)
			copied.Expires = copied.Expires.Add(time.Hour)
			must(t, err, p.to.Save(ctx, &copied), p.from.Save(ctx, &p.rec))
		}, 1, stores.ErrDiffers},
		"both change, the copy first": {func(t *testing.T, p *pair) {
			copied, err := p.to.Load(ctx, p.rec.ID)
			p.rec.Expires = p.rec.Expires.Add(time.Minute)
			must(t, err, p.to.Save(ctx, &copied), p.from.Save(ctx, &p.rec))
		}, 2, nil},
		"one is created in the copy": {func(t *testing.T, p *pair) { stash(t, p.to, 9, cart{}) }, 2, stores.ErrDiffers},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pair{from: memstore.New[cart](nil), to: memstore.New[cart](nil)}
				stash(t, p.from, 1, cart{"bob", nil})
				p.rec = stash(t, p.from, 2, cart{"ada", []string{"tea"}})
				n, err := stores.Copy[cart](t.Context(), &meanwhile{p.from, func() { test.act(t, p) }}, p.to)
				if n != test.copied || !errors.Is(err, test.want) {
					t.Errorf("%d copied, %v, want %d and %v", n, err, test.copied, test.want)
				}
				if diff := difference(contents(t, p.from), contents(t, p.to)); test.want == nil && diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// saving is a store that cannot be listed, and lets time pass before some saves.
type saving struct {
	session.Store[cart]
	before func(*session.Record[cart])
}

func (s saving) Save(ctx context.Context, rec *session.Record[cart]) error {
	s.before(rec)
	return s.Store.Save(ctx, rec)
}

// A session whose deadline was brought nearer, and comes while it is copied again, does
// not live on in the copy until the deadline that it had.
func TestCopyWhenANearerDeadlineComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := memstore.New[cart](nil), memstore.New[cart](nil)
		rec := stash(t, from, 1, cart{"ada", nil})
		stash(t, from, 2, cart{"bob", nil})
		shorten := func() {
			rec.Deadline = time.Now().Add(time.Minute)
			rec.Expires = rec.Deadline
			must(t, from.Save(t.Context(), &rec))
		}
		slow := saving{to, func(written *session.Record[cart]) {
			if written.ID == rec.ID && written.Deadline.Equal(rec.Deadline) && rec.Expires.Equal(rec.Deadline) {
				time.Sleep(2 * time.Minute)
			}
		}}
		n, err := stores.Copy[cart](t.Context(), &meanwhile{from, shorten}, slow)
		if n != 1 || err != nil {
			t.Errorf("%d copied, %v", n, err)
		}
		if diff := difference(contents(t, from), contents(t, to)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// A second Copy takes over what was used since the first, and reports what has ended.
func TestCopyAgain(t *testing.T) {
	from, to := memstore.New[cart](nil), memstore.New[cart](nil)
	used, ended := stash(t, from, 1, cart{"ada", nil}), stash(t, from, 2, cart{"ada", nil})
	if n, err := stores.Copy[cart](t.Context(), from, to); n != 2 || err != nil {
		t.Fatalf("%d copied, %v", n, err)
	}
	used.Value.Items, used.Expires = []string{"tea"}, used.Expires.Add(time.Second)
	must(t, from.Save(t.Context(), &used))
	if n, err := stores.Copy[cart](t.Context(), from, to); n != 2 || err != nil {
		t.Errorf("%d copied, %v", n, err)
	}
	if diff := difference(contents(t, from), contents(t, to)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	must(t, from.Delete(t.Context(), ended.ID, 0))
	n, err := stores.Copy[cart](t.Context(), from, to)
	if n != 1 || !errors.Is(err, stores.ErrDiffers) || !strings.Contains(err.Error(), ended.ID.String()) {
		t.Errorf("after a log-out: %d copied, %v", n, err)
	}
	bare := struct{ session.Store[cart] }{memstore.New[cart](nil)} // which cannot be listed
	if n, err := stores.Copy[cart](t.Context(), from, bare); n != 1 || err != nil {
		t.Errorf("to a store without lists: %d copied, %v", n, err)
	}
}

// A session that the other store has is not overwritten if it was used there last.
func TestCopyLeavesOthersAlone(t *testing.T) {
	from, to := memstore.New[cart](nil), memstore.New[cart](nil)
	stash(t, from, 1, cart{"ada", []string{"old"}})
	rec := stash(t, to, 1, cart{"ada", []string{"new"}})
	rec.Expires = rec.Expires.Add(time.Second)
	must(t, to.Save(t.Context(), &rec))
	other := stash(t, to, 2, cart{"bob", nil})
	if n, err := stores.Copy[cart](t.Context(), from, to); n != 0 || !errors.Is(err, stores.ErrDiffers) {
		t.Errorf("%d copied, %v", n, err)
	}
	rec.Revision, other.Revision = 0, 0
	if diff := difference(map[session.ID]session.Record[cart]{rec.ID: rec, other.ID: other}, contents(t, to)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A store whose sessions change in each pass is not copied.
func TestCopyThatNeverEnds(t *testing.T) {
	from, to := &meanwhile{Store: memstore.New[cart](nil)}, memstore.New[cart](nil)
	rec := stash(t, from, 1, cart{"ada", nil})
	var change func()
	change = func() {
		rec.Value.Items = append(slices.Clip(rec.Value.Items), "tea")
		must(t, from.Save(t.Context(), &rec))
		from.act = change
	}
	from.act = change
	if _, err := stores.Copy[cart](t.Context(), from, to); !errors.Is(err, stores.ErrDiffers) {
		t.Errorf("got the error %v", err)
	}
}

// A session that is there already, with another value of any field, is replaced or reported.
func TestCopyComparesEveryField(t *testing.T) {
	for i, field := range reflect.VisibleFields(reflect.TypeFor[session.Record[cart]]()) {
		if field.Name == "ID" || field.Name == "Revision" { // a store's own
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			from, to := memstore.New[cart](nil), memstore.New[cart](nil)
			rec := stash(t, from, 1, cart{"ada", nil})
			other := rec
			other.Revision = 0
			alter(t, reflect.ValueOf(&other).Elem().Field(i).Addr().Interface())
			must(t, to.Save(t.Context(), &other))
			_, err := stores.Copy[cart](t.Context(), from, to)
			if got := contents(t, to)[rec.ID]; err == nil && difference(contents(t, from)[rec.ID], withRevision(got, rec.Revision)) != "" {
				t.Errorf("the copy has another %s, and Copy returned no error", field.Name)
			}
		})
	}
}

func withRevision(rec session.Record[cart], rev session.Revision) session.Record[cart] {
	rec.Revision = rev
	return rec
}

// alter gives a field of a record another value.
func alter(t *testing.T, field any) {
	t.Helper()
	switch f := field.(type) {
	case *string:
		*f += "x"
	case *bool:
		*f = !*f
	case *time.Time:
		*f = f.Add(time.Minute)
	case *session.Secrets:
		*f = session.NewSecrets(session.NewToken(session.NewID()))
	case *cart:
		f.Items = []string{"other"}
	default:
		t.Fatalf("alter a %T too", field)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func difference(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b session.Secrets) bool { return a == b }))
}

// refusing is a store that does not take some sessions, or cannot read one.
type refusing struct {
	*memstore.Store[cart]
	save  func(session.ID) error
	all   error
	later error // for the later iterations
	begun int
}

func (r *refusing) Save(ctx context.Context, rec *session.Record[cart]) error {
	if r.save != nil {
		if err := r.save(rec.ID); err != nil {
			return err
		}
	}
	return r.Store.Save(ctx, rec)
}

func (r *refusing) All(ctx context.Context) iter.Seq2[session.Record[cart], error] {
	return func(yield func(session.Record[cart], error) bool) {
		if r.begun++; r.begun > 1 && r.later != nil {
			r.all = r.later
		}
		unreadable, _ := errors.AsType[*session.DecodeError](r.all)
		if r.all != nil && !yield(session.Record[cart]{}, r.all) {
			return
		}
		for rec, err := range r.Store.All(ctx) {
			if unreadable != nil && rec.ID == unreadable.ID {
				continue
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func TestCopyReportsWhatItCannotCopy(t *testing.T) {
	down := errors.New("down")
	for name, test := range map[string]struct {
		all    error
		later  error // from the second pass on
		save   func(session.ID) error
		want   error
		copied int
	}{
		"an unreadable session":             {all: &session.DecodeError{ID: session.ID{7}, Err: session.ErrNewer}, want: session.ErrNewer, copied: 2},
		"a session that becomes unreadable": {want: session.ErrNewer, copied: 1, later: &session.DecodeError{ID: session.ID{1}, Err: session.ErrNewer}},
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
			from, to := &refusing{Store: memstore.New[cart](nil), all: test.all, later: test.later}, &refusing{Store: memstore.New[cart](nil), save: test.save}
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
