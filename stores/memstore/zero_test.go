package memstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// TestZeroStore makes each call the first one to a zero Store.
func TestZeroStore(t *testing.T) {
	var id session.ID
	for name, call := range map[string]func(context.Context, *memstore.Store[int]) error{
		"Load": func(ctx context.Context, s *memstore.Store[int]) error { _, err := s.Load(ctx, id); return err },
		"Exists": func(ctx context.Context, s *memstore.Store[int]) error {
			if live, err := s.Exists(ctx, id); live || err != nil {
				t.Errorf("Exists returned %v, %v", live, err)
			}
			return session.ErrNotFound
		},
		"Touch": func(ctx context.Context, s *memstore.Store[int]) error {
			return s.Touch(ctx, id, 1, time.Now().Add(time.Hour))
		},
		"Delete": func(ctx context.Context, s *memstore.Store[int]) error { return s.Delete(ctx, id, 0) },
		"ByOwner": func(ctx context.Context, s *memstore.Store[int]) error {
			for range s.ByOwner(ctx, "ada") {
				t.Error("ByOwner yields")
			}
			return session.ErrNotFound
		},
		"All": func(ctx context.Context, s *memstore.Store[int]) error {
			for range s.All(ctx) {
				t.Error("All yields")
			}
			return session.ErrNotFound
		},
		"Len": func(_ context.Context, s *memstore.Store[int]) error {
			if n := s.Len(); n != 0 {
				t.Errorf("Len returned %d", n)
			}
			return session.ErrNotFound
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(memstore.Store[int])
			if err := call(t.Context(), s); err != session.ErrNotFound {
				t.Errorf("the first call returned %v", err)
			}
			rec := save(t, s, 7, time.Hour)
			if got, err := s.Load(t.Context(), rec.ID); err != nil || got.Value != 7 {
				t.Errorf("afterwards, Load returned %v, %v", got, err)
			}
		})
	}
}
