package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
)

type records = iter.Seq2[session.Record[cart], error]

// A listing store lists, and deletes, as its fields say. Delete ignores its context.
type listing struct {
	*store
	byOwner  func(ctx context.Context, owner string) records
	all      func(ctx context.Context) records
	deleting func(id session.ID) // is called before each Delete
}

func (l *listing) ByOwner(ctx context.Context, owner string) records {
	if l.byOwner != nil {
		return l.byOwner(ctx, owner)
	}
	return l.store.ByOwner(ctx, owner)
}

func (l *listing) All(ctx context.Context) records {
	if l.all != nil {
		return l.all(ctx)
	}
	return l.store.All(ctx)
}

func (l *listing) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	if l.deleting != nil {
		l.deleting(id)
	}
	return l.store.Delete(context.WithoutCancel(ctx), id, rev)
}

// seq yields a record, or an error, for each of the errors.
func seq(errs ...error) records {
	return func(yield func(session.Record[cart], error) bool) {
		for _, err := range errs {
			if !yield(session.Record[cart]{}, err) {
				return
			}
		}
	}
}

func TestListsWrapTheStoresErrors(t *testing.T) {
	t.Parallel()
	unreadable := &session.DecodeError{ID: session.ID{1}, Err: session.ErrNewer}
	broken := seq(nil, unreadable, errDown, nil)
	a := newApp(t, &listing{store: newStore(),
		byOwner: func(context.Context, string) records { return broken },
		all:     func(context.Context) records { return broken },
	}, nil)
	for name, list := range map[string]records{"ByOwner": a.ByOwner(t.Context(), "ada"), "All": a.All(t.Context())} {
		t.Run(name, func(t *testing.T) {
			var errs []error
			for _, err := range list {
				errs = append(errs, err)
			}
			if len(errs) != 3 || errs[0] != nil || errs[1] != unreadable {
				t.Fatalf("yields %v", errs)
			}
			if !errors.Is(errs[2], session.ErrUnavailable) || !errors.Is(errs[2], errDown) {
				t.Errorf("ends with %v", errs[2])
			}
		})
	}
}

// A bare store has no method but those of session.Store.
type bare struct{ session.Store[cart] }

func TestAStoreThatFindsNoOwners(t *testing.T) {
	t.Parallel()
	a := newApp(t, bare{newStore()}, nil)
	id := a.id(t, a.visit(t, cart{Customer: "ada"}))
	last := func(list records) (err error) {
		for _, err = range list {
		}
		return err
	}
	_, all := a.RevokeAll(t.Context(), "ada", "")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"ByOwner":   {last(a.ByOwner(t.Context(), "ada")), "middleware_test.bare does not find sessions by owner"},
		"RevokeAll": {all, "middleware_test.bare does not find sessions by owner"},
		"All":       {last(a.All(t.Context())), "middleware_test.bare does not list sessions"},
	} {
		if !errors.Is(test.err, session.ErrUnsupported) || !strings.Contains(fmt.Sprint(test.err), test.want) {
			t.Errorf("%s returned %v", name, test.err)
		}
	}
	if err := a.Revoke(t.Context(), "ada", id, ""); err != nil {
		t.Errorf("Revoke, which needs the session only: %v", err)
	}
}

// newer makes the store say that a newer version wrote every record.
func newer(st *listing, id session.ID) {
	st.fail("Load", &session.DecodeError{ID: id, Err: session.ErrNewer})
	st.byOwner = func(ctx context.Context, owner string) records {
		return func(yield func(session.Record[cart], error) bool) {
			for rec := range st.store.ByOwner(ctx, owner) {
				if !yield(session.Record[cart]{}, &session.DecodeError{ID: rec.ID, Err: session.ErrNewer}) {
					return
				}
			}
		}
	}
}

func TestRevokingNeedsNoDecoding(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(a *app, id session.ID) error{
		"Revoke": func(a *app, id session.ID) error { return a.Revoke(t.Context(), "ada", id, "") },
		"RevokeAll": func(a *app, id session.ID) error {
			n, err := a.RevokeAll(t.Context(), "ada", "")
			if n != 1 {
				t.Errorf("RevokeAll counts %d", n)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := &listing{store: newStore()}
			a := newApp(t, st, nil)
			id := a.id(t, a.visit(t, cart{Customer: "ada"}))
			a.kinds()
			newer(st, id)
			if err := a.Revoke(t.Context(), "eve", id, ""); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("by another: %v", err)
			}
			if err := revoke(a, id); err != nil || st.live(t) != 0 {
				t.Errorf("%v, %d live", err, st.live(t))
			}
			if kinds := a.kinds(); !slices.Equal(kinds, []session.EventKind{session.EventRevoked}) {
				t.Errorf("events %v", kinds)
			}
		})
	}
}

// A session that ends by itself just before it would be revoked has ended, and was
// not revoked.
func TestRevokingASessionThatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	for _, readable := range []bool{true, false} {
		for name, revoke := range map[string]func(a *app, id session.ID) (int, error){
			"Revoke":    func(a *app, id session.ID) (int, error) { return 0, a.Revoke(t.Context(), "ada", id, "") },
			"RevokeAll": func(a *app, _ session.ID) (int, error) { return a.RevokeAll(t.Context(), "ada", "") },
		} {
			t.Run(fmt.Sprintf("%s, readable %v", name, readable), func(t *testing.T) {
				st := &listing{store: newStore()}
				a := newApp(t, st, nil)
				id := a.id(t, a.visit(t, cart{Customer: "ada"}))
				a.kinds()
				if !readable {
					newer(st, id)
				}
				st.deleting = func(id session.ID) { st.store.Delete(t.Context(), id, 0) }
				if n, err := revoke(a, id); n != 0 || err != nil {
					t.Error(n, err)
				}
				if kinds := a.kinds(); len(kinds) > 0 {
					t.Errorf("events %v", kinds)
				}
			})
		}
	}
}

// RevokeAll gives up with its context, whatever the store does, and looks once: it does
// not chase log-ins that come later.
func TestRevokeAllEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st := &listing{store: newStore()}
	a := newApp(t, st, nil)
	for range 5 {
		a.visit(t, cart{Customer: "ada"})
	}
	deletes := 0
	st.deleting = func(session.ID) {
		if deletes++; deletes == 3 {
			cancel()
		}
	}
	n, err := a.RevokeAll(ctx, "ada", "")
	if n != deletes || deletes != 3 || !errors.Is(err, context.Canceled) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%d of %d, %v", n, deletes, err)
	}
	st.deleting = func(session.ID) { a.visit(t, cart{Customer: "ada"}) }
	if n, err := a.RevokeAll(t.Context(), "ada", ""); n != 2 || err != nil || st.live(t) != 2 {
		t.Errorf("against endless log-ins: %d, %v", n, err)
	}
}
