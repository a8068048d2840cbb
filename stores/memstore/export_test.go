package memstore

import (
	"errors"
	"fmt"
)

// Check returns what is wrong with the store's structure, if anything is: with the
// tables, the queues and the owners' lists, none of which may be in use.
func (s *Store[T]) Check() error {
	listed := make(map[*entry[T]]bool)
	if err := s.owners.check(listed); err != nil {
		return err
	}
	owned := 0
	for i := range s.all() {
		sh := &s.shards[i]
		if err := sh.check(); err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		for _, e := range sh.appendEntries(nil) {
			if listed[e] != (e.owner != "") {
				return fmt.Errorf("entry of owner %q: in the owner's list: %v", e.owner, listed[e])
			}
			if e.owner != "" {
				owned++
			}
		}
	}
	if owned != len(listed) {
		return fmt.Errorf("owners have %d entries, shards have %d with an owner", len(listed), owned)
	}
	return nil
}

func (s *shard[T]) check() error {
	if err := checkQueue(&s.queue, s.max > 0); err != nil {
		return err
	}
	if err := errors.Join(checkQueue(&s.anonymous, false), checkQueue(&s.owned, false)); err != nil {
		return fmt.Errorf("by use: %w", err)
	}
	if n := s.anonymous.len() + s.owned.len(); n != s.queue.len() && s.max > 0 {
		return fmt.Errorf("%d entries in the queues by use, %d in the queue by end", n, s.queue.len())
	}
	if n := s.entries.len; n != s.queue.len() {
		return fmt.Errorf("%d entries, of which %d are in the queue", n, s.queue.len())
	}
	if n, b := s.entries.len, s.entries.buckets.len; n > b || n < b*3/4 {
		return fmt.Errorf("%d entries in %d buckets", n, b)
	}
	for _, e := range s.appendEntries(nil) {
		if s.entry(e.id) != e {
			return fmt.Errorf("an entry is not found by its ID")
		}
	}
	return nil
}

// checkQueue checks that a queue is a heap, and that no entry is late in it. In an
// exact one, none is early either.
func checkQueue[T any, O order[T]](q *queue[T, O], exact bool) error {
	for i := range q.len() {
		p := q.heap.at(i)
		switch {
		case i > 0 && q.heap.at((i-1)/2).at > p.at:
			return fmt.Errorf("place %d comes before its parent", i)
		case int(*q.order.pos(p.entry)) != i:
			return fmt.Errorf("place %d has an entry that is at %d", i, *q.order.pos(p.entry))
		case q.order.at(p.entry) < p.at, exact && q.order.at(p.entry) != p.at:
			return fmt.Errorf("place %d is at %d, its entry at %d", i, p.at, q.order.at(p.entry))
		}
	}
	if chunks := len(q.heap.chunks); chunks > q.len()/chunkLen+2 {
		return fmt.Errorf("%d chunks for %d places", chunks, q.len())
	}
	return nil
}

// check adds all entries to listed.
func (o *owners[T]) check(listed map[*entry[T]]bool) error {
	for i := range o {
		firsts := 0
		for b := range o[i].lists.buckets.len {
			for first := *o[i].lists.buckets.at(b); first != nil; first = first.link {
				firsts++
				if o.part(hashOwner(first.owner)) != &o[i] || o[i].first(hashOwner(first.owner), first.owner) != first {
					return fmt.Errorf("owner %q is not found", first.owner)
				}
				for e, prev := first, (*entry[T])(nil); e != nil; e, prev = e.next, e {
					if e.owner != first.owner || e.first != (e == first) || e != first && e.link != prev {
						return fmt.Errorf("an entry of %q is in the list of %q", e.owner, first.owner)
					}
					listed[e] = true
				}
			}
		}
		if t := &o[i].lists; firsts != t.len || t.len > t.buckets.len || t.len < t.buckets.len*3/4 {
			return fmt.Errorf("%d owners, %d counted, %d buckets", firsts, t.len, t.buckets.len)
		}
	}
	return nil
}
