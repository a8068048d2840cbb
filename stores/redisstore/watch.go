package redisstore

import "github.com/seed48429006/sessions/session"

// Watch calls ended when the session changes or ends, as [session.Watcher] says,
// and when Redis can tell of changes again after it could not. It needs a
// [NearCache], by which the store learns of changes: otherwise ok is false.
func (s *Store[T]) Watch(id session.ID, ended func()) (stop func(), ok bool) {
	if s.near == nil {
		return nil, false
	}
	return s.near.watchers.Add(id, ended), true
}
