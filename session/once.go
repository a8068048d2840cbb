package session

import "context"

// Once makes an edit and saves it at once, and returns the edit's result only if that
// succeeded. It is for a step that must work once: a checkout, the last page of a form, a
// code that is redeemed.
//
//	order, err := session.Once(ctx, cart, func(c *Cart) (Order, error) {
//		if len(c.Items) == 0 {
//			return Order{}, errEmpty
//		}
//		order := Order{Items: c.Items}
//		c.Items = nil
//		return order, nil
//	})
//
// If two requests do so at the same time, one gets the order and the other errEmpty:
// the edit runs again on the value that the first has saved, as with [Session.Update],
// and the last run's result counts. An edit that returns an error changes nothing.
//
// Changes that were made before are saved first. If that fails, they are still pending.
// If the edit fails or cannot be saved, it is dropped, so that the middleware does not
// save it later. The error is the edit's own, or an error of [Session.Commit]: after
// [ErrUnavailable] it is unknown whether the edit was saved. If the edit leaves the
// value as it was, nothing is written. Other goroutines must not change the session
// during the call, because their changes may be dropped too.
func Once[T, R any](ctx context.Context, s *Session[T], edit func(v *T) (R, error)) (R, error) {
	var none, result R
	var failed error
	if s.Modified() {
		if err := s.Commit(ctx); err != nil {
			return none, err
		}
	}
	if s.Gone() {
		return none, ErrGone
	}
	saved := false
	defer func() {
		if !saved { // also if the edit panicked
			s.Discard()
		}
	}()
	s.Update(func(v *T) {
		before := *s.plan.Copy(v)
		if result, failed = edit(v); failed != nil {
			*v = before
		}
	})
	if failed == nil {
		if err := s.Commit(ctx); err != nil {
			return none, err
		}
	}
	if failed != nil { // perhaps when it ran again
		return none, failed
	}
	saved = true
	return result, nil
}
