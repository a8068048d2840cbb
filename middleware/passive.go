package middleware

import "net/http"

// Passive returns a handler whose requests do not count as use of their sessions, with
// every manager around it. A page that asks it again and again does not keep the
// visitor logged in:
//
//	mux.Handle("GET /time-left", middleware.Passive(middleware.Handle(timeLeft)))
//
// See [session.Session.SetPassive]. [Options].Passive does the same by the request.
func Passive(h http.Handler) http.Handler {
	if h == nil {
		panic("sessions: Passive: the handler is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for l := innermost(r.Context()); l != nil; l = l.next() {
			l.setPassive()
		}
		h.ServeHTTP(w, r)
	})
}

func (x *response[T]) setPassive() {
	x.mu.Lock()
	x.passive = true
	s := x.use.session
	x.mu.Unlock()
	if s != nil {
		s.SetPassive(true)
	}
}
