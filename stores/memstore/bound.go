package memstore

// The methods in this file keep a bounded shard within its bound. For others they do
// nothing.

// tick is how many milliseconds a tick has, in which entries keep when they were used.
// Ticks last for eight years.
const tick = 64

// use notes that an entry is being used. The caller may hold the lock for reading.
func (s *shard[T]) use(e *entry[T], now int64) {
	if s.max <= 0 {
		return
	}
	at := uint32(max(now-s.began, 0) / tick)
	if e.used.Load() < at { // mostly not: requests that load one session must not wait for each other
		e.used.Store(at)
	}
}

// byUse returns e's queue: of the entries with an owner, or of the entries without.
func (s *shard[T]) byUse(e *entry[T]) *queue[T, byUse[T]] {
	if e.owner == "" {
		return &s.anonymous
	}
	return &s.owned
}

func (s *shard[T]) enqueue(e *entry[T]) {
	if s.max > 0 {
		s.byUse(e).push(e)
	}
}

func (s *shard[T]) dequeue(e *entry[T]) {
	if s.max > 0 {
		s.byUse(e).remove(e)
	}
}

// makeRoom removes an entry if the bound does not allow one more: one that has ended,
// or the longest unused without an owner, or the longest unused. It does so before
// that one is there.
func (s *shard[T]) makeRoom(now int64) {
	switch {
	case s.max <= 0 || s.queue.len() < s.max:
	case s.queue.due(now):
		s.reap(s.queue.first(), now)
	case s.anonymous.len() > 0:
		s.evict(&s.anonymous)
	default:
		s.evict(&s.owned)
	}
}

// evict removes the least recently used entry of a queue. On its way it puts entries in
// order that were used since it last came to them: their uses have paid for that.
func (s *shard[T]) evict(q *queue[T, byUse[T]]) {
	e := q.first()
	for ; q.late(); e = q.first() {
		q.reposition(e)
	}
	s.remove(e)
	s.evicted++
}
