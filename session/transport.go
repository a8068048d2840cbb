package session

import (
	"context"

	"github.com/seed48429006/sessions/internal/hooks"
)

// A hooked session has the methods of [hooks.Session].
type hooked[T any] Session[T]

func (s *Session[T]) hooks() hooks.Session { return (*hooked[T])(s) }

func init() {
	hooks.Of = func(s any) hooks.Session { return s.(interface{ hooks() hooks.Session }).hooks() }
}

func (h *hooked[T]) Detach(ctx context.Context) error {
	s := (*Session[T])(h)
	s.setLate(true)
	if !s.gate.busy() {
		return nil
	}
	return StoreError(s.within(ctx, func() {}))
}

func (h *hooked[T]) Attach() { (*Session[T])(h).setLate(false) }

func (s *Session[T]) setLate(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = late
}

func (h *hooked[T]) Abandon() {
	s := (*Session[T])(h)
	s.mu.Lock()
	s.late, s.abandoned = true, true
	s.mu.Unlock()
	if s.gate.tryEnter() {
		s.dropAbandoned()
		s.gate.leave()
	}
}

func (h *hooked[T]) Settled() bool { return (*Session[T])(h).settled() }

func (h *hooked[T]) Committing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.joined != nil || h.gate.busy()
}

func (h *hooked[T]) News() hooks.News {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone || h.news == hooks.NewToken && h.kind != current { // a former one would overwrite its successor
		return hooks.NoNews
	}
	return h.news
}

func (h *hooked[T]) Revision() uint64 { return uint64((*Session[T])(h).record().Revision) }

func (h *hooked[T]) Renewals() uint32 { return (*Session[T])(h).record().Secrets.Renewals() }
