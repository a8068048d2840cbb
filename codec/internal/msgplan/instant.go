package msgplan

import (
	"time"
	"unsafe"
)

// An instant is the node of time.Time. It is stored as MessagePack's timestamp: an
// extension of 4 bytes for seconds alone, of 8 until the year 2514, else of 12.
type instant struct{}

const (
	timestamp   = 0xff // the type of the extension
	secondsBits = 34   // for the seconds in 8 bytes
)

func (instant) encode(w *writer, p unsafe.Pointer, _ int) bool {
	t := (*time.Time)(p)
	seconds, nanos := uint64(t.Unix()), uint64(t.Nanosecond())
	switch both := nanos<<secondsBits | seconds; {
	case seconds>>secondsBits != 0:
		w.out = append(w.out, codeExt8, 12, timestamp)
		w.big(4, nanos)
		w.big(8, seconds)
	case both>>32 != 0:
		w.out = append(w.out, codeFixExt8, timestamp)
		w.big(8, both)
	default:
		w.out = append(w.out, codeFixExt4, timestamp)
		w.big(4, both)
	}
	return true
}

func (instant) decode(r *reader, p unsafe.Pointer, _ int) bool {
	c, _ := r.code()
	size := uint64(4)
	switch c {
	case codeFixExt4:
	case codeFixExt8:
		size = 8
	case codeExt8:
		size, _ = r.fixed(1)
	default:
		return false
	}
	if kind, ok := r.code(); !ok || kind != timestamp {
		return false
	}
	seconds, nanos := uint64(0), uint64(0)
	ok := true
	switch size {
	case 4:
		seconds, ok = r.fixed(4)
	case 8:
		seconds, ok = r.fixed(8)
		seconds, nanos = seconds&(1<<secondsBits-1), seconds>>secondsBits
	case 12:
		nanos, _ = r.fixed(4)
		seconds, ok = r.fixed(8)
	default:
		return false
	}
	*(*time.Time)(p) = time.Unix(int64(seconds), int64(nanos)).UTC()
	return ok
}
