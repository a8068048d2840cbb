package memstore

// A queue is a heap of items by the time at which to look at them. That is never
// after the time at which they end, but may be before it: a touch mostly puts the
// end off, and the heap need not know until it comes to that item.
type queue[I item] struct{ heap array[place[I]] }

// An item has an end, in Unix milliseconds, and keeps where it is in its queue.
type item interface {
	end() int64
	index() *int32
}

type place[I item] struct {
	at   int64
	item I
}

func (q *queue[I]) len() int { return q.heap.len }

func (q *queue[I]) push(x I) {
	q.heap.push(place[I]{x.end(), x})
	q.up(q.heap.len - 1)
}

func (q *queue[I]) remove(x I) {
	i, last := int(*x.index()), q.heap.len-1
	moved := *q.heap.at(last)
	q.heap.pop()
	if i < last {
		q.set(i, moved)
		q.up(i)
		q.down(i)
	}
}

// advance moves x forward if it ends before it would be looked at.
func (q *queue[I]) advance(x I) {
	if p := q.heap.at(int(*x.index())); x.end() < p.at {
		p.at = x.end()
		q.up(int(*x.index()))
	}
}

// reposition moves x to where it ends.
func (q *queue[I]) reposition(x I) {
	i := int(*x.index())
	q.heap.at(i).at = x.end()
	q.up(i)
	q.down(int(*x.index()))
}

// first returns the item to look at first. The queue must not be empty.
func (q *queue[I]) first() I { return q.heap.at(0).item }

// due reports whether it is time to look at the first item.
func (q *queue[I]) due(now int64) bool { return q.heap.len > 0 && q.heap.at(0).at <= now }

func (q *queue[I]) up(i int) {
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

func (q *queue[I]) down(i int) {
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

func (q *queue[I]) set(i int, p place[I]) {
	*q.heap.at(i) = p
	*p.item.index() = int32(i)
}
