package memstore

import (
	"encoding/binary"
	"time"
)

// millis is a time in milliseconds since 1900, in six bytes instead of the 24 of a
// [time.Time]. They reach beyond the year 9999. The highest value is the zero time.
type millis [6]byte

const since1900 = 2_208_988_800_000 // to 1970

// never is the zero time, in Unix milliseconds.
var never = time.Time{}.UnixMilli()

// noMillis is the number of the zero time.
const noMillis = 1<<48 - 1

// millisOf returns a time given in Unix milliseconds.
func millisOf(unix int64) (m millis) {
	n := uint64(unix + since1900)
	if unix == never {
		n = noMillis
	}
	binary.LittleEndian.PutUint32(m[:4], uint32(n))
	binary.LittleEndian.PutUint16(m[4:], uint16(n>>32))
	return m
}

func (m *millis) number() uint64 {
	return uint64(binary.LittleEndian.Uint32(m[:4])) | uint64(binary.LittleEndian.Uint16(m[4:]))<<32
}

func (m *millis) isZero() bool { return m.number() == noMillis }

// unix returns the time in Unix milliseconds.
func (m *millis) unix() int64 {
	n := m.number()
	if n == noMillis {
		return never
	}
	return int64(n) - since1900
}

func (m *millis) time() time.Time { return time.UnixMilli(m.unix()).UTC() }
