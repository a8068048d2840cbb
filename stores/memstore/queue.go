package memstore

// A queue is a heap of entries by the time at which to look at them. That is
// never after the time at which they expire, but may be before it: a touch only
// puts the end off, and the heap need not know until it comes to that entry.
type queue[T any] []place[T]

type place[T any] struct {
	at    int64
	entry *entry[T]
}

func (q *queue[T]) push(e *entry[T]) {
	*q = append(*q, place[T]{e.end(), e})
	e.pos = int32(len(*q) - 1)
	q.up(len(*q) - 1)
}

func (q *queue[T]) remove(e *entry[T]) {
	i, last := int(e.pos), len(*q)-1
	q.put(i, (*q)[last])
	(*q)[last] = place[T]{} // lets go of the entry
	*q = (*q)[:last]
	if i < last {
		q.up(i)
		q.down(i)
	}
}

// hurry moves e forward if it expires before it would be looked at.
func (q *queue[T]) hurry(e *entry[T]) {
	if p := &(*q)[e.pos]; e.end() < p.at {
		p.at = e.end()
		q.up(int(e.pos))
	}
}

// settle moves e, which is first, back to where it expires.
func (q *queue[T]) settle(e *entry[T]) {
	(*q)[0].at = e.end()
	q.down(0)
}

// due returns the first entry if it is time to look at it, else nil.
func (q *queue[T]) due(now int64) *entry[T] {
	if len(*q) == 0 || (*q)[0].at > now {
		return nil
	}
	return (*q)[0].entry
}

// soonest returns the entry that expires first. The queue must not be empty.
func (q *queue[T]) soonest() *entry[T] {
	for {
		first := (*q)[0]
		if first.at == first.entry.end() {
			return first.entry
		}
		q.settle(first.entry)
	}
}

func (q *queue[T]) up(i int) {
	p := (*q)[i]
	for i > 0 {
		parent := (i - 1) / 2
		if (*q)[parent].at <= p.at {
			break
		}
		q.put(i, (*q)[parent])
		i = parent
	}
	q.put(i, p)
}

func (q *queue[T]) down(i int) {
	p := (*q)[i]
	for {
		child := 2*i + 1
		if child >= len(*q) {
			break
		}
		if right := child + 1; right < len(*q) && (*q)[right].at < (*q)[child].at {
			child = right
		}
		if (*q)[child].at >= p.at {
			break
		}
		q.put(i, (*q)[child])
		i = child
	}
	q.put(i, p)
}

func (q *queue[T]) put(i int, p place[T]) {
	(*q)[i] = p
	p.entry.pos = int32(i)
}

// clip returns a copy without room to grow.
func (q queue[T]) clip() queue[T] { return append(make(queue[T], 0, len(q)), q...) }
