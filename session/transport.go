package session

import (
	"context"

	"github.com/seed48429006/sessions/internal/hooks"
)

// Token returns the secret that gives access to the session, and whether there
// is one. A new or destroyed session has none. Token is for transports.
//
// After a commit that failed in the middle of a renewal, it is the new token.
// The new record is known to be stored, and the old one may be retired.
func (s *Session[T]) Token() (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.token
	if s.renewal != nil {
		token = s.renewal.token
	}
	return token, !token.IsZero()
}

// A hooked session has the methods of [hooks.Session].
type hooked[T any] Session[T]

func (s *Session[T]) hooks() hooks.Session { return (*hooked[T])(s) }

func init() {
	hooks.Of = func(s any) hooks.Session { return s.(interface{ hooks() hooks.Session }).hooks() }
}

func (h *hooked[T]) Detach(ctx context.Context) error {
	s := (*Session[T])(h)
	s.setLate(true)
	if err := s.committing.enter(ctx); err != nil {
		return err
	}
	s.committing.leave()
	return nil
}

func (h *hooked[T]) Attach() { (*Session[T])(h).setLate(false) }

func (s *Session[T]) setLate(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = late
}

func (h *hooked[T]) Settled() bool { return (*Session[T])(h).settled() }

func (s *Session[T]) settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.pending() && s.provision == nil && !s.committing.busy()
}

// pending reports whether there is something to carry out. The caller holds mu.
func (s *Session[T]) pending() bool {
	return s.draft != nil || s.ending != nil || s.renewal != nil || !s.gone && s.touchDue()
}

func (h *hooked[T]) Committing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.provision != nil || h.committing.busy()
}
