package memstore

import (
	"hash/maphash"
	"sync"
)

// owners finds the live entries of an owner, in all shards. An owner's entries are
// one list under one lock, so that it can be seen as it is at one moment. Shards
// link and unlink entries while they hold their own lock.
//
// A list costs an entry two words. A set would cost several hundred bytes for
// one entry, and most owners have one. The empty owner is not in it.
type owners[T any] [64]ownersPart[T]

// An ownersPart has the owners whose hashes share a few bits.
type ownersPart[T any] struct {
	mu    sync.RWMutex
	lists table[T, byOwner[T]] // the first entry of each owner
	_     [64]byte             // keeps one part's lock out of the next one's cache line
}

// byOwner are the links of a part's table.
type byOwner[T any] struct{}

func (byOwner[T]) hash(e *entry[T]) uint64     { return hashOwner(e.owner) }
func (byOwner[T]) next(e *entry[T]) **entry[T] { return &e.link }

var seed = maphash.MakeSeed()

func hashOwner(owner string) uint64 { return maphash.String(seed, owner) }

func (o *owners[T]) part(hash uint64) *ownersPart[T] { return &o[hash>>58] }

func (p *ownersPart[T]) first(hash uint64, owner string) *entry[T] {
	for e := p.lists.first(hash); e != nil; e = e.link {
		if e.owner == owner {
			return e
		}
	}
	return nil
}

// list returns an owner's entries. Their shards may change them at the same time.
func (o *owners[T]) list(owner string) (found []*entry[T]) {
	if owner == "" {
		return nil
	}
	hash := hashOwner(owner)
	p := o.part(hash)
	p.mu.RLock()
	defer p.mu.RUnlock()
	for e := p.first(hash, owner); e != nil; e = e.next {
		found = append(found, e)
	}
	return found
}

// link adds e to its owner's list.
func (o *owners[T]) link(e *entry[T]) {
	if e.owner == "" {
		return
	}
	hash := hashOwner(e.owner)
	p := o.part(hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.first(hash, e.owner)
	if first == nil {
		e.first = true
		p.lists.add(e)
		return
	}
	e.owner = first.owner // one copy of the name is enough
	e.link, e.next, first.next = first, first.next, e
	if e.next != nil {
		e.next.link = e
	}
}

// unlink removes e from its owner's list.
func (o *owners[T]) unlink(e *entry[T]) {
	if e.owner == "" {
		return
	}
	p := o.part(hashOwner(e.owner))
	p.mu.Lock()
	defer p.mu.Unlock()
	switch second := e.next; {
	case !e.first:
		e.link.next = second
		if second != nil {
			second.link = e.link
		}
	case second != nil:
		second.first = true
		p.lists.replace(e, second)
	default:
		p.lists.remove(e)
	}
	e.first, e.link, e.next = false, nil, nil
}
