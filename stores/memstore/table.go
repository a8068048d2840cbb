package memstore

import "math/bits"

// A table finds entries by a hash. It is a linear hash table: it has about a bucket
// for each entry, and gains or loses single buckets as entries come and go. Thus no
// call rebuilds the table, as a Go map does when it grows, and an emptied table is
// small, which a map is not.
type table[T any, L links[T]] struct {
	links   L
	buckets array[*entry[T]] // the first entry of each
	len     int              // from 3/4 of the number of buckets to all of it
}

// links say how the entries of a table are hashed and chained. The hashes' bits must
// look random.
type links[T any] interface {
	hash(*entry[T]) uint64
	next(*entry[T]) **entry[T] // the entry after this one in the same bucket
}

// first returns the first entry of a hash's bucket.
func (t *table[T, L]) first(hash uint64) (e *entry[T]) {
	if t.buckets.len > 0 {
		e = *t.bucket(hash)
	}
	return e
}

func (t *table[T, L]) add(e *entry[T]) {
	if t.len++; t.len > t.buckets.len {
		t.split()
	}
	t.insert(e)
}

func (t *table[T, L]) remove(e *entry[T]) {
	t.replace(e, nil)
	for t.len--; t.len < t.buckets.len*3/4; { // at most twice
		t.join()
	}
}

// replace puts another entry with the same hash in the place of old. If it is nil,
// old is only taken out.
func (t *table[T, L]) replace(old, other *entry[T]) {
	p := t.bucket(t.links.hash(old))
	for *p != old {
		p = t.links.next(*p)
	}
	following := *t.links.next(old)
	*t.links.next(old) = nil
	if other != nil {
		*t.links.next(other) = following
		following = other
	}
	*p = following
}

// split adds a bucket, which takes about half the entries of another one.
func (t *table[T, L]) split() {
	n := t.buckets.len
	t.buckets.push(nil)
	if n > 0 {
		t.spread(t.buckets.at(parent(n)))
	}
}

// join removes the last bucket and puts its entries into the one that was split for it.
func (t *table[T, L]) join() {
	entries := *t.buckets.at(t.buckets.len - 1)
	t.buckets.pop()
	t.spread(&entries)
}

// spread takes all entries from a bucket and puts each where it belongs.
func (t *table[T, L]) spread(bucket **entry[T]) {
	e := *bucket
	*bucket = nil
	for e != nil {
		next := *t.links.next(e)
		t.insert(e)
		e = next
	}
}

func (t *table[T, L]) insert(e *entry[T]) {
	p := t.bucket(t.links.hash(e))
	*t.links.next(e) = *p
	*p = e
}

// bucket returns the bucket of a hash: the hash's lowest bits are its number. A
// bucket that is not there yet is still part of its parent.
func (t *table[T, L]) bucket(hash uint64) **entry[T] {
	n := t.buckets.len
	i := int(hash & (1<<bits.Len(uint(n-1)) - 1))
	if i >= n {
		i = parent(i)
	}
	return t.buckets.at(i)
}

// parent returns the bucket from which bucket i is split: i without its highest bit.
func parent(i int) int { return i &^ (1 << (bits.Len(uint(i)) - 1)) }
