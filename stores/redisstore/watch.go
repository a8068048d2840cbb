package redisstore

import "github.com/seed48429006/sessions/session"

// Watch calls changed when the session changes or ends, as [session.Watcher] says. With a
// [NearCache], the store learns of all changes at once, and calls changed also when Redis
// can tell of changes again after it could not. Otherwise ok is false, and the store
// tells of its own changes only. A manager learns of other processes' changes when it
// next asks, after its WatchInterval at most.
func (s *Store[T]) Watch(id session.ID, changed func()) (stop func(), ok bool) {
	stop = s.watchers.Add(id, changed)
	if s.near != nil {
		s.near.follow(id)
	}
	return stop, s.near != nil
}
