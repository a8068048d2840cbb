package session

import "context"

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

// Detach states that the client can no longer be told of a new token. A commit
// that needs one then fails with [ErrLate]. Other changes and Destroy work as
// before.
//
// Detach waits for a commit in progress, so that [Session.Token] is final when
// it returns nil. If ctx is done first, it returns [ErrUnavailable]. Detach is
// for transports.
func (s *Session[T]) Detach(ctx context.Context) error {
	s.setLate(true)
	if err := s.committing.enter(ctx); err != nil {
		return err
	}
	s.committing.leave()
	return nil
}

// Attach undoes [Session.Detach].
func (s *Session[T]) Attach() { s.setLate(false) }

func (s *Session[T]) setLate(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = late
}

// Settled reports whether [Session.Commit] would have nothing to do. It is for
// transports, which need no context then.
func (s *Session[T]) Settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.pending() && s.provision == nil && !s.committing.busy()
}

// pending reports whether there is something to carry out. The caller holds mu.
func (s *Session[T]) pending() bool {
	return s.draft != nil || s.ending != nil || s.renewal != nil || !s.gone && s.touchDue()
}

// Committing reports whether a commit, or the transaction of the last one, is not
// known to be over: the session may be about to get another ID. It is for code that
// follows [Session.ID], such as middleware.Manager.Watch.
func (s *Session[T]) Committing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.provision != nil || s.committing.busy()
}
