package redisstore

import "github.com/seed48429006/sessions/session"

// Cached reports whether a copy of the record would be served. It reads nothing.
func (s *Store[T]) Cached(id session.ID) bool { return s.lookUp(id, anyone) != nil }
