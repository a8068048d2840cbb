package memstore

// chunkLen is how many elements of an array are in one chunk.
const chunkLen = 256

// An array is a list that grows and shrinks at its end. It is made of chunks, so
// that neither copies more than one chunk and the list of chunks.
type array[E any] struct {
	chunks [][]E
	len    int
}

func (a *array[E]) at(i int) *E { return &a.chunks[i/chunkLen][i%chunkLen] }

func (a *array[E]) push(e E) {
	c := a.len / chunkLen
	if c == len(a.chunks) {
		var chunk []E
		if c > 0 { // the first one stays small in a small store
			chunk = make([]E, 0, chunkLen)
		}
		a.chunks = append(a.chunks, chunk)
	}
	a.chunks[c] = append(a.chunks[c], e)
	a.len++
}

// pop removes the last element. An empty chunk goes when the one before it is half
// empty: an array whose length goes up and down must not allocate each time.
func (a *array[E]) pop() {
	a.len--
	c, i := a.len/chunkLen, a.len%chunkLen
	clear(a.chunks[c][i:]) // lets go of the memory that the element leads to
	a.chunks[c] = a.chunks[c][:i]
	if last := len(a.chunks) - 1; last > c && i < chunkLen/2 {
		a.chunks[last] = nil
		a.chunks = a.chunks[:last]
	}
}
