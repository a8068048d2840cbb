package memstore

// A queue is a heap of entries by the time at which to look at them. That is never
// after the time by which they are ordered, but may be before it: a use mostly puts an
// entry off, and the heap need not know until it comes to that entry.
type queue[T any, O order[T]] struct {
	order O
	heap  array[place[T]]
}

// An order compares the entries of a queue, and says where an entry keeps its place in
// it.
type order[T any] interface {
	at(*entry[T]) int64
	pos(*entry[T]) *int32
}

type place[T any] struct {
	at    int64
	entry *entry[T]
}

func (q *queue[T, O]) len() int { return q.heap.len }

func (q *queue[T, O]) push(e *entry[T]) {
	q.heap.push(place[T]{q.order.at(e), e})
	q.up(q.heap.len - 1)
}

func (q *queue[T, O]) remove(e *entry[T]) {
	i, last := int(*q.order.pos(e)), q.heap.len-1
	moved := *q.heap.at(last)
	q.heap.pop()
	if i < last {
		q.set(i, moved)
		q.up(i)
		q.down(i)
	}
}

// advance moves e forward if it ends before it would be looked at.
func (q *queue[T, O]) advance(e *entry[T]) {
	if p := q.heap.at(int(*q.order.pos(e))); q.order.at(e) < p.at {
		p.at = q.order.at(e)
		q.up(int(*q.order.pos(e)))
	}
}

// reposition moves e to where it ends.
func (q *queue[T, O]) reposition(e *entry[T]) {
	i := int(*q.order.pos(e))
	q.heap.at(i).at = q.order.at(e)
	q.up(i)
	q.down(int(*q.order.pos(e)))
}

// first returns the entry to look at first. The queue must not be empty.
func (q *queue[T, O]) first() *entry[T] { return q.heap.at(0).entry }

// late reports whether the first entry is to be looked at later than the queue knows.
// The queue must not be empty.
func (q *queue[T, O]) late() bool {
	p := q.heap.at(0)
	return p.at < q.order.at(p.entry)
}

// due reports whether it is time to look at the first entry.
func (q *queue[T, O]) due(now int64) bool { return q.heap.len > 0 && q.heap.at(0).at <= now }

func (q *queue[T, O]) up(i int) {
	p := *q.heap.at(i)
	for i > 0 {
		parent := *q.heap.at((i - 1) / 2)
		if parent.at <= p.at {
			break
		}
		q.set(i, parent)
		i = (i - 1) / 2
	}
	q.set(i, p)
}

func (q *queue[T, O]) down(i int) {
	p := *q.heap.at(i)
	for 2*i+1 < q.heap.len {
		child := 2*i + 1
		if right := child + 1; right < q.heap.len && q.heap.at(right).at < q.heap.at(child).at {
			child = right
		}
		if q.heap.at(child).at >= p.at {
			break
		}
		q.set(i, *q.heap.at(child))
		i = child
	}
	q.set(i, p)
}

func (q *queue[T, O]) set(i int, p place[T]) {
	*q.heap.at(i) = p
	*q.order.pos(p.entry) = int32(i)
}
