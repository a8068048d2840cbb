package sessiontest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/probe"
	"github.com/seed48429006/sessions/session"
)

// reruns are commits whose edits are to run a second time.
type reruns[T any] struct {
	mu      sync.Mutex
	off     bool
	pending map[rerunKey]rerun[T]
}

// A rerunKey is the context of a commit and the session that it stores: a log-in may store
// a note beside it.
type rerunKey struct {
	ctx context.Context
	id  session.ID
}

// A rerun holds the value that the edits of a commit made the first time.
type rerun[T any] struct {
	base  session.Revision // of the value for the second time, which is the same
	value *T
}

// RunEditsOnce switches off that edits run twice: see [NewStore].
func (s *Store[T]) RunEditsOnce() {
	s.reruns.mu.Lock()
	defer s.reruns.mu.Unlock()
	s.reruns.off = true
}

// again lets a commit run its edits again before it saves, on the same value, as if
// another request had been first. The second time it compares the results. It returns
// nil if the record is to be saved.
func (s *Store[T]) again(ctx context.Context, rec *session.Record[T]) error {
	if !s.reruns.concern(ctx) || s.tb == nil || rec.Revision == 0 {
		return nil
	}
	key := rerunKey{ctx, rec.ID}
	if first, ran := s.reruns.take(key); ran {
		if first.base == rec.Revision && !alike(first.value, &rec.Value) {
			s.tb.Errorf("sessiontest: an edit of session %s gave another result when it ran again on the same value, as it does if another request is first: "+
				"it must change its argument only, and compute from it\n%s", rec.ID, difference(first.value, &rec.Value))
		}
		return nil
	}
	stored, err := s.mem.Load(context.Background(), rec.ID)
	if err != nil || stored.Revision != rec.Revision || deep.Of[T]().Equal(&stored.Value, &rec.Value) {
		return nil // another request was first indeed, or there is no edit
	}
	if err := s.mem.Save(context.Background(), &stored); err != nil {
		return nil
	}
	value := rec.Value // which is never written to
	s.reruns.mu.Lock()
	defer s.reruns.mu.Unlock()
	if s.reruns.pending == nil {
		s.reruns.pending = make(map[rerunKey]rerun[T])
	}
	s.reruns.pending[key] = rerun[T]{stored.Revision, &value}
	return session.ErrConflict
}

// concern reports whether a call of this context is the middleware's own, in a request
// that takes its turn with no others.
func (r *reruns[T]) concern(ctx context.Context) bool {
	if ctx.Value(unseen{}) != nil || ctx.Value(probe.Key{}) == nil || actorOf(ctx) != nil || !reflect.TypeOf(ctx).Comparable() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.off
}

func (r *reruns[T]) take(key rerunKey) (rerun[T], bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, ran := r.pending[key]
	delete(r.pending, key)
	return first, ran
}

// reloads reports whether a commit loads a record only to run its edits again.
func (r *reruns[T]) reloads(ctx context.Context, id session.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pending) == 0 || !reflect.TypeOf(ctx).Comparable() {
		return false
	}
	_, again := r.pending[rerunKey{ctx, id}]
	return again
}

// alike reports whether two results are the same, except for the moment that passed
// between them.
func alike[T any](first, second *T) (same bool) {
	if deep.Of[T]().Equal(first, second) {
		return true
	}
	defer func() { _ = recover() }() // cmp panics at unexported fields
	return cmp.Equal(first, second, cmpopts.EquateApproxTime(time.Second))
}

// difference shows how two results differ.
func difference[T any](first, second *T) (text string) {
	paths := slices.Clone(deep.Of[T]().Changes(first, second))
	text = "fields: " + strings.Join(paths, ", ")
	defer func() { _ = recover() }()
	return text + fmt.Sprintf("\n(-first +second)\n%s", cmp.Diff(first, second))
}
