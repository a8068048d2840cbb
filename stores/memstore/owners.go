package memstore

import "maps"

// owners finds the live entries of one owner: the first one's prev and next
// lead to the others. A list costs an entry two words; a set would cost several
// hundred bytes for what mostly is one entry. The empty owner is not in it.
type owners[T any] map[string]*entry[T]

func (o owners[T]) link(e *entry[T]) {
	if e.owner == "" {
		return
	}
	if first := o[e.owner]; first != nil {
		e.owner = first.owner // one copy of the name is enough
		e.next, first.prev = first, e
	}
	o[e.owner] = e
}

func (o owners[T]) unlink(e *entry[T]) {
	switch {
	case e.owner == "":
		return
	case e.prev != nil:
		e.prev.next = e.next
	case e.next != nil:
		o[e.owner] = e.next
	default:
		delete(o, e.owner)
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
}

// clip returns a copy without the room that a larger map once needed.
func (o owners[T]) clip() owners[T] {
	small := make(owners[T], len(o))
	maps.Copy(small, o)
	return small
}
