package memstore

import "math/bits"

// A table finds nodes by a hash. It is a linear hash table: it has about a bucket
// for each node, and gains or loses single buckets as nodes come and go. Thus no
// call rebuilds the table, as a Go map does when it grows, and an emptied table is
// small, which a map is not.
//
// N is a pointer type, and nil is no node.
type table[N comparable, L links[N]] struct {
	links   L
	buckets array[N] // the first node of each
	len     int      // from 3/4 of the number of buckets to all of it
}

// links say how the nodes of a table are hashed and chained. The hashes' bits must
// look random.
type links[N any] interface {
	hash(N) uint64
	next(N) *N // the node after this one in the same bucket
}

// first returns the first of the nodes among which those with a hash are.
func (t *table[N, L]) first(hash uint64) (n N) {
	if t.buckets.len > 0 {
		n = *t.bucket(hash)
	}
	return n
}

func (t *table[N, L]) add(n N) {
	if t.len++; t.len > t.buckets.len {
		t.split()
	}
	t.insert(n)
}

func (t *table[N, L]) remove(n N) {
	var none N
	t.replace(n, none)
	for t.len--; t.len < t.buckets.len*3/4; { // at most twice
		t.join()
	}
}

// replace puts another node with the same hash in the place of old. If it is nil,
// old is only taken out.
func (t *table[N, L]) replace(old, other N) {
	var none N
	p := t.bucket(t.links.hash(old))
	for *p != old {
		p = t.links.next(*p)
	}
	following := *t.links.next(old)
	*t.links.next(old) = none
	if other != none {
		*t.links.next(other) = following
		following = other
	}
	*p = following
}

// split adds a bucket, which takes about half the nodes of another one.
func (t *table[N, L]) split() {
	var none N
	n := t.buckets.len
	t.buckets.push(none)
	if n > 0 {
		t.spread(t.buckets.at(parent(n)))
	}
}

// join removes the last bucket and puts its nodes into the one that was split for it.
func (t *table[N, L]) join() {
	nodes := *t.buckets.at(t.buckets.len - 1)
	t.buckets.pop()
	t.spread(&nodes)
}

// spread takes all nodes from a bucket and puts each where it belongs.
func (t *table[N, L]) spread(bucket *N) {
	var none N
	n := *bucket
	*bucket = none
	for n != none {
		next := *t.links.next(n)
		t.insert(n)
		n = next
	}
}

func (t *table[N, L]) insert(n N) {
	p := t.bucket(t.links.hash(n))
	*t.links.next(n) = *p
	*p = n
}

// bucket returns the bucket of a hash: the hash's lowest bits are its number. A
// bucket that is not there yet is still part of its parent.
func (t *table[N, L]) bucket(hash uint64) *N {
	n := t.buckets.len
	i := int(hash & (1<<bits.Len(uint(n-1)) - 1))
	if i >= n {
		i = parent(i)
	}
	return t.buckets.at(i)
}

// parent returns the bucket from which bucket i is split: i without its highest bit.
func parent(i int) int { return i &^ (1 << (bits.Len(uint(i)) - 1)) }
